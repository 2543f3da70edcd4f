namespace MeteringGateway.Core;

/// <summary>What can be read off the state.</summary>
public sealed partial class TenantState
{
    /// <summary>Everything that checks need, immutable: it can be read without the tenant's turn.</summary>
    public Allowance Allowance() => new(this);

    public TenantFigure Figure(Instant realTime) => new(
        Name, Plan, Terms, Zone, AnchorDay, TestClock, TimeAt(realTime), State, Open.Period, Open.Status,
        [.. Open.Caps.Select(cap => new CapFigure(cap.Cap, cap.State))], Authorization, CreatedAt, ClosedAt, Sequence,
        [.. Schedule]);

    /// <summary>
    /// The most severe of what stops everything: the tenant's own state (one that is closed is paused for good), its
    /// caps on everything, and its types' funding if all are stopped (S1). A cap that stops only what costs more than
    /// it has left, and not the rest, warns.
    /// </summary>
    internal LimitState State
    {
        get
        {
            if (ClosedAt is not null) return LimitState.Paused;
            var state = Paused is null ? LimitState.Active : StateOf(Paused.Action);
            foreach (var cap in Open.Caps)
            {
                if (cap.Cap.Scope != Scope.Everything) continue;
                var one = StopsInPart(cap) ? LimitState.Warned : cap.State;
                if (one > state) state = one;
            }
            if (Open.Funding is not { Count: > 0 } funding) return state;
            var mildest = Terms.OutcomeTypes.Min(type => funding.GetValueOrDefault(type.Id));
            return mildest > state ? mildest : state;
        }
    }

    private static bool StopsInPart(CapBook cap) =>
        cap is { State: >= LimitState.Paused, Told.Stops: { } stops } && !stops.Any(stop => stop.Is(cap.Cap.Scope));

    internal static LimitState StateOf(AtLimit limit) => limit.Action switch
    {
        LimitAction.Pause => LimitState.Paused,
        LimitAction.Handoff => LimitState.Handoff,
        _ => LimitState.Warned,
    };

    /// <summary>Null: not in memory. An alias gives the outcome that it stands for (O3).</summary>
    public OutcomeFigure? Outcome(string id) =>
        Find(id) is { } outcome && Root(outcome) is { } root ? FigureOf(root) : null;

    /// <summary>One of the tenant's that has left memory: its charges are fixed, and its terms are not forgotten.
    /// </summary>
    public OutcomeFigure Archived(Outcome outcome) => outcome.Figure(outcome.Charges ?? [], TypeOf(outcome));

    public ReservationFigure? Reservation(string id) => Held(id)?.Figure;

    /// <summary>Those that hold, in the order in which they were made.</summary>
    public IReadOnlyList<HeldFigure> Reserved(string? after, int limit) =>
        Reservations.Where(held => after is null || Ids.Compare(held.Id, after) > 0).Take(limit)
        .Select(held => new HeldFigure(held.Id, held.Subject, held.Quantity, held.Remaining, held.ExpiresAt,
            held.Period)).ToArray();

    /// <summary>O9: until the date, and while there are free ones left.</summary>
    internal bool IsTraining(Instant time) => time < TrainingEnd();

    /// <summary>When training ends for what is timed from now on; long ago when it has.</summary>
    internal Instant TrainingEnd()
    {
        if (Terms.Training is not { } training || Trained >= (training.MaxOutcomes ?? long.MaxValue))
            return Instant.MinValue;
        var end = training.Until ?? Instant.MaxValue;
        return training.Days is { } days ? Instant.Min(end, CreatedAt + TimeSpan.FromDays(days)) : end;
    }

    /// <summary>What would stand against this cap today, whether it is set or not (C6, C8).</summary>
    internal Exposure ExposureUnder(Cap cap, int day, Instant now)
    {
        if (Open.Cap(cap.Id) is { } book && book.Cap.IsSameAs(cap)) return ExposureOf(Open, book, day, now);
        var recounted = Recount(new CapBook(cap)).On(day);
        if (!cap.Limit.IsMoney) return recounted;
        var rating = NewRating(Open, CommittedBefore(Open), [cap]);
        var charged = rating.Charged(rating.Tail, cap, day);
        return recounted.Plus(charged, rating.Charged(Hold(rating.Tail, rating, Open, now), cap, day) - charged);
    }
}
