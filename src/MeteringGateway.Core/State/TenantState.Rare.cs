namespace MeteringGateway.Core;

/// <summary>What most tenants have nothing of at most times: one reference for all of it.</summary>
public sealed partial class TenantState
{
    private Rare? _rare;

    private Rare Rarely => _rare ??= new Rare();

    private sealed class Rare
    {
        public Dictionary<string, List<string>>? Aliases { get; set; }
        public Measures? Measured { get; set; }
        public DisputeBook? Contested { get; set; }
        public List<Outcome>? Departed { get; set; }
        public List<CapBook>? Loosened { get; set; }
        public Holding? HeldAsOf { get; set; }
        public SpendSum? SpentAsOf { get; set; }
        public ClosingWork? Closing { get; set; }
        public Instant QuietUntil { get; set; } = Instant.MinValue;
    }

    /// <summary>Ids of the outcomes that continue another one, by its id (O3). Derived.</summary>
    private Dictionary<string, List<string>>? Aliases
    {
        get => _rare?.Aliases;
        set => Rarely.Aliases = value;
    }

    /// <summary>Figures of quality and series; null: nothing was reported yet. Beside the canonical bytes.</summary>
    private Measures? Measured
    {
        get => _rare?.Measured;
        set => Rarely.Measured = value;
    }

    private DisputeBook? Contested
    {
        get => _rare?.Contested;
        set => Rarely.Contested = value;
    }

    /// <summary>Outcomes that the turn has sent to the archive.</summary>
    private List<Outcome>? Departed
    {
        get => _rare?.Departed;
        set => Rarely.Departed = value;
    }

    /// <summary>
    /// Caps that were taken away while they limited something: their resume is due in the same turn (S2).
    /// </summary>
    private List<CapBook>? Loosened
    {
        get => _rare?.Loosened;
        set => Rarely.Loosened = value;
    }

    /// <summary>With what is held, as last worked out. Derived.</summary>
    private Holding? HeldAsOf
    {
        get => _rare?.HeldAsOf;
        set => Rarely.HeldAsOf = value;
    }

    /// <summary>
    /// Nothing is due before then; long ago: to be worked out, as for every tenant that has nothing of all this.
    /// Derived.
    /// </summary>
    private Instant QuietUntil
    {
        get => _rare?.QuietUntil ?? Instant.MinValue;
        set
        {
            if (_rare is not null) _rare.QuietUntil = value;
        }
    }

    /// <summary>What the open period's outcomes come to, as of an entry. Derived.</summary>
    private SpendSum? SpentAsOf
    {
        get => _rare?.SpentAsOf;
        set => Rarely.SpentAsOf = value;
    }
}
