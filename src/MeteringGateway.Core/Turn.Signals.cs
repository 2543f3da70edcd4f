namespace MeteringGateway.Core;

public sealed partial class Turn
{
    /// <summary>S1: each cap whose state is no longer what was last signalled. Reservations deny, but do not change a state.</summary>
    private void Signal()
    {
        while (state.Lifted is { } lifted) Add(StateChanged(lifted, LimitState.Active));
        var caps = state.Open.Caps;
        for (var i = 0; i < caps.Count; i++)
        {
            var cap = caps[i];
            var reached = StateOf(cap);
            if (reached != cap.State) Add(StateChanged(cap, reached));
        }
    }

    private LimitState StateOf(CapBook cap)
    {
        var used = cap.Cap.Period == CapPeriod.BillingPeriod ? cap.Total.Counted : cap.On(state.CurrentDay(now)).Counted;
        if (used >= cap.Cap.Limit) return TenantState.StateOf(cap.Cap.AtLimit);
        foreach (var threshold in state.Terms.Thresholds)
            if (threshold.Cap == cap.Cap.Id && used >= threshold.Level(cap.Cap.Limit)) return LimitState.Warned;
        return LimitState.Active;
    }

    private Entry.StateChanged StateChanged(CapBook cap, LimitState reached)
    {
        var stopped = reached >= LimitState.Paused;
        var period = state.Open.Period;
        return new Entry.StateChanged(
            cap.Cap.Id, reached, ActionOf(cap.State, reached), cap.Cap.Scope, cap.Cap.Limit, stopped ? DecisionReason.CapReached : DecisionReason.Ok,
            reached == LimitState.Handoff ? cap.Cap.AtLimit : null,
            cap.Cap.Period == CapPeriod.Day ? period.DayEnd(state.CurrentDay(now)) : period.End) { At = now };
    }

    /// <summary>Upwards it is named for what is reached; downwards agents go on.</summary>
    private static SignalAction ActionOf(LimitState from, LimitState to) =>
        to < from ? SignalAction.Resume
        : to switch { LimitState.Warned => SignalAction.Warn, LimitState.Paused => SignalAction.Pause, _ => SignalAction.Handoff };

    private Answer Pause(Command.Pause c)
    {
        var before = TenantStateOf(state.Paused);
        Add(new Entry.TenantPaused(c.Action, c.Reason) { At = now, Actor = actor });
        return SignalTenant(before, TenantState.StateOf(c.Action), c.Action);
    }

    private Answer Resume()
    {
        if (state.Paused is null) return new Answer.Done();
        var before = TenantStateOf(state.Paused);
        Add(new Entry.TenantResumed { At = now, Actor = actor });
        return SignalTenant(before, LimitState.Active, null);
    }

    private static LimitState TenantStateOf(Entry.TenantPaused? paused) => paused is null ? LimitState.Active : TenantState.StateOf(paused.Action);

    private Answer SignalTenant(LimitState before, LimitState after, AtLimit? action) => before == after
        ? new Answer.Done()
        : Add(new Entry.StateChanged(
            null, after, ActionOf(before, after), null, null, after == LimitState.Active ? DecisionReason.Ok : DecisionReason.TenantPaused,
            after == LimitState.Handoff ? action : null, null) { At = now });

    private Answer Acknowledge(Command.Acknowledge c) => state.IsKept(c.Signal)
        ? Add(new Entry.SignalAcknowledged(c.Signal, c.Agent) { At = now, Actor = actor })
        : Refuse(Refusal.UnknownSignal, $"there is no signal {c.Signal}, or it is no longer kept");
}
