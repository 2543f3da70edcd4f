using System.Collections.Immutable;

namespace MeteringGateway.Core;

public ref partial struct Turn
{
    private Answer Report(Command.ReportOutcome c, bool recallDone, Outcome? recalled)
    {
        if (_state.Find(c.OutcomeId) is not null || recalled is not null)
            return Refuse(Refusal.OutcomeExists, $"outcome '{c.OutcomeId}' was reported by another event");
        if (!recallDone && _state.MayBeArchived(c.OutcomeId)) return new Answer.Needs(c.OutcomeId);

        var time = c.Time ?? _now;
        var type = _state.TermsAt(time).Type(c.OutcomeType)!;
        var session = _state.SessionAt(c.Session, time);
        if (OneOutcomeTooMany(session, type) is { } full) return full;
        var book = _state.BookAt(time)!;
        var place = new Place(book, book.Period.DayOf(time),
            new Subject(c.OutcomeType, IsActivity: false, c.Dimensions), c.Quantity);
        var ruledOut = RuledOut(c, type);
        if (ruledOut == Reason.None && Overflow(place, type, c, Drawable(place, c)) is { } tooMuch) return tooMuch;
        var facts = _state.WaitingFor(c.OutcomeId, _now);
        if (ruledOut != Reason.None)
            Add(Reported(c, place, time,
                new Verdict(OutcomeStatus.NonBillable, ruledOut, time, null, WindowEnd.None, null), admitted: false,
                null, 0, []));
        else
        {
            var refused = facts.IsEmpty && session?.HasOutcomes != true
                ? ReportAlone(c, place, time, type, session)
                : ReportBeside(Unreported(c, place, time, facts), c, place, type);
            if (refused is not null) return refused;
        }
        return _state.Seen(c.Id)!.Value.Answer(c.OutcomeId, duplicate: false);
    }

    /// <summary>
    /// The usual case: a success that nothing is said of yet, the first of its session. Admitted if every cap has room
    /// (C2, C4).
    /// </summary>
    /// <returns>Null: it was taken.</returns>
    private Answer? ReportAlone(Command.ReportOutcome c, in Place place, Instant time, OutcomeType type,
        Session? session)
    {
        var verdict = Lifecycle.EvaluateAlone(type, time, c.Verification, _state.IsTraining(time),
            session?.Activities, _now);
        var drawn = Drawable(place, c);
        var admitted = Weighs(verdict, type) || (MayWeigh(verdict) && drawn > 0);
        var fit = new Fit(Reason.None, []);
        Outcome? outcome = null;
        if (admitted)
        {
            outcome = IsRestricted(place.Book, time) ? Unreported(c, place, time, []) : null;
            fit = Fits(place, outcome, [], c);
            if (fit.Reason != Reason.None) (verdict, admitted) = (Refused(verdict, fit.Reason), false);
        }
        if (drawn > 0 && !admitted && Overflow(place, type, c, drawn: 0) is { } tooMuch) return tooMuch;
        Keep(Reported(c, place, time, verdict, admitted, admitted ? place with { Of = outcome } : null,
            admitted ? drawn : 0, fit.Counters));
        return null;
    }

    /// <summary>A report that shares its session with others, or of which something has been said.</summary>
    /// <returns>Null: it was taken.</returns>
    private Answer? ReportBeside(Outcome outcome, Command.ReportOutcome c, in Place place, OutcomeType type)
    {
        var judgement = Judge(_state.GroupOf(outcome, type), c);
        var drawn = judgement.Judged.Find(item => item.Outcome.IsNew) is { Outcome: not null } item
            ? Draws(item, judgement.Judged, c) : 0;
        if (drawn < Drawable(place, c) && Overflow(place, type, c, drawn) is { } tooMuch)
        {
            _state.Dismiss(outcome);
            return tooMuch;
        }
        TakeAll(judgement, c);
        return null;
    }

    /// <summary>A report as its session's evaluation sees it before it is in the state.</summary>
    private Outcome Unreported(Command.ReportOutcome c, in Place place, Instant time,
        ImmutableArray<Fact> facts) => new()
    {
        Event = c.Id, Id = c.OutcomeId, Time = time, Type = c.OutcomeType, Quantity = c.Quantity, Result = c.Result,
        Period = place.Book.Period.Id, Day = place.Day, Session = c.Session, Dimensions = c.Dimensions,
        CriteriaMet = c.CriteriaMet,
        HandedOff = c.HandedOff, Verification = c.Verification, Opened = time, Facts = facts,
        Terms = _state.TermsIndexAt(time),
    };

    /// <summary>O1, O7: what is non-billable by the report alone, in the order of precedence.</summary>
    private static Reason RuledOut(Command.ReportOutcome c, OutcomeType type)
    {
        if (c.Result != Result.Success) return FailureReason(c.Result);
        if (c.HandedOff && !type.HandoffBillable) return Reason.Escalated;
        foreach (var criterion in type.RequiredCriteria)
            if (!c.CriteriaMet.Contains(criterion)) return Reason.CriteriaNotMet;
        return c.Sandbox ? Reason.Sandbox : Reason.None;
    }

    private static Reason FailureReason(Result result) =>
        (Reason)((int)Reason.Escalated + (int)result - (int)Result.Escalated);

    /// <param name="counts">Where the units count that begin to: those that this report brings, in its own name or in
    /// that of the outcome that it continues, or another's of its session.</param>
    private Entry.OutcomeReported Reported(
        Command.ReportOutcome c, in Place place, Instant time, in Verdict verdict, bool admitted, Place? counts,
        int drawn, Counters[] counters) => new(
        c.Id, c.Fingerprint, time, c.OutcomeType, c.OutcomeId, c.Quantity, c.Result, c.Session, c.Dimensions,
        c.CriteriaMet, c.HandedOff, c.Sandbox,
        c.Verification, place.Book.Period.Id, verdict.Status, verdict.Reason, admitted, verdict.ClosesAt, verdict.End,
        verdict.ContinuationOf,
        c.Reservation, drawn, LeftAfter(place, counts, drawn, c, counters), Hash(c.Detail))
        { At = _now, Customer = c.Customer };

    /// <summary>O6: a confirmation, reversal or verdict; before its report it waits.</summary>
    private Answer Take(Command.ReportFact c, bool recallDone, Outcome? recalled)
    {
        var time = c.Time ?? _now;
        if (_state.Find(c.OutcomeId) is not { } outcome)
        {
            if (!recallDone && _state.MayBeArchived(c.OutcomeId)) return new Answer.Needs(c.OutcomeId);
            if (recalled is null && c.IsVerdict)
                return Refuse(Refusal.UnknownOutcome, $"there is no outcome '{c.OutcomeId}'");
            if ((recalled is null ? OneFactTooMany(c) : OneFactTooMany(c, recalled)) is { } no) return no;
            if (recalled is not null && OneDisputeTooMany(c, time, recalled) is { } full) return full;
            return recalled is null ? Wait(c, time) : OnForgotten(c, time, recalled);
        }
        if (OneFactTooMany(c, outcome) is { } tooMany) return tooMany;
        var root = _state.Root(outcome)!;
        if (OneDisputeTooMany(c, time, root) is { } tooManyOpen) return tooManyOpen;
        var summary = new OutcomeSummary(c.OutcomeId, root.Status, root.Reason);
        if (!outcome.MayHold || _state.IsFinal(outcome))
        {
            Add(Reported(c, time, waits: false, summary));
            return new Answer.Accepted(Duplicate: false, summary, null);
        }
        if (IsForgotten(outcome)) return OnForgotten(c, time, root);
        // Judged before it is journalled, so that the entry can tell what came of it: the first answer, for good (I1).
        var fact = new Fact(c.Id, time, c.Kind, c.Verification);
        var said = outcome with { Facts = outcome.Facts.Add(fact) };
        var judgement = Judge(_state.GroupOf(said, _state.TypeOf(outcome)), null);
        summary = Summary(c.OutcomeId, judgement) ?? summary;
        Add(Reported(c, time, waits: false, summary, CountOf(c, root, outcome)));
        TakeAll(judgement, null);
        return new Answer.Accepted(Duplicate: false, summary, null);
    }

    private static OutcomeSummary? Summary(string id, in Judgement judgement)
    {
        var judged = judgement.Judged;
        var root = judged.Find(item => item.Outcome.Id == id).Verdict.ContinuationOf ?? id;
        var standing = judged.Find(item => item.Outcome.Id == root);
        return standing.Outcome is null ? null
            : new OutcomeSummary(id, standing.Verdict.Status, standing.Verdict.Reason);
    }

    private Answer Wait(Command.ReportFact c, Instant time)
    {
        Add(Reported(c, time, waits: true, null));
        return new Answer.Accepted(Duplicate: false, null, null);
    }

    /// <summary>Facts at the times at which they apply: not before the report that they are about.</summary>
    private static IEnumerable<Fact> SaidOf(Outcome outcome) =>
        outcome.Facts.Select(fact => fact with { Time = Instant.Max(fact.Time, outcome.Time) });

    /// <param name="counts">See <see cref="CountOf"/>.</param>
    private Entry.FactReported Reported(Command.ReportFact c, Instant time, bool waits, OutcomeSummary? outcome,
        VerdictCount? counts = null)
    {
        _verdict = counts;
        return new(
            c.Id, c.Fingerprint, time, c.OutcomeId, c.Kind, c.Session, c.Dimensions, c.Verification, c.Csat, waits,
            outcome, Hash(c.Detail)) { At = _now, Actor = _actor, IsApart = c.IsVerdict, Counts = counts };
    }

    /// <summary>
    /// Its session has been forgotten, so it cannot be judged with the others any more; its windows are long closed.
    /// </summary>
    private bool IsForgotten(Outcome outcome) =>
        outcome.Session is not null && _state.TypeOf(outcome).OncePerSession && _state.SessionOf(outcome) is null;

    /// <summary>
    /// O3, O5: of an outcome that has left memory, or whose session has, only a credit or a dispute remains.
    /// </summary>
    private Answer OnForgotten(Command.ReportFact c, Instant time, Outcome outcome)
    {
        var fact = new Fact(c.Id, time, c.Kind, c.Verification);
        var within = outcome.ClosesAt is { } closes && time < closes;
        var credits = outcome.Status == OutcomeStatus.Billable && fact.IsReversal
            && (within || (fact.Kind != FactKind.VerdictRejected && _state.TypeOf(outcome).CreditAfterWindow));
        var summary = new OutcomeSummary(c.OutcomeId, credits ? OutcomeStatus.Credited : outcome.Status,
            outcome.Reason);
        Add(Reported(c, time, waits: false, summary, CountOf(c, outcome, outcome)));
        outcome = outcome with { Facts = outcome.Facts.Add(fact), ChangedBy = outcome.ChangedBy.Add(_state.Sequence) };
        if (IsDisputed(outcome, SaidOf(outcome)))
        {
            outcome = Open(outcome, RejectedByBuyer, DisputeVia.Verdict);
        }
        else if (credits)
        {
            var closed = _state.Book(outcome.Period)!.Status == PeriodStatus.Closed;
            // Of what is added, the first: grants may follow it.
            var changed = _state.Sequence + 1;
            var correction = closed ? _state.CorrectionOf(outcome, _now) : null;
            var credit = CreditOf(outcome, correction, WhyCredited(outcome, outcome.Facts));
            Credit(Changed(outcome, outcome.Credited(), admitted: false), correction, credit);
            outcome = outcome with { Status = OutcomeStatus.Credited, Admitted = false, Credit = credit,
                ChangedBy = outcome.ChangedBy.Add(changed) };
        }
        if (_state.Find(outcome.Id) is null) _state.Depart(outcome);
        return new Answer.Accepted(Duplicate: false, summary, null);
    }
}
