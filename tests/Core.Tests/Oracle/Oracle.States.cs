namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>
/// States and signals (S1, S2; 0004, 23): from what is settled and pending, never from what is reserved.
/// </summary>
internal sealed partial class Oracle
{
    private readonly Dictionary<string, LimitState> _states = [];
    private readonly Dictionary<string, LimitState> _fundingStates = [];
    private LimitState _ownState;

    public LimitState StateOf(Cap cap) => StateOf(cap, Standing());

    private LimitState StateOf(Cap cap, FundingWalk standing)
    {
        var used = Level(cap, standing);
        if (IsReached(cap, used, standing))
            return cap.AtLimit.Action switch { LimitAction.Handoff => LimitState.Handoff, LimitAction.Pause =>
                LimitState.Paused, _ => LimitState.Warned };
        var crossed = _thresholds.Values.Where(threshold => threshold.Of == Measure.Cap && threshold.Target == cap.Id)
            .Any(threshold => At(threshold, cap.Limit.Value) is { } at && used >= at);
        return crossed ? LimitState.Warned : LimitState.Active;
    }

    // Settled and pending, in units or millionths.
    private long Level(Cap cap, FundingWalk standing) => cap.Limit.IsMoney
        ? Money(cap, Open, Today, standing) : Units(cap, Open, Today, report => report.View, false);

    // One more unit would be refused: of every type in the scope, with the attributes that it names and no others.
    private bool IsReached(Cap cap, long used, FundingWalk standing)
    {
        if (!cap.Limit.IsMoney) return used + 1 > cap.Limit.Value;
        var terms = TermsAt(Now);
        if (cap.Scope.Activity is { } activity)
            return Grows(used, used + (terms.Activity(activity)?.Price ?? Amount.Zero).Micros, cap.Limit);
        var attributes = new Dimensions(cap.Scope.Agent, cap.Scope.Channel, cap.Scope.Workflow);
        return terms.OutcomeTypes.Where(type => cap.Scope.OutcomeType is null || cap.Scope.OutcomeType == type.Id)
            .All(type => Grows(used,
                used + standing.Copy().Add(Asked(new Subject(type.Id, false, attributes), 1)).Price.Micros, cap.Limit));
    }

    /// <summary>Of the funding of a type; null when it is not governed.</summary>
    private LimitState? FundingStateOf(OutcomeType type, FundingWalk standing)
    {
        if (RuleNow(type.Id) is not { } rule) return null;
        var room = new OverageRoom(this, standing, Asked(new Subject(type.Id, false, Dimensions.None), 1), rule);
        room.Take(1, standing.Copy().Add(Asked(new Subject(type.Id, false, Dimensions.None), 1)));
        if (room.Why is null) return LimitState.Active;
        return rule.AtLimit.Action switch { LimitAction.Handoff => LimitState.Handoff, LimitAction.Pause =>
            LimitState.Paused, _ =>
            LimitState.Warned };
    }

    /// <summary>The tenant's own state, those of its caps over everything (0001, 19), and the mildest of the fundings
    /// when all of them
    /// have stopped (0004, 23).</summary>
    public LimitState State
    {
        get
        {
            var standing = Standing();
            var fundings = TermsAt(Now).OutcomeTypes.Select(type => FundingStateOf(type, standing) ?? LimitState.Active)
                .Min();
            return _caps.Values.Where(cap => cap.Scope == Scope.Everything).Select(cap => StateOf(cap, standing))
                .Append(_ownState).Append(fundings >= LimitState.Paused ? fundings : LimitState.Active).Max();
        }
    }

    private void UpdateStates(FundingWalk standing)
    {
        foreach (var gone in _states.Keys.Where(id => !_caps.ContainsKey(id)).ToList())
        {
            if (_states[gone] != LimitState.Active)
                Signals.Add(new ExpectedSignal(SignalAction.Resume, gone, null, LimitState.Active, Now));
            _states.Remove(gone);
        }
        foreach (var cap in _caps.Values)
        {
            var state = StateOf(cap, standing);
            Changed(cap.Id, null, _states.GetValueOrDefault(cap.Id), state);
            _states[cap.Id] = state;
        }
        foreach (var type in TermsAt(Now).OutcomeTypes.Select(type => type.Id).Union(_fundingStates.Keys).ToList())
        {
            var state = (TermsAt(Now).Type(type) is { } known ? FundingStateOf(known, standing) : null)
                ?? LimitState.Active;
            Changed(null, type, _fundingStates.GetValueOrDefault(type), state);
            _fundingStates[type] = state;
        }
        var own = _pausedBy is null ? LimitState.Active : _pausedBy.Action == LimitAction.Handoff ? LimitState.Handoff
            : LimitState.Paused;
        Changed(null, null, _ownState, own);
        _ownState = own;
    }

    private void Changed(string? cap, string? funded, LimitState before, LimitState after)
    {
        if (before == after) return;
        var action = after switch
        {
            LimitState.Paused => SignalAction.Pause,
            LimitState.Handoff => SignalAction.Handoff,
            _ => after < before ? SignalAction.Resume : SignalAction.Warn,
        };
        Signals.Add(new ExpectedSignal(action, cap, funded, after, Now));
    }
}
