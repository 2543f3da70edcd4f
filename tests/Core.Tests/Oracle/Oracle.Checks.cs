namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>Checks, reservations, states and signals (A1 to A5, S1, S2).</summary>
internal sealed partial class Oracle
{
    private readonly Dictionary<string, LimitState> _states = [];
    private LimitState _ownState;
    private AtLimit? _pausedBy;

    /// <summary>A1</summary>
    public Expected.Decided Check(Question question)
    {
        if (_pausedBy is not null)
            return new Expected.Decided(_pausedBy.Action == LimitAction.Handoff ? DecisionKind.Handoff
                : DecisionKind.Pause, DecisionReason.TenantPaused, null, null);
        var today = Days.Of(Open, Now);
        var binding = Denying(question.Subject, Open)
            .Select(cap => (Cap: cap, Left: Math.Max(0, cap.Limit - Exposure(cap, Open, today))))
            .OrderBy(cap => cap.Left).ThenBy(cap => cap.Cap.AtLimit.Action == LimitAction.Handoff)
                .ThenBy(cap => cap.Cap.Id, StringComparer.Ordinal)
            .Cast<(Cap Cap, long Left)?>().FirstOrDefault();
        if (binding is null) return new Expected.Decided(DecisionKind.Allow, DecisionReason.Ok, null, null);
        var (cap, left) = binding.Value;
        if (left >= question.Quantity) return new Expected.Decided(DecisionKind.Allow, DecisionReason.Ok, left, cap.Id);
        return new Expected.Decided(cap.AtLimit.Action == LimitAction.Handoff ? DecisionKind.Handoff
            : DecisionKind.Pause, DecisionReason.CapReached, left, cap.Id);
    }

    private IEnumerable<Cap> Denying(Subject subject, Period period) =>
        CapsFor(period).Where(cap => cap.AtLimit.Action != LimitAction.Notify && Matches(cap.Scope, subject));

    private long? Remaining(Subject subject, Period period, int day) =>
        Denying(subject, period).Select(cap => (long?)Math.Max(0, cap.Limit - Exposure(cap, period, day))).Min();

    // What remains after an event of another period or day, or of training, may be read in more than one way.
    private bool RemainingIsPlain(Period period, int day) =>
        period.Id == Open.Id && day == Days.Of(Open, Now) && _terms.All(terms => terms.Terms.Training is null);

    // A4
    private Expected Reserve(Command.Reserve command)
    {
        var decision = Check(command.Question);
        var quantity = decision.Kind == DecisionKind.Allow ? command.Question.Quantity
            : command.AllowPartial && decision is { Reason: DecisionReason.CapReached, Remaining: > 0 }
                ? decision.Remaining.Value : 0;
        if (quantity == 0) return new Expected.Reserved(decision, null);
        _held.Add(new Held(command.Question.Subject, Open, Days.Of(Open, Now)) { Remaining = quantity, ExpiresAt = Now
            + command.Ttl });
        return new Expected.Reserved(decision, quantity);
    }

    /// <summary>The product chose the id of the reservation that was made last.</summary>
    public void NameLastReservation(string id) => _held[^1].Id = id;

    private Expected Extend(Command.ExtendReservation extend)
    {
        if (_held.FirstOrDefault(held => held.Id == extend.Reservation) is not { } held)
            return new Expected.Refused(Refusal.UnknownReservation);
        if (held.Remaining == 0) throw new AmbiguousException("extending a reservation that is used up");
        if (Now + extend.Ttl < held.ExpiresAt) throw new AmbiguousException("extending a reservation to an earlier time");
        held.ExpiresAt = Now + extend.Ttl;
        return new Expected.Extended(held.ExpiresAt, held.Remaining);
    }

    private Expected.Done Release(string id)
    {
        // Also when it has gone (http.md).
        _held.RemoveAll(held => held.Id == id);
        return new Expected.Done();
    }

    /// <summary>S1: from what is settled and pending; what is reserved does not change it.</summary>
    public LimitState StateOf(Cap cap)
    {
        var used = Exposure(cap, Open, Days.Of(Open, Now), report => report.View, false);
        if (used + 1 > cap.Limit)
            return cap.AtLimit.Action switch { LimitAction.Handoff => LimitState.Handoff, LimitAction.Pause =>
                LimitState.Paused, _ => LimitState.Warned };
        var crossed = TermsAt(Now).Thresholds.Where(threshold => threshold.Cap == cap.Id)
            .Any(threshold => threshold.Units is { } units ? used >= units : used * 100 >= cap.Limit * threshold.Percent!.Value);
        return crossed ? LimitState.Warned : LimitState.Active;
    }

    /// <summary>The tenant's own state, and those of its caps over everything (0001, 19).</summary>
    public LimitState State => _caps.Values.Where(cap => cap.Scope == Scope.Everything).Select(StateOf).Append(_ownState).Max();

    private void UpdateStates()
    {
        foreach (var gone in _states.Keys.Where(id => !_caps.ContainsKey(id)).ToList())
        {
            if (_states[gone] != LimitState.Active) Signals.Add(new ExpectedSignal(SignalAction.Resume, gone, LimitState.Active));
            _states.Remove(gone);
        }
        foreach (var cap in _caps.Values)
        {
            Changed(cap.Id, _states.GetValueOrDefault(cap.Id), StateOf(cap));
            _states[cap.Id] = StateOf(cap);
        }
        var own = _pausedBy is null ? LimitState.Active : _pausedBy.Action == LimitAction.Handoff ? LimitState.Handoff
            : LimitState.Paused;
        Changed(null, _ownState, own);
        _ownState = own;
    }

    private void Changed(string? cap, LimitState before, LimitState after)
    {
        if (before == after) return;
        var action = after < before ? SignalAction.Resume
            : after switch { LimitState.Warned => SignalAction.Warn, LimitState.Paused => SignalAction.Pause, _ =>
                SignalAction.Handoff };
        Signals.Add(new ExpectedSignal(action, cap, after));
    }
}
