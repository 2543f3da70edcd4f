namespace MeteringGateway.Core;

/// <summary>
/// What is counted of a period's outcomes (Q1); <c>docs/quality.md</c> defines each. The numbers are stored, and those
/// up to <see cref="Lone"/> are bits of what one outcome counts as: only ever append to either part.
/// </summary>
internal enum Mark : byte
{
    // Outcomes, each counted once while it is so.
    Reported = 0, Pending = 1, Rated = 2, Settled = 3, Credited = 4, Escalated = 5, Reopened = 6, Disputed = 7,
    /// <summary>Settled, and it is known who the end customer was.</summary>
    Contacts = 8,
    /// <summary>Of these, those after which the end customer did not come again within the window.</summary>
    FirstContacts = 9,
    NoSession = 12,
    /// <summary>Settled, or credited since; what contradicts these is counted next.</summary>
    Decided = 13, BuyerRejected = 14, RecordsReversed = 15, Contradicted = 16,
    /// <summary>Reported without a session: a session of its own, and one that was handed off.</summary>
    Lone = 17, LoneHandedOff = 18,
    // Sums that no outcome's own standing gives.
    Sessions = 24, HandedOffSessions = 25, Csat = 26, CsatPoints = 27, FirstOutcomes = 28, FirstOutcomeWait = 29,
}

/// <summary>Units that were not charged, or taken back, and what they come to at the list price.</summary>
internal readonly record struct Forgiven(long Units, Int128 Micros)
{
    public Forgiven Plus(Forgiven other) => new(Units + other.Units, Micros + other.Micros);
    public static Forgiven operator -(Forgiven one) => new(-one.Units, -one.Micros);
}

/// <summary>What one outcome counts as, as it stands.</summary>
/// <param name="Bits">One for each <see cref="Mark"/> up to <see cref="Mark.Lone"/>.</param>
/// <param name="Listed">Its units at the list price, where it is settled or forgiven.</param>
/// <param name="ForgivenAs"><see cref="Reason.None"/>: it is not.</param>
internal readonly record struct Part(uint Bits, long Units, Int128 Listed, Reason ForgivenAs)
{
    public bool Is(Mark measure) => (Bits & Bit(measure)) != 0;

    public long Of(Mark measure) => Is(measure) ? Units : 0;

    public Int128 Settled => Is(Mark.Settled) ? Listed : 0;

    public static uint Bit(Mark measure) => 1u << (int)measure;
}

/// <summary>What is counted of one outcome type in one period, or of all types together.</summary>
internal sealed class Tallies
{
    public const int Measures = 30;

    private readonly long[] _counts = new long[Measures];

    public long this[Mark measure]
    {
        get => _counts[(int)measure];
        set => _counts[(int)measure] = value;
    }

    /// <summary>By the reason for which it is not charged; <see cref="Reason.None"/> is what was credited.</summary>
    public SortedDictionary<Reason, Forgiven>? Forgiven { get; private set; }

    /// <param name="times">For so many outcomes.</param>
    public void Change(in Part before, in Part after, int times = 1)
    {
        for (var left = before.Bits ^ after.Bits; left != 0; left &= left - 1)
        {
            var bit = System.Numerics.BitOperations.TrailingZeroCount(left);
            _counts[bit] += (after.Bits >> bit & 1) == 1 ? times : -times;
        }
        if (Forgives(before)) Forgive(KeyOf(before), -new Forgiven(times * before.Units, times * before.Listed));
        if (Forgives(after)) Forgive(KeyOf(after), new Forgiven(times * after.Units, times * after.Listed));
    }

    public void Forgive(Reason reason, Forgiven more)
    {
        Forgiven ??= [];
        var sum = Forgiven.GetValueOrDefault(reason).Plus(more);
        if (sum == default) Forgiven.Remove(reason);
        else Forgiven[reason] = sum;
    }

    private static bool Forgives(in Part part) => part.ForgivenAs != Reason.None || part.Is(Mark.Credited);

    private static Reason KeyOf(in Part part) => part.Is(Mark.Credited) ? Reason.None : part.ForgivenAs;
}

/// <summary>One period's figures of quality: its outcome types, and all of them.</summary>
internal sealed class PeriodQuality
{
    public Tallies All { get; init; } = new();
    /// <summary>In order of their ids.</summary>
    public SortedDictionary<string, Tallies> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>Most entries are of the same as the one before.</summary>
    private (string Type, Tallies Tallies)? _last;

    public Tallies Of(string type)
    {
        if (_last is { } last && last.Type == type) return last.Tallies;
        if (!Types.TryGetValue(type, out var tallies)) Types[type] = tallies = new Tallies();
        _last = (type, tallies);
        return tallies;
    }

    public void Add(string type, Mark measure, long count)
    {
        All[measure] += count;
        Of(type)[measure] += count;
    }
}

/// <summary>
/// What is counted beside what is owed, as entries are applied (Q1, Q3). It follows from the entries and is in
/// snapshots, but not in the canonical bytes: what is owed does not rest on it, and programs of before it agree with
/// those of today on a tenant's digest.
/// </summary>
internal sealed class Measures
{
    public SortedDictionary<DateOnly, PeriodQuality> Periods { get; } = [];
    public FirstContacts Contacts { get; } = new();
    public Series Series { get; } = new();

    /// <summary>By the id of an outcome in memory, the points that the buyer gave it last (O8). Null: none.</summary>
    public Dictionary<string, byte>? Points { get; set; }

    private (DateOnly Period, PeriodQuality Quality)? _last;

    public PeriodQuality Of(DateOnly period)
    {
        if (_last is { } last && last.Period == period) return last.Quality;
        if (!Periods.TryGetValue(period, out var quality)) Periods[period] = quality = new PeriodQuality();
        _last = (period, quality);
        return quality;
    }
}
