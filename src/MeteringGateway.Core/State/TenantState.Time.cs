namespace MeteringGateway.Core;

/// <summary>What is due, and what the passing of time does to the state (T1 to T3, T6).</summary>
public sealed partial class TenantState
{
    /// <summary>
    /// Reservations and grants by when they end; one that has changed since is passed over. Derived, so not in
    /// snapshots.
    /// </summary>
    private readonly DueQueue _due = new();

    /// <summary>
    /// Every book before it is closed; a short period may close before a longer one that began earlier.
    /// </summary>
    private int _firstUnclosed;

    /// <summary>When something next happens by itself; null: never.</summary>
    public Instant? NextDue => Upcoming()?.At;

    /// <summary>What is due first, in order of (time, kind, id) (T1); null when nothing ever is.</summary>
    internal Due? Upcoming()
    {
        if (!Exists) return null;
        Due? first = null;
        while (_due.TryPeek(out var top))
        {
            if (IsCurrent(top)) { first = top; break; }
            _due.Dequeue();
        }
        first = Due.Earliest(Due.Earliest(first, _outcomes?.NextWindow()), Rearming());
        if (ClosedAt is null)
        {
            first = Due.Earliest(Due.Earliest(first, DayEnd()), EndOfTraining());
            first = Due.Earliest(first, new Due(Open.Period.End, DueKind.PeriodEnd, ""));
        }
        while (_firstUnclosed < _books.Count - 1 && _books[_firstUnclosed].Status == PeriodStatus.Closed)
            _firstUnclosed++;
        for (var i = _firstUnclosed; i < _books.Count; i++)
        {
            if (_books[i].Status == PeriodStatus.Closed || _books[i].Pending > 0
                || (_books[i].Status == PeriodStatus.Open && ClosedAt is null)) continue;
            var closes = _books[i].Period.End + Terms.MaxLateness;
            if (first is { } before && before.At < closes) continue; // asked all the time, and far off
            first = Due.Earliest(first, new Due(closes, DueKind.PeriodClose, _books[i].Period.Id.ToString("O")));
        }
        return first;
    }

    /// <summary>
    /// Nothing is due by then. What was worked out stays good through reports that bring nothing nearer
    /// (<see cref="KeepsQuiet"/>), and is asked for with each command.
    /// </summary>
    internal bool IsQuiet(Instant now)
    {
        if (now < QuietUntil) return true;
        var next = NextDue ?? Instant.MaxValue;
        QuietUntil = DueByEntriesAlone ? next : Instant.MinValue;
        return now < next;
    }

    /// <summary>
    /// What is due changes by entries only: of a change that is to come, a threshold, training, or a cap by the day the
    /// clock alone decides when, or whether, it matters.
    /// </summary>
    private bool DueByEntriesAlone
    {
        get
        {
            if (_scheduled is not null || HasThresholds || ClosedAt is not null || _terms[^1].From > Now
                || _terms[^1].Terms.Training is not null || Open.Coming is not null) return false;
            foreach (var cap in Open.Caps) if (cap.Cap.Period == CapPeriod.Day) return false;
            return true;
        }
    }

    /// <summary>Of all entries only a report can be one that brings nothing nearer but the end of its window.</summary>
    private void KeepsQuiet(Entry entry)
    {
        if (entry is not Entry.OutcomeReported e) QuietUntil = Instant.MinValue;
        else if (e is { Status: OutcomeStatus.Pending, ClosesAt: { } closes } && closes < QuietUntil)
            QuietUntil = closes;
    }

    /// <summary>
    /// A day's end matters only where a daily cap has something to lift, or a change that waits for it (S2, C6).
    /// </summary>
    private Due? DayEnd()
    {
        var day = CurrentDay(Now);
        var end = Open.Period.DayEnd(day);
        if (!Waits(Open.Caps, day) && Open.Coming?.Exists(cap => cap.Period == CapPeriod.Day) != true
            && (_scheduled is null || _scheduled[0].EffectiveAt > end)) return null;
        return end < Open.Period.End ? new Due(end, DueKind.Day, "") : null;
    }

    private bool Waits(List<CapBook> caps, int day)
    {
        foreach (var cap in caps) if (cap.Cap.Period == CapPeriod.Day && Waits(cap, day)) return true;
        return false;
    }

    /// <summary>What was free is limited from then on (O9, S6).</summary>
    private Due? EndOfTraining() => TrainingEnd() is var end && end > Now && end < Instant.MaxValue
        ? new Due(end, DueKind.Training, "") : null;

    /// <summary>A daily cap.</summary>
    private bool Waits(CapBook cap, int day) => cap.State != LimitState.Active || cap.Next is not null
        || cap.Days?.Keys.Any(used => used >= day) == true || IsCharged(cap, day);

    /// <summary>Against a daily cap on money something stands today, or tomorrow by a clock that is ahead.</summary>
    private bool IsCharged(CapBook cap, int day) =>
        cap.Cap.Limit.IsMoney
            && (ExposureOf(Open, cap, day, Now).All != 0 || ExposureOf(Open, cap, day + 1, Now).All != 0);

    /// <summary>The local day of the open period that a time falls on, held within the period.</summary>
    internal int CurrentDay(Instant time) =>
        time < Open.Period.Start ? 0 : time >= Open.Period.End ? Open.Period.Days.Length - 1 : Open.Period.DayOf(time);

    private bool IsCurrent(in Due item) => item.Kind switch
    {
        DueKind.Reservation => Held(item.Id) is { } held && held.ExpiresAt == item.At,
        DueKind.GrantNotice => Grant(item.Id) is { Ended: false, Announced: false },
        // A plan grant ends with its period, as long as there are periods.
        _ => Grant(item.Id) is { Ended: false } grant && (grant.Kind != GrantKind.Plan || ClosedAt is not null),
    };

    /// <summary>What was due had nothing to do; it may wait there more than once.</summary>
    internal void PassOver(in Due item)
    {
        while (_due.TryPeek(out var top) && top == item) _due.Dequeue();
    }

    private void NextDay(Instant at)
    {
        Unschedule(change => change.EffectiveAt <= at);
        foreach (var cap in Open.Caps.ToArray())
        {
            if (cap.Cap.Period != CapPeriod.Day || cap.Next is not { } next) continue;
            cap.Next = null;
            if (next.IsSameAs(cap.Cap)) cap.Cap = next;
            else Open.Put(Recount(new CapBook(next, cap)));
        }
        foreach (var cap in Open.Coming ?? []) if (cap.Period == CapPeriod.Day) Open.Put(Recount(new CapBook(cap)));
        Open.Coming?.RemoveAll(cap => cap.Period == CapPeriod.Day);
    }

    /// <summary>
    /// The open period begins to settle, with its caps and what was authorised as they stand (T6); the new one starts
    /// with fresh counts.
    /// </summary>
    private void Start(Period period)
    {
        Unschedule(change => change.EffectiveAt <= period.Start);
        var ended = Open;
        ended.Status = PeriodStatus.Settling;
        ended.Authorized = Authorization;
        if (Authorization is { Period: not null }) Authorization = null;
        var book = new PeriodBook(period) { Funding = ended.Funding };
        ended.Funding = null;
        foreach (var cap in ended.Caps)
        {
            book.Put(new CapBook(cap.Next ?? cap.Cap, cap));
            cap.Told = null;
        }
        foreach (var cap in ended.Coming ?? []) book.Put(new CapBook(cap));
        ended.Coming = null;
        foreach (var grant in Grants) if (!grant.Ended) book.CreditsInForce += LeftOf(grant);
        _books.Add(book);
        Measured?.Series.Trim(period);
        ForgetBounds();
        foreach (var threshold in _thresholds?.Values ?? Enumerable.Empty<ThresholdBook>()) threshold.BeginAnew();
        if (_terms.Count > 1 && _terms[^1].From == period.Start) ReplaceCaps(_terms[^2].Terms, _terms[^1].Terms);
    }

    /// <summary>F4, I2, I4: the rating is fixed, and what nothing can refer to any more leaves memory.</summary>
    private void Close(Entry.PeriodClosed e)
    {
        var book = Book(e.Period)!;
        var work = Prepared(book, e);
        var rating = RatingOf(book);
        book.Final = new FinalRating(e.Lines, e.Committed, e.At, Sequence, work.Walk);
        _outcomes!.Show(e.Period);
        foreach (var draw in e.Draws) Grant(draw.Grant)!.Spent += draw.Credits.Micros;
        GrantsChanged();
        foreach (var cap in book.Caps) if (cap.Cap.Limit.IsMoney) Fix(cap, book, rating);
        book.Status = PeriodStatus.Closed;
        ForgetGroups();
        (book.Rating, book.Demand) = (null, null);
        ForgetBounds();
        FoldActivities(book);
        foreach (var older in _books)
            if (older.Final is { } final && final.ClosedAt + CorrectionsExact < e.At)
                older.Final = final with { Walk = null };
        Forget(book.Period.End, e.At, work);
        Depart(work);
    }

    private static void Fix(CapBook cap, PeriodBook book, PeriodRating rating)
    {
        var days = cap.Cap.Period == CapPeriod.Day ? book.Period.Days.Length : 1;
        for (var day = 0; day < days; day++)
            if (rating.Charged(rating.Tail, cap.Cap, day) is var charged and not 0) cap.Add(day, charged, 0);
    }

    /// <summary>Of a closed period only the totals are asked for.</summary>
    private void FoldActivities(PeriodBook book)
    {
        if (book.Activities is not { } activities) return;
        var totals = new ActivityCounts();
        foreach (var (key, quantity) in activities)
            totals.Plus(new ActivityKey(key.Activity, Dimensions.None, 0, key.Fee, false), quantity);
        _bytes -= BytesOf(book);
        book.Activities = totals;
        _bytes += BytesOf(book);
    }
}

/// <summary>Kinds of what is due, in the order in which they happen at the same instant (T1).</summary>
internal enum DueKind
    : byte { Window = 1, Reservation = 2, GrantNotice = 3, Grant = 4, Day = 5, PeriodEnd = 6, PeriodClose = 7,
        Threshold = 8, Training = 9 }

internal readonly record struct Due(Instant At, DueKind Kind, string Id) : IComparable<Due>
{
    public int CompareTo(Due other)
    {
        var order = At.CompareTo(other.At);
        if (order == 0) order = Kind.CompareTo(other.Kind);
        return order != 0 ? order : string.CompareOrdinal(Id, other.Id);
    }

    public static Due? Earliest(Due? a, Due? b) =>
        a is null ? b : b is null ? a : a.Value.CompareTo(b.Value) <= 0 ? a : b;
}

/// <summary>Made only when something is put in.</summary>
internal sealed class DueQueue
{
    private PriorityQueue<Due, Due>? _queue;

    public void Enqueue(Due item) => (_queue ??= new PriorityQueue<Due, Due>()).Enqueue(item, item);
    public void Dequeue() => _queue!.Dequeue();

    public bool TryPeek(out Due item)
    {
        item = default;
        return _queue is not null && _queue.TryPeek(out item, out _);
    }
}
