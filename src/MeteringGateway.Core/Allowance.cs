namespace MeteringGateway.Core;

/// <summary>What checks are answered from, as of one sequence: immutable, so that any thread may read it without the tenant's turn (A3).</summary>
public sealed class Allowance
{
    private readonly Terms terms;
    private readonly Instant clock;
    private readonly bool testClock;
    private readonly AtLimit? paused;
    private readonly Period period;
    private readonly CapRoom[] caps;
    private readonly TypeRoom[] types;
    private readonly Instant trainingUntil;

    internal Allowance(TenantState state)
    {
        var book = state.Open;
        Sequence = state.Sequence;
        terms = state.Terms;
        clock = state.Now;
        testClock = state.TestClock is not null;
        paused = state.Paused?.Action ?? (state.ClosedAt is null ? null : AtLimit.Pause);
        period = book.Period;
        ValidUntil = testClock ? Instant.MaxValue : state.NextDue ?? Instant.MaxValue;
        caps = book.Caps.Count == 0 ? [] : new CapRoom[book.Caps.Count];
        var day = state.CurrentDay(clock);
        for (var i = 0; i < caps.Length; i++) caps[i] = new CapRoom(book.Caps[i].Cap, book.Caps[i].On(day).All);
        types = new TypeRoom[terms.OutcomeTypes.Length];
        for (var i = 0; i < types.Length; i++)
        {
            var type = terms.OutcomeTypes[i];
            var used = book.Types.Find(counted => counted.Id == type.Id)?.RatedUnits ?? 0;
            types[i] = new TypeRoom(type, Math.Max(0, state.IncludedUnits(book, type.Id) - used));
        }
        trainingUntil = state.TrainingEnd();
    }

    public long Sequence { get; }

    /// <summary>From then on a check needs a turn first, because something is due; never on a test clock.</summary>
    public Instant ValidUntil { get; }

    /// <summary>Answers a check (A1, A2). Null: the plan has no such outcome type.</summary>
    /// <param name="realTime">Now; a tenant on a test clock lives by its own.</param>
    public Decision? Check(Question question, Instant realTime)
    {
        var now = testClock ? clock : Instant.Max(realTime, clock);
        var type = question.Subject.IsActivity ? null : Type(question.Subject.What);
        if (type is null && !question.Subject.IsActivity) return null;
        var tightest = Tightest(question.Subject);
        var binding = tightest is { } cap ? BindingOf(cap, now) : null;
        long? remaining = tightest is { } least ? Math.Max(0, least.Room) : null;
        if (paused is not null)
            return Denied(DecisionReason.TenantPaused, paused, remaining, binding, retry: null);
        if (remaining < question.Quantity)
            return Denied(DecisionReason.CapReached, tightest!.Value.Cap.AtLimit, remaining, binding, binding!.ResetsAt);
        var (funding, price) = type is null ? (null, terms.Activity(question.Subject.What)?.Price) : Fund(type.Value, now);
        return new Decision(DecisionKind.Allow, DecisionReason.Ok, remaining, binding, funding, price, null, null, period.Id, Sequence);
    }

    private Decision Denied(DecisionReason reason, AtLimit limit, long? remaining, Binding? binding, Instant? retry) => new(
        limit.Action == LimitAction.Handoff ? DecisionKind.Handoff : DecisionKind.Pause, reason, remaining, binding, null, null,
        limit.Action == LimitAction.Handoff ? limit : null, retry, period.Id, Sequence);

    /// <summary>The cap in scope with the fewest whole units left; at a tie pause before hand-off, then the id (A1).</summary>
    internal CapRoom? Tightest(in Subject subject)
    {
        CapRoom? tightest = null;
        foreach (var cap in caps)
        {
            if (cap.Cap.AtLimit.Action == LimitAction.Notify || !cap.Cap.Scope.Matches(subject)) continue;
            if (tightest is not { } best || cap.Left < best.Left
                || (cap.Left == best.Left && cap.Cap.AtLimit.Action < best.Cap.AtLimit.Action)) tightest = cap;
        }
        return tightest;
    }

    private Binding BindingOf(in CapRoom cap, Instant now)
    {
        var daily = cap.Cap.Period == CapPeriod.Day;
        var resets = daily && period.Contains(now) ? period.DayEnd(period.DayOf(now)) : period.End;
        return new Binding(cap.Cap.Id, "cap", cap.Cap.Limit, cap.Used, resets, cap.Cap.Period);
    }

    /// <summary>Which source would fund the first of these units, and what it would cost (A2, F1).</summary>
    private (Funding?, Amount?) Fund(in TypeRoom type, Instant now)
    {
        if (now < trainingUntil) return (Funding.Training, Amount.Zero);
        return type.Included > 0
            ? (Funding.Included, Amount.Zero)
            : (Funding.OnDemand, type.Type.Price ?? Amount.Zero);
    }

    private TypeRoom? Type(string id)
    {
        foreach (var type in types) if (type.Type.Id == id) return type;
        return null;
    }

    internal readonly record struct CapRoom(Cap Cap, long Used)
    {
        public long Room => Cap.Limit - Used;
        public long Left => Math.Max(0, Room);
    }

    /// <param name="Included">Units of it that are still free in this period.</param>
    private readonly record struct TypeRoom(OutcomeType Type, long Included);
}
