namespace MeteringGateway.Core;

/// <summary>
/// Counters of a rating at one place of its walk. All begin with 0, so one that is not there yet is 0.
/// </summary>
internal sealed class Tally
{
    private long[] _counts;

    public Tally() => _counts = [];

    private Tally(long[] counts) => _counts = counts;

    public long this[int slot] => slot < _counts.Length ? _counts[slot] : 0;

    /// <exception cref="OverflowException">The sum leaves 64 bits (N1).</exception>
    public void Add(int slot, long amount)
    {
        if (slot >= _counts.Length) Array.Resize(ref _counts, Math.Max(slot + 1, _counts.Length * 3 / 2));
        _counts[slot] = checked(_counts[slot] + amount);
    }

    /// <summary>No slot from here on was counted in.</summary>
    public int Count => _counts.Length;

    public void Add(Shift shift)
    {
        foreach (var (slot, by) in shift.Moved) Add(slot, by);
    }

    public void Add(Tally other)
    {
        for (var slot = 0; slot < other.Count; slot++) if (other[slot] is not 0 and var more) Add(slot, more);
    }

    public Tally Copy() => new((long[])_counts.Clone());
}

/// <summary>What a counter of a <see cref="Tally"/> counts.</summary>
internal enum Counts : byte
{
    /// <summary>Rated units of a type.</summary>
    Units,
    /// <summary>Units, or millionths, used of a commitment.</summary>
    Commitment,
    /// <summary>Credits drawn from a grant.</summary>
    Grant,
    /// <summary>Units of a type that went on demand under a rule.</summary>
    Overage,
    /// <summary>Units, and millionths, that went on demand under one rule.</summary>
    RuleUnits, RuleAmount,
    /// <summary>Millionths charged in the scope of a cap on money; by day where the cap is.</summary>
    Cap,
}

/// <param name="Name">Type, grant, rule's owner or cap.</param>
/// <param name="Index">Commitment or day; of what went on demand under a type's own rule 1.</param>
internal readonly record struct Counter(Counts Kind, string Name, int Index = 0);

/// <summary>A line of a statement that units are counted on.</summary>
/// <param name="Price">Millionths a unit; by credits, the credits a unit.</param>
/// <param name="Overage">Under a rule.</param>
internal readonly record struct LineKey(string Type, Funding Source, long Price, bool Overage)
{
    public Amount UnitPrice => Source == Funding.Credits ? Amount.Zero : new Amount(Price);
    public Amount UnitCredits => Source == Funding.Credits ? new Amount(Price) : Amount.Zero;
}
