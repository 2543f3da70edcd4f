namespace MeteringGateway.Core;

public ref partial struct Turn
{
    /// <summary>A4: what is held fits under every cap that matches; it is journalled before it is answered.</summary>
    private Answer Reserve(Command.Reserve c)
    {
        var allowance = _state.Allowance();
        if (allowance.Check(c.Question, _now) is not { } asked)
            return UnknownType(_state.Terms, c.Question.Subject.What);
        var quantity = c.Question.Quantity;
        var decision = asked;
        if (asked.Reason is not (DecisionReason.Ok or DecisionReason.TenantPaused) && c.AllowPartial
            && asked.Remaining > 0)
        {
            quantity = asked.Remaining.Value;
            decision = allowance.Check(c.Question with { Quantity = quantity }, _now)!;
        }
        if (decision.Kind != DecisionKind.Allow) return new Answer.Reserved(decision, null);
        if (OneReservationTooMany() is { } tooMany) return tooMany;
        if (Overflow(_state.Open, _state.HeldUnitStake(_state.Open, c.Question.Subject) * quantity) is { } tooMuch)
            return tooMuch;
        var id = $"r{_state.Sequence + 1}";
        var period = _state.Open.Period;
        Add(new Entry.ReservationMade(id, c.Question.Subject, quantity, _now + c.Ttl, period.Id,
            _state.CurrentDay(_now), decision) { At = _now });
        var left = decision.Remaining - quantity;
        decision = decision with
        {
            Remaining = !allowance.TakesFromHeld(c.Question.Subject) ? left
                : Least(left, _state.LeftBeforeHeld(c.Question.Subject, _now, null, 0, left)),
            Sequence = _state.Sequence,
        };
        return new Answer.Reserved(decision, _state.Reservation(id));
    }

    /// <summary>From now; never shorter than it was.</summary>
    private Answer Extend(Command.ExtendReservation c)
    {
        if (_state.Held(c.Reservation) is not { } held)
            return Refuse(Refusal.UnknownReservation, "there is no such reservation, or it has gone");
        var until = Instant.Max(held.ExpiresAt, _now + c.Ttl);
        if (until != held.ExpiresAt) Add(new Entry.ReservationExtended(c.Reservation, until) { At = _now });
        var decision = _state.Allowance().Check(new Question(held.Subject, 1), _now);
        return decision is null ? UnknownType(_state.Terms, held.Subject.What)
            : new Answer.Reserved(decision, _state.Reservation(c.Reservation));
    }

    private Answer Release(Command.ReleaseReservation c) => _state.Held(c.Reservation) is null
        ? new Answer.Done()
        : Add(new Entry.ReservationReleased(c.Reservation) { At = _now });

    private Answer Record(Command.RecordCheck c)
    {
        if (_state.Allowance().Check(c.Question, _now) is not { } decision)
            return UnknownType(_state.Terms, c.Question.Subject.What);
        decision = decision with { Sequence = _state.Sequence + 1 };
        Add(new Entry.DecisionRecorded(c.Question, decision) { At = _now });
        return new Answer.Decided(decision);
    }

    private static Answer UnknownType(Terms terms, string type) =>
        Refuse(Refusal.UnknownOutcomeType, terms.NoSuchType(type));
}
