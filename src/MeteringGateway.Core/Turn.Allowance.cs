namespace MeteringGateway.Core;

public sealed partial class Turn
{
    /// <summary>A4: what is held fits under every cap that matches; it is journalled before it is answered.</summary>
    private Answer Reserve(Command.Reserve c)
    {
        if (state.Allowance().Check(c.Question, now) is not { } asked) return UnknownType(c.Question.Subject.What);
        var quantity = c.Question.Quantity;
        var decision = asked;
        if (asked.Reason is not (DecisionReason.Ok or DecisionReason.TenantPaused) && c.AllowPartial && asked.Remaining > 0)
        {
            quantity = asked.Remaining.Value;
            decision = state.Allowance().Check(c.Question with { Quantity = quantity }, now)!;
        }
        if (decision.Kind != DecisionKind.Allow) return new Answer.Reserved(decision, null);
        var id = $"r{state.Sequence + 1}";
        var period = state.Open.Period;
        Add(new Entry.ReservationMade(id, c.Question.Subject, quantity, now + c.Ttl, period.Id, state.CurrentDay(now), decision) { At = now });
        decision = decision with { Remaining = decision.Remaining - quantity, Sequence = state.Sequence };
        return new Answer.Reserved(decision, state.Reservation(id));
    }

    /// <summary>From now; never shorter than it was.</summary>
    private Answer Extend(Command.ExtendReservation c)
    {
        if (state.Held(c.Reservation) is not { } held) return Refuse(Refusal.UnknownReservation, "there is no such reservation, or it has gone");
        var until = Instant.Max(held.ExpiresAt, now + c.Ttl);
        if (until != held.ExpiresAt) Add(new Entry.ReservationExtended(c.Reservation, until) { At = now });
        var decision = state.Allowance().Check(new Question(held.Subject, 1), now);
        return decision is null ? UnknownType(held.Subject.What) : new Answer.Reserved(decision, state.Reservation(c.Reservation));
    }

    private Answer Release(Command.ReleaseReservation c) => state.Held(c.Reservation) is null
        ? new Answer.Done()
        : Add(new Entry.ReservationReleased(c.Reservation) { At = now });

    private Answer Record(Command.RecordCheck c)
    {
        if (state.Allowance().Check(c.Question, now) is not { } decision) return UnknownType(c.Question.Subject.What);
        decision = decision with { Sequence = state.Sequence + 1 };
        Add(new Entry.DecisionRecorded(c.Question, decision) { At = now });
        return new Answer.Decided(decision);
    }

    private static Answer UnknownType(string type) => Refuse(Refusal.UnknownOutcomeType, $"the plan has no outcome type '{type}'");
}
