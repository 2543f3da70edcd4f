using System.Collections.Immutable;

namespace MeteringGateway.Core;

public ref partial struct Turn
{
    private static readonly ImmutableArray<Stop> Everything = [new Stop(StopOn.Any)];

    /// <summary>
    /// S1, S6: each key that is no longer as it was last told. Reservations deny, but do not change a state.
    /// </summary>
    private void Signal()
    {
        SignalTenant();
        if (_state.ClosedAt is not null) return; // nothing but that is told of it any more
        while (_state.Lifted is { } lifted) Tell(lifted, Standing.Active, null);
        var next = new NextUnits(_state, _now);
        var caps = _state.Open.Caps;
        for (var i = 0; i < caps.Count; i++) Signal(caps[i], next);
        SignalFunding(next);
    }

    private void SignalTenant()
    {
        var (told, reason, limit) = (_state.Told, DecisionReason.TenantPaused, _state.Paused?.Action);
        if (_state.ClosedAt is not null) (reason, limit) = (DecisionReason.TenantClosed, AtLimit.Pause);
        if (limit is null && told is null) return;
        var standing = limit is null ? Standing.Active : Standing.Stopped(limit, reason, Everything);
        if (told is not null && standing.IsAs(told)) return;
        Add(Changed(null, null, null, told?.State ?? LimitState.Active, standing, null));
    }

    private void Signal(CapBook cap, NextUnits next)
    {
        var used = next.Used(cap);
        var stops = next.StopsOf(cap, used);
        var standing = !stops.IsEmpty
            ? cap.Cap.AtLimit.Action == LimitAction.Notify ? Standing.Warned
                : Standing.Stopped(cap.Cap.AtLimit, DecisionReason.CapReached, stops)
            : used >= _state.WarnsFrom(cap) ? Standing.Warned : Standing.Active;
        var told = cap.Told is { } signal ? standing.IsAs(signal)
            : cap.State == LimitState.Active && standing.State == LimitState.Active;
        if (!told) Tell(cap, standing, used);
    }

    private void Tell(CapBook cap, in Standing standing, long? used)
    {
        var period = _state.Open.Period;
        var resets = cap.Cap.Period == CapPeriod.Day ? period.DayEnd(_state.CurrentDay(_now)) : period.End;
        var entry = Changed(cap.Cap.Id, cap.Cap.Scope, cap.Cap.Limit, cap.State, standing, resets);
        Add(Numbered(entry with { Used = used is { } units ? cap.Cap.Limit.With(units) : null }));
    }

    /// <summary>
    /// S1: a governed type's funding has a state of its own, reached when one more unit would be refused by it alone.
    /// </summary>
    private void SignalFunding(NextUnits next)
    {
        var open = _state.Open;
        var restricted = next.Restricted;
        if (restricted.IsEmpty && open.Funding is null) return;
        foreach (var type in restricted)
        {
            var (stops, reason) = next.Unfunded(type);
            Tell(type.Id, stops.IsEmpty ? Standing.Active
                : Standing.Stopped(Pricing.RuleOf(_state.Terms.Type(type.Id)!, _state.Terms).AtLimit, reason, stops));
        }
        // A type that nothing restricts any more, or that the plan no longer has, stops nobody.
        foreach (var type in open.Funding?.Keys.ToArray() ?? [])
            if (!restricted.Any(one => one.Id == type)) Tell(type, Standing.Active);
    }

    private void Tell(string type, in Standing standing)
    {
        var before = _state.Open.FundingOf(type);
        if (_state.FundingTold(type) is { } told ? standing.IsAs(told)
            : before == LimitState.Active && standing.State == LimitState.Active) return;
        var resets = standing.State == LimitState.Active ? (Instant?)null : _state.Open.Period.End;
        Add(Numbered(Changed(null, new Scope(type), null, before, standing, resets)));
    }

    private Entry.StateChanged Changed(string? cap, Scope? scope, Limit? limit, LimitState before,
        in Standing standing, Instant? resets) => new(
        cap, standing.State, ActionOf(before, standing.State), scope, limit, standing.Reason, standing.Handoff, resets,
        before, standing.Stops, null, 0) { At = _now };

    /// <summary>Named for the stop that is reached; from a stop, or from a warning, downwards agents go on.</summary>
    private static SignalAction ActionOf(LimitState from, LimitState to) => to switch
    {
        LimitState.Handoff => SignalAction.Handoff,
        LimitState.Paused => SignalAction.Pause,
        _ => to < from ? SignalAction.Resume : SignalAction.Warn,
    };

    private Answer.Done Pause(Command.Pause c) =>
        Add(new Entry.TenantPaused(c.Action, c.Reason) { At = _now, Actor = _actor });

    private Answer.Done Resume() =>
        _state.Paused is null ? new Answer.Done() : Add(new Entry.TenantResumed { At = _now, Actor = _actor });

    private Answer Acknowledge(Command.Acknowledge c) => _state.IsKept(c.Signal)
        ? Add(new Entry.SignalAcknowledged(c.Signal, c.Agent) { At = _now, Actor = _actor })
        : Refuse(Refusal.UnknownSignal, $"there is no signal {c.Signal}, or it is no longer kept");

    /// <summary>How a key is.</summary>
    private readonly record struct Standing(LimitState State, DecisionReason Reason, AtLimit? Handoff,
        ImmutableArray<Stop> Stops)
    {
        public static readonly Standing Active = new(LimitState.Active, DecisionReason.Ok, null, []);
        public static readonly Standing Warned = new(LimitState.Warned, DecisionReason.Ok, null, []);

        public static Standing Stopped(AtLimit limit, DecisionReason reason, ImmutableArray<Stop> stops) =>
            limit.Action == LimitAction.Handoff ? new Standing(LimitState.Handoff, reason, limit, stops)
                : new Standing(LimitState.Paused, reason, null, stops);

        public bool IsAs(Signal told) => State == told.State && Reason == told.Reason && Handoff == told.Handoff
            && told.Stops is { } stops && (Stops == stops || Stops.AsSpan().SequenceEqual(stops.AsSpan()));
    }
}
