using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What can be read off the state.</summary>
public sealed partial class TenantState
{
    /// <summary>Everything that checks need, immutable: it can be read without the tenant's turn.</summary>
    public Allowance Allowance() => new(this);

    public TenantFigure Figure(Instant realTime) => new(
        Name, Plan, Terms, Zone, AnchorDay, TestClock, TestClock is null ? Instant.Max(realTime, Now) : Now, State, Open.Period, Open.Status,
        [.. Open.Caps.Select(cap => new CapFigure(cap.Cap, cap.State))], CreatedAt, ClosedAt, Sequence);

    /// <summary>The most severe of the tenant's own state and of its caps on everything (S1).</summary>
    internal LimitState State => Open.Caps.Where(cap => cap.Cap.Scope == Scope.Everything).Select(cap => cap.State)
        .Append(Paused is null ? LimitState.Active : StateOf(Paused.Action)).Max();

    internal static LimitState StateOf(AtLimit limit) => limit.Action switch
    {
        LimitAction.Pause => LimitState.Paused,
        LimitAction.Handoff => LimitState.Handoff,
        _ => LimitState.Warned,
    };

    /// <summary>Null: no such period.</summary>
    /// <param name="period">Null: the open one.</param>
    /// <param name="realTime">Now, for when a daily cap resets; a tenant on a test clock lives by its own.</param>
    public Usage? Usage(DateOnly? period, Instant realTime = default)
    {
        var now = TestClock is null ? Instant.Max(realTime, Now) : Now;
        if ((period is { } id ? Book(id) : Open) is not { } book) return null;
        var types = TypesOf(book).Select(type => Usage(book, type)).ToImmutableArray();
        var activities = ActivitiesOf(book);
        var spend = activities.Aggregate(types.Aggregate(book.Corrections, (sum, type) => sum + type.Amount), (sum, activity) => sum + activity.Amount);
        return new Usage(book.Period, book.Status, State, Sequence, Terms.Currency, types, activities,
            [.. book.Caps.Select(cap => Usage(book, cap, now))], IncludedOf(book), spend);
    }

    /// <summary>Null: not in memory. An alias gives the outcome that it stands for (O3).</summary>
    public OutcomeFigure? Outcome(string id) => Find(id) is { } outcome && Root(outcome) is { } root ? FigureOf(root) : null;

    /// <summary>
    /// Outcomes in memory that pass the filter: by first sequence below <paramref name="cursor"/>, highest first; with
    /// <see cref="OutcomeFilter.ChangedAfter"/> by last sequence above it, lowest first.
    /// </summary>
    public IReadOnlyList<OutcomeFigure> Outcomes(OutcomeFilter filter, long? cursor, int limit)
    {
        var matching = (outcomes?.Values ?? Enumerable.Empty<Outcome>()).Where(outcome => Passes(outcome, filter));
        var page = filter.ChangedAfter is { } after
            ? matching.Where(outcome => outcome.LastSequence > Math.Max(after, cursor ?? 0)).OrderBy(outcome => outcome.LastSequence)
            : matching.Where(outcome => outcome.ReportedBy < (cursor ?? long.MaxValue)).OrderByDescending(outcome => outcome.ReportedBy);
        return page.Take(limit).Select(FigureOf).ToArray();
    }

    /// <summary>Sequences of the entries that made or changed the outcome, in order; null if it is not in memory.</summary>
    public IReadOnlyList<long>? History(string outcomeId)
    {
        if (Find(outcomeId) is not { } outcome || Root(outcome) is not { } root) return null;
        return root.Sequences.Concat(outcomes!.Values.Where(alias => alias.ContinuationOf == root.Id).SelectMany(alias => alias.Sequences))
            .Order().ToArray();
    }

    public ReservationFigure? Reservation(string id) => Held(id)?.Figure;

    internal OutcomeFigure FigureOf(Outcome outcome) =>
        outcome.Figure(outcome.Charges ?? RatingOf(Book(outcome.Period)!, outcome.Type).Of(outcome.Id));

    internal Rating RatingOf(PeriodBook book, string type)
    {
        // Reading must not add a line to the book.
        if (book.Types.Find(counted => counted.Id == type) is not { } counts) return Rating.None;
        return counts.Rating ??= Rating.Rate(
            outcomes?.Values.Where(outcome => outcome.IsRated && outcome.Type == type && outcome.Period == book.Period.Id) ?? [],
            IncludedUnits(book, type), outcome => TypeOf(outcome).Price ?? Amount.Zero);
    }

    /// <summary>As agreed when the period began (F7).</summary>
    internal long IncludedUnits(PeriodBook book, string type) => TermsAt(book.Period.Start).Type(type)?.IncludedUnits ?? 0;

    /// <summary>A line for each type that the plan has, and for each that was counted.</summary>
    private IEnumerable<TypeBook> TypesOf(PeriodBook book) => TermsAt(book.Period.Start).OutcomeTypes.Select(type => type.Id)
        .Concat(book.Status == PeriodStatus.Open ? Terms.OutcomeTypes.Select(type => type.Id) : [])
        .Concat(book.Types.Select(type => type.Id)).Distinct().Order(StringComparer.Ordinal)
        .Select(id => book.Types.Find(counted => counted.Id == id) ?? new TypeBook(id));

    private TypeUsage Usage(PeriodBook book, TypeBook type) => new(
        type.Id, type.Pending + type.Settled + type.Credited + (type.NonBillable?.Values.Sum() ?? 0), type.Pending, type.Settled,
        reservations?.Values.Where(held => held.Period == book.Period.Id && held.Subject.What == type.Id && !held.Subject.IsActivity).Sum(held => held.Remaining) ?? 0,
        type.Credited, type.NonBillable?.ToImmutableSortedDictionary() ?? ImmutableSortedDictionary<Reason, long>.Empty,
        type.Rated?.Amount ?? RatingOf(book, type.Id).Amount);

    private ImmutableArray<ActivityUsage> ActivitiesOf(PeriodBook book) =>
        [.. (book.Activities ?? []).GroupBy(activity => activity.Key.Activity, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Usage(group.Key, group.Sum(activity => activity.Value), TermsAt(book.Period.Start)))];

    private static ActivityUsage Usage(string activity, long reported, Terms terms) =>
        new(activity, reported, (terms.Activity(activity)?.Price ?? Amount.Zero) * reported);

    private CapUsage Usage(PeriodBook book, CapBook cap, Instant now)
    {
        var day = book == Open ? CurrentDay(now) : book.Period.Days.Length - 1;
        var exposure = cap.On(day).All;
        return new CapUsage(cap.Cap, exposure, Math.Max(0, cap.Cap.Limit - exposure), cap.State,
            cap.Cap.Period == CapPeriod.Day ? book.Period.DayEnd(day) : book.Period.End);
    }

    private ImmutableArray<IncludedUsage> IncludedOf(PeriodBook book) =>
        [.. TermsAt(book.Period.Start).OutcomeTypes.Where(type => type.IncludedUnits > 0).Select(type => new IncludedUsage(
            type.Id, type.IncludedUnits, Math.Min(type.IncludedUnits, book.Types.Find(counted => counted.Id == type.Id)?.RatedUnits ?? 0)))];

    private static bool Passes(Outcome outcome, OutcomeFilter filter) =>
        !outcome.IsAlias
        && (filter.Period is null || outcome.Period == filter.Period)
        && (filter.Status is null || outcome.Status == filter.Status)
        && (filter.OutcomeType is null || outcome.Type == filter.OutcomeType)
        && (filter.Reason is null || outcome.Reason == filter.Reason)
        && (filter.Session is null || outcome.Session == filter.Session);

    /// <summary>O9: until the date, and while there are free ones left.</summary>
    internal bool IsTraining(Instant time) => time < TrainingEnd();

    /// <summary>When training ends for what is timed from now on; long ago when it has.</summary>
    internal Instant TrainingEnd()
    {
        if (Terms.Training is not { } training || Trained >= (training.MaxOutcomes ?? long.MaxValue)) return Instant.MinValue;
        var end = training.Until ?? Instant.MaxValue;
        return training.Days is { } days ? Instant.Min(end, CreatedAt + TimeSpan.FromDays(days)) : end;
    }

    /// <summary>What would stand against this cap today, whether it is set or not (C6, C8).</summary>
    internal Exposure ExposureUnder(Cap cap, int day) =>
        (Open.Cap(cap.Id) is { } book && book.Cap.Scope == cap.Scope && book.Cap.Period == cap.Period ? book : Recount(new CapBook(cap))).On(day);
}
