namespace MeteringGateway.Core;

/// <summary>
/// A lot of credits (F5). What of it the outcomes of open and settling periods hold is in their ratings.
/// </summary>
internal sealed class Grant
{
    /// <summary>A grant that lives longer is announced so long before it expires.</summary>
    public static readonly TimeSpan Notice = TimeSpan.FromDays(7);

    public required string Id { get; init; }
    public required GrantKind Kind { get; init; }
    public required Amount Amount { get; init; }
    public required int Priority { get; init; }
    public required Instant EffectiveAt { get; init; }
    public Instant? ExpiresAt { get; init; }
    public Amount? Price { get; init; }
    public string? Note { get; init; }
    public string? Key { get; init; }
    public string? From { get; init; }
    /// <summary>The pack that was bought (F9); null: it is none.</summary>
    public string? Pack { get; set; }
    /// <summary>Packs; 0 where it is none.</summary>
    public int Quantity { get; set; }
    public required Instant CreatedAt { get; init; }

    /// <summary>Millionths of credits that it may fund in all: as issued, less what was taken when it ended.</summary>
    public long Capacity { get; set; }
    /// <summary>Millionths that the outcomes of closed periods took.</summary>
    public long Spent { get; set; }
    public bool Ended { get; set; }
    public Instant? VoidedAt { get; set; }
    public bool Announced { get; set; }

    public Instant Until => ExpiresAt ?? Instant.MaxValue;
    public bool IsDone => Capacity == Spent;

    /// <summary>When its end is announced; null: it is not.</summary>
    public Instant? AnnouncedAt =>
        ExpiresAt is { } end && Kind is GrantKind.TopUp or GrantKind.Promotional or GrantKind.Rollover
            && end - EffectiveAt > Notice ? end - Notice : null;

    /// <summary>As it was when it was issued, whatever became of it.</summary>
    public GrantFigure AsIssued() => new(
        Id, Kind, Amount, Amount, Priority, EffectiveAt, ExpiresAt, Price, Note, CreatedAt, VoidedAt: null, From,
        Pack, Quantity);

    /// <summary>
    /// The order in which grants are spent (F5): priority, expiry, when they took effect, then as they were issued.
    /// </summary>
    public static int Order(Grant a, Grant b)
    {
        var order = a.Priority.CompareTo(b.Priority);
        if (order == 0) order = a.Until.CompareTo(b.Until);
        if (order == 0) order = a.EffectiveAt.CompareTo(b.EffectiveAt);
        return order != 0 ? order : Ids.Compare(a.Id, b.Id);
    }

    public static int PriorityOf(GrantKind kind) => kind switch
    {
        GrantKind.Plan => 10,
        GrantKind.Rollover => 20,
        GrantKind.Promotional => 30,
        _ => 50,
    };
}

/// <summary>Ids made of a letter and a sequence, in the order in which they were given.</summary>
internal sealed class Ids : IComparer<string>
{
    public static readonly Ids InOrder = new();

    int IComparer<string>.Compare(string? a, string? b) => Compare(a!, b!);

    public static int Compare(string a, string b) =>
        a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b);
}
