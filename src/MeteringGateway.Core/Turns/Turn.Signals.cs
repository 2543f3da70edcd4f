namespace MeteringGateway.Core;

public sealed partial class Turn
{
    /// <summary>
    /// S1: each cap whose state is no longer what was last signalled. Reservations deny, but do not change a state.
    /// </summary>
    private void Signal()
    {
        while (_state.Lifted is { } lifted) Add(StateChanged(lifted, LimitState.Active));
        var caps = _state.Open.Caps;
        for (var i = 0; i < caps.Count; i++)
        {
            var cap = caps[i];
            var reached = StateOf(cap);
            if (reached != cap.State) Add(StateChanged(cap, reached));
        }
    }

    private LimitState StateOf(CapBook cap)
    {
        var day = cap.Cap.Period == CapPeriod.Day ? _state.CurrentDay(_now) : 0;
        var used = cap.Cap.Limit.IsMoney ? _state.ExposureOf(_state.Open, cap, day, _now).Counted : cap.On(day).Counted;
        if (cap.Cap.Limit.IsMoney ? !_state.FitsOne(cap.Cap, used, _now) : used >= cap.Cap.Limit.Value)
            return TenantState.StateOf(cap.Cap.AtLimit);
        foreach (var book in _state.ThresholdBooks)
        {
            var threshold = book.Threshold;
            if (threshold.Of == Measure.Cap && threshold.Target == cap.Cap.Id
                && used >= threshold.Level(cap.Cap.Limit.Value)) return LimitState.Warned;
        }
        return LimitState.Active;
    }

    /// <summary>
    /// S1: a governed type's funding has a state of its own, reached when one more unit would be refused by it alone.
    /// </summary>
    private void SignalFunding()
    {
        if (_state.Open.Funding is null && !_state.Restricts(_state.Open, _state.Terms)) return;
        foreach (var type in _state.Terms.OutcomeTypes.OrderBy(type => type.Id, StringComparer.Ordinal))
        {
            var before = _state.Open.FundingOf(type.Id);
            var reason = _state.FundsOne(type, _now);
            var limit = Pricing.RuleOf(type, _state.Terms).AtLimit;
            var after = reason == DecisionReason.Ok ? LimitState.Active : limit.Action == LimitAction.Handoff
                ? LimitState.Handoff : LimitState.Paused;
            if (after == before) continue;
            Add(new Entry.StateChanged(
                null, after, ActionOf(before, after), new Scope(type.Id), null, reason, after == LimitState.Handoff
                    ? limit : null,
                after == LimitState.Active ? null : _state.Open.Period.End, before) { At = _now });
        }
        // A type that the plan no longer has stops nobody.
        foreach (var (type, before) in _state.Open.Funding?.ToArray() ?? [])
            if (_state.Terms.Type(type) is null)
                Add(new Entry.StateChanged(null, LimitState.Active, ActionOf(before, LimitState.Active),
                    new Scope(type), null, DecisionReason.Ok, null, null, before) { At = _now });
    }

    private Entry.StateChanged StateChanged(CapBook cap, LimitState reached)
    {
        var stopped = reached >= LimitState.Paused;
        var period = _state.Open.Period;
        return new Entry.StateChanged(
            cap.Cap.Id, reached, ActionOf(cap.State, reached), cap.Cap.Scope, cap.Cap.Limit, stopped
                ? DecisionReason.CapReached : DecisionReason.Ok,
            reached == LimitState.Handoff ? cap.Cap.AtLimit : null,
            cap.Cap.Period == CapPeriod.Day ? period.DayEnd(_state.CurrentDay(_now))
                : period.End, cap.State) { At = _now };
    }

    /// <summary>Named for the stop that is reached; from a stop, or from a warning, downwards agents go on.</summary>
    private static SignalAction ActionOf(LimitState from, LimitState to) => to switch
    {
        LimitState.Handoff => SignalAction.Handoff,
        LimitState.Paused => SignalAction.Pause,
        _ => to < from ? SignalAction.Resume : SignalAction.Warn,
    };

    private Answer Pause(Command.Pause c)
    {
        var before = TenantStateOf(_state.Paused);
        Add(new Entry.TenantPaused(c.Action, c.Reason) { At = _now, Actor = _actor });
        return SignalTenant(before, TenantState.StateOf(c.Action), c.Action);
    }

    private Answer Resume()
    {
        if (_state.Paused is null) return new Answer.Done();
        var before = TenantStateOf(_state.Paused);
        Add(new Entry.TenantResumed { At = _now, Actor = _actor });
        return SignalTenant(before, LimitState.Active, null);
    }

    private static LimitState TenantStateOf(Entry.TenantPaused? paused) =>
        paused is null ? LimitState.Active : TenantState.StateOf(paused.Action);

    private Answer SignalTenant(LimitState before, LimitState after, AtLimit? action) => before == after
        ? new Answer.Done()
        : Add(new Entry.StateChanged(
            null, after, ActionOf(before, after), null, null, after == LimitState.Active ? DecisionReason.Ok
                : DecisionReason.TenantPaused,
            after == LimitState.Handoff ? action : null, null, before) { At = _now });

    private Answer Acknowledge(Command.Acknowledge c) => _state.IsKept(c.Signal)
        ? Add(new Entry.SignalAcknowledged(c.Signal, c.Agent) { At = _now, Actor = _actor })
        : Refuse(Refusal.UnknownSignal, $"there is no signal {c.Signal}, or it is no longer kept");
}
