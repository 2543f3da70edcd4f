using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>
/// The fold of a tenant's entries. Only <see cref="Apply(Entry)"/> changes it; a <see cref="Turn"/> decides which
/// entries there are.
/// </summary>
/// <remarks>Collections are made when first needed: a tenant that does nothing costs under a kibibyte.</remarks>
public sealed partial class TenantState
{
    /// <summary>How long ids are remembered at least (I2).</summary>
    public static readonly TimeSpan IdsKept = TimeSpan.FromDays(35);

    /// <summary>How long a session is remembered after its last event (I4).</summary>
    public static readonly TimeSpan SessionsKept = TimeSpan.FromDays(30);

    /// <summary>Number of entries applied.</summary>
    public long Sequence { get; private set; }

    /// <summary>False until the tenant was created.</summary>
    public bool Exists => _books.Count > 0;

    /// <summary>The latest time that the tenant has seen; it never runs back (T1).</summary>
    public Instant Now { get; private set; }

    public string Name { get; private set; } = "";
    public string Zone { get; private set; } = "";
    public int AnchorDay { get; private set; }
    public Instant CreatedAt { get; private set; }
    public Instant? ClosedAt { get; private set; }

    /// <summary>Set with a test clock: then nothing is due in real time (T5).</summary>
    public TestClock? TestClock { get; private set; }

    /// <summary>Paused by hand; null when not.</summary>
    internal Entry.TenantPaused? Paused { get; private set; }

    /// <summary>Outcomes that were free as training (O9).</summary>
    internal long Trained { get; private set; }

    /// <summary>Terms with the time from which each is in force, oldest first (F7).</summary>
    private readonly List<TermsInForce> _terms = new(1);

    /// <summary>Every period since the tenant was created; the last is the open one.</summary>
    private readonly List<PeriodBook> _books = new(1);

    private OutcomeTable? _outcomes;
    private SessionTable? _sessions;
    private EventTable? _events;
    private Dictionary<string, List<WaitingFact>>? _waiting;
    private SortedDictionary<string, Reservation>? _reservations;
    private IdFilter? _archived;

    internal PeriodBook Open => _books[^1];

    /// <summary>Every period since the tenant was created, in order; the last is the open one.</summary>
    internal IReadOnlyList<PeriodBook> Books => _books;

    internal Terms Terms => TermsAt(Now);
    internal PlanRef Plan => _terms[TermsIndexAt(Now)].Plan;

    /// <summary>The terms for what is timed then; before the first, the first (F7).</summary>
    internal Terms TermsAt(Instant time) => _terms[TermsIndexAt(time)].Terms;

    /// <summary>Terms are never forgotten, so an index stays good.</summary>
    internal int TermsIndexAt(Instant time)
    {
        var i = _terms.Count - 1;
        while (i > 0 && _terms[i].From > time) i--;
        return i;
    }

    /// <summary>Plans and terms that have taken others' place in the open period.</summary>
    internal int TermsSetInPeriod()
    {
        var i = _terms.Count;
        while (i > 1 && _terms[i - 1].From >= Open.Period.Start) i--;
        return _terms.Count - i;
    }

    /// <summary>Bytes of all terms that there ever were.</summary>
    internal long TermsBytes => _terms.Sum(terms => (long)terms.Bytes);

    internal OutcomeType TypeOf(Outcome outcome) => _terms[outcome.Terms].Terms.Type(outcome.Type)!;

    /// <summary>The period that counts what is timed then; null if none has begun that contains it.</summary>
    internal PeriodBook? BookAt(Instant time)
    {
        for (var i = _books.Count - 1; i >= 0; i--) if (_books[i].Period.Contains(time)) return _books[i];
        return null;
    }

    internal PeriodBook? Book(DateOnly period)
    {
        for (var i = _books.Count - 1; i >= 0; i--) if (_books[i].Period.Id == period) return _books[i];
        return null;
    }

    /// <summary>The time zone that a period runs under (T2): a change holds from the next one on.</summary>
    internal string ZoneOf(PeriodBook book) =>
        _books.Skip(_books.IndexOf(book)).FirstOrDefault(later => later.ZoneUntilChanged is not null)?.ZoneUntilChanged
        ?? Zone;

    /// <summary>The open one for null.</summary>
    internal PeriodBook? BookOf(DateOnly? period) => period is { } id ? Book(id) : Open;

    /// <summary>The tenant's time: it never runs back, and one on a test clock has its own (T1, T5).</summary>
    internal Instant TimeAt(Instant realTime) => TestClock is null ? Instant.Max(realTime, Now) : Now;

    /// <summary>Caps that there are, and new ones that are to come.</summary>
    internal int CapsWithThoseToCome => Open.Caps.Count
        + Schedule.Count(change => change.Setting is Setting.Capped { Cap.Id: var id } && Open.Cap(id) is null);

    internal EventRecord? Seen(EventId id) => Seen(id.Key);

    internal EventRecord? Seen(UInt128 key) =>
        _events?.Find(key);

    internal bool HasOutcomes => _outcomes is { Count: > 0 };

    /// <summary>In no order; none of a period that has left memory.</summary>
    internal IEnumerable<Outcome> OutcomesOf(PeriodBook book) =>
        _outcomes?.All.Where(outcome => outcome.Period == book.Period.Id) ?? [];

    /// <summary>Places of the rated ones of a period, as they were reported.</summary>
    private List<int> RatedIn(PeriodBook book) => _outcomes?.RatedIn(book.Period.Id) ?? [];

    internal Outcome? Find(string id) => _outcomes?.Find(id);

    internal Outcome? Root(Outcome outcome) => outcome.ContinuationOf is { } root ? Find(root) : outcome;

    /// <summary>
    /// Its period is closed, and there is nothing to credit: what is said of it now changes nothing (T3).
    /// </summary>
    internal bool IsFinal(Outcome outcome) =>
        Root(outcome) is { Status: OutcomeStatus.NonBillable } root && Book(root.Period)!.Status == PeriodStatus.Closed;

    internal bool MayBeArchived(string outcomeId) => _archived?.MayContain(outcomeId) ?? false;

    /// <summary>It is not in memory, and may have been.</summary>
    public bool IsInArchiveOnly(string outcomeId) => Find(outcomeId) is null && MayBeArchived(outcomeId);

    /// <summary>Facts that wait for this outcome's report (O6).</summary>
    internal ImmutableArray<Fact> WaitingFor(string outcomeId, Instant now) =>
        _waiting is not null && _waiting.TryGetValue(outcomeId, out var facts) ? StillWaiting(facts, now) : [];

    /// <summary>Apart from the question, so that whoever asks in vain makes nothing.</summary>
    private static ImmutableArray<Fact> StillWaiting(List<WaitingFact> facts, Instant now) =>
        [.. facts.Where(fact => fact.Until >= now).Select(fact => fact.Fact)];

    internal Reservation? Held(string id) => _reservations?.GetValueOrDefault(id);

    /// <summary>In the order in which they were made.</summary>
    internal IEnumerable<Reservation> Reservations => _reservations?.Values ?? Enumerable.Empty<Reservation>();

    /// <summary>
    /// Outcomes that left memory, or changed outside it, since last asked: the caller stores them in the same
    /// transaction as the entries. Empties the list.
    /// </summary>
    public IReadOnlyList<Outcome> TakeDeparted()
    {
        if (Departed is null) return [];
        var taken = Departed;
        Departed = null;
        return taken;
    }

    internal void Depart(Outcome outcome) => (Departed ??= []).Add(outcome);
}

/// <param name="Terms">In force for what is timed at or after <paramref name="From"/>.</param>
internal sealed record TermsInForce(Instant From, PlanRef Plan, Terms Terms)
{
    // Beside the terms, not in them: most tenants never change theirs, and pay nothing for it.
    private static readonly ConditionalWeakTable<Terms, StrongBox<int>> Sizes = [];

    /// <summary>Bytes of the terms as they are stored; counted when first asked for.</summary>
    public int Bytes => Sizes.GetValue(Terms, static terms => new StrongBox<int>(TermsWire.Size(terms))).Value;
}

/// <param name="Until">How long it waits for its report (O6).</param>
internal sealed record WaitingFact(Fact Fact, Instant Until);

/// <summary>Units held for a caller (A4).</summary>
/// <param name="Day">Local day in the period in which it was made (A5).</param>
internal sealed record Reservation(string Id, Subject Subject, long Quantity, long Remaining, Instant ExpiresAt,
    DateOnly Period, int Day)
{
    public ReservationFigure Figure => new(Id, Quantity, Remaining, ExpiresAt);
}
