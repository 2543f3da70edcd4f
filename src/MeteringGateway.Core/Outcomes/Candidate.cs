namespace MeteringGateway.Core;

/// <summary>A success that may count, as its group sees it.</summary>
/// <param name="outcome">As it stands in the state, or as it was just reported (<see cref="Outcome.IsNew"/>).</param>
/// <param name="periodClosed">Its period is closed: it can only be credited.</param>
internal sealed class Candidate(Outcome outcome, OutcomeType type, bool periodClosed)
{
    public Outcome Outcome { get; set; } = outcome;
    public OutcomeType Type { get; } = type;
    public bool PeriodClosed { get; } = periodClosed;
    public SessionStep Report => new(Outcome.Time, 1, Outcome.Event, this, null);

    /// <summary>What was said of it, in order; null: nothing.</summary>
    public List<SessionStep>? Said { get; set; }

    /// <summary>The same with what was said of those that continue it, once some do.</summary>
    public List<SessionStep>? Line { get; set; }

    /// <summary>Itself, or what it continues, as it was last walked.</summary>
    public Candidate Unit { get; set; }  = null!;

    /// <summary>The stretch of holding that it opened; -1: none, it is a duplicate.</summary>
    public int Tenure { get; set; } = -1;

    /// <summary>
    /// As the state has it: the report, its own or that of what continued it, that opened the segment that has
    /// settled; null: it has not settled.
    /// </summary>
    public Candidate? Pin { get; set; }

    /// <summary>Its place in the state turns out not to be held.</summary>
    public bool HasLost { get; set; }

    /// <summary>Units that were drawn from reservations for what continues it.</summary>
    public int DrawnBeside { get; set; }

    /// <summary>
    /// Units that its report drew for an outcome: a reservation counts in its own period, and an outcome of another one
    /// is not under it (A5; 0001, 25).
    /// </summary>
    public int DrawnFor(Candidate root) =>
        (Outcome.DrawnIn ?? Outcome.Period) == root.Outcome.Period ? Outcome.Drawn : 0;

    /// <summary>If it is no alias.</summary>
    public Verdict Verdict { get; set; }

    /// <summary>What was said of it and of those that continue it, in order.</summary>
    public List<SessionStep> Facts => Line ?? Said ?? NoFacts;

    private static readonly List<SessionStep> NoFacts = [];

    /// <summary>An alias is answered with the status of the outcome that it stands for.</summary>
    public Verdict Standing => Unit != this
        ? new Verdict(Unit.Standing.Status, Unit.Standing.Reason, Outcome.Time, null, WindowEnd.None, Unit.Outcome.Id)
        : IsTakenBack ? Verdict with { Status = OutcomeStatus.Credited } : Verdict;

    /// <summary>
    /// D3: whatever else is learnt of an outcome that a dispute was credited for, it is not charged. It keeps its place
    /// in the session: the success was reported once, and its duplicates are not charged in its stead.
    /// </summary>
    private bool IsTakenBack => Outcome.Dispute is { Status: DisputeStatus.Credited }
        && Verdict.Status == OutcomeStatus.Billable;

    public static Candidate Of(TenantState state, Outcome outcome, OutcomeType type)
    {
        var made = new Candidate(outcome, type, state.Book(outcome.Period)!.Status == PeriodStatus.Closed);
        made.Unit = made;
        return made;
    }

    public static int Compare(Candidate a, Candidate b) => Outcome.Order(a.Outcome, b.Outcome);
}

/// <summary>
/// A report, or a fact, in the order in which they apply. At the same time a fact goes before others' reports, but
/// never before its own (O6).
/// </summary>
internal readonly record struct SessionStep(Instant Time, int Phase, EventId Event, Candidate Candidate, Fact? Fact)
{
    public static SessionStep Of(Candidate about, Fact fact) => new(Instant.Max(fact.Time, about.Outcome.Time),
        fact.Time > about.Outcome.Time ? 0 : 2, fact.Event, about, fact);

    public static int Compare(SessionStep a, SessionStep b)
    {
        var order = a.Time.CompareTo(b.Time);
        if (order == 0) order = a.Phase.CompareTo(b.Phase);
        return order != 0 ? order : Outcome.Order(a.Time, a.Event, b.Time, b.Event);
    }

    public bool Before(in SessionStep other) => Compare(this, other) < 0;
}

/// <summary>What the lifecycle makes of a candidate.</summary>
public readonly record struct Verdict(
    OutcomeStatus Status, Reason Reason, Instant Opened, Instant? ClosesAt, WindowEnd End, string? ContinuationOf)
{
    public bool Same(Outcome outcome) =>
        Status == outcome.Status && Reason == outcome.Reason && Opened == outcome.Opened && ClosesAt == outcome.ClosesAt
        && End == outcome.End && ContinuationOf == outcome.ContinuationOf;
}

/// <summary>Lists that are kept in order.</summary>
internal static class InOrder
{
    /// <summary>How many come before it; those that are like it as well, if <paramref name="withLike"/>.</summary>
    public static int CountBefore<T, TKey>(List<T> list, TKey key, Func<T, TKey, int> compare, bool withLike = false)
    {
        var (low, high) = (0, list.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = compare(list[middle], key);
            if (order < 0 || (order == 0 && withLike)) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    public static void Put<T>(List<T> list, T item, Func<T, T, int> compare) =>
        list.Insert(CountBefore(list, item, compare, withLike: true), item);

    /// <summary>False: it is not there.</summary>
    public static bool Remove<T>(List<T> list, T item, Func<T, T, int> compare)
    {
        for (var at = CountBefore(list, item, compare); at < list.Count && compare(list[at], item) == 0; at++)
            if (EqualityComparer<T>.Default.Equals(list[at], item))
            {
                list.RemoveAt(at);
                return true;
            }
        return false;
    }
}
