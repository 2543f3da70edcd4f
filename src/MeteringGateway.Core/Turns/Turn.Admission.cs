using System.Diagnostics;

namespace MeteringGateway.Core;

/// <summary>Evaluating a session group and admitting what it asks for (C2 to C5).</summary>
public ref partial struct Turn
{
    /// <summary>Where a quantity would count: period, local day, and what it is of.</summary>
    /// <param name="Of">The outcome, where there is one already.</param>
    private readonly record struct Place(PeriodBook Book, int Day, Subject Subject, int Quantity, Outcome? Of = null);

    /// <param name="Said">See <see cref="Lifecycle.SaidLast"/>.</param>
    /// <param name="Anew">It has lost its place, and settles all the same.</param>
    private readonly record struct Judged(Outcome Outcome, Verdict Verdict, bool Admitted, List<SessionStep> Said,
        bool Anew = false);

    /// <param name="Judged">Those that would have been admitted and do not fit are last.</param>
    /// <param name="Counters">Those with what begins to count; none where money restricts nothing.</param>
    private readonly record struct Judgement(List<Judged> Judged, Counters[] Counters);

    /// <summary>
    /// Re-evaluates an outcome's group and takes what differs: first what gives room back, then the report, then what
    /// else takes room, each entry within every cap (C2). What settles because of a report settles after it, so that
    /// nobody takes the report for one that came too late (I4).
    /// </summary>
    private void Evaluate(Outcome outcome) =>
        TakeAll(Judge(_state.GroupOf(outcome, _state.TypeOf(outcome)), null), null);

    /// <param name="report">The group's one outcome that is not yet in the state, if any.</param>
    private void TakeAll(in Judgement judgement, Command.ReportOutcome? report)
    {
        var judged = judgement.Judged;
        foreach (var item in judged) if (GivesBack(item)) Take(item);
        foreach (var item in judged) if (item.Outcome.IsNew) TakeReport(item, judgement, report!);
        foreach (var item in judged)
        {
            if (!item.Outcome.IsNew && !GivesBack(item)) Take(item);
            // A report opens a window of its own; what opened another one at once is said after it.
            if (item.Outcome.IsNew && item.Verdict.Opened != item.Outcome.Time)
                Take(item with { Outcome = _state.Find(item.Outcome.Id)! });
        }
        foreach (var item in judged)
        {
            if (_state.Find(item.Outcome.Id) is not { Status: OutcomeStatus.Billable, IsAlias: false } outcome)
                continue;
            if (IsDisputed(outcome, SaidOf(item))) Open(outcome, RejectedByBuyer, DisputeVia.Verdict);
        }
    }

    /// <summary>Facts on an outcome and on what continues it, at the times at which they apply.</summary>
    private static IEnumerable<Fact> SaidOf(Judged item) =>
        item.Said.Select(step => step.Fact! with { Time = step.Time });

    private static bool GivesBack(in Judged item) => item.Outcome.Admitted && !item.Admitted;

    private void Take(in Judged item)
    {
        var (outcome, verdict, admitted, _, anew) = item;
        if (verdict.ContinuationOf is { } root && outcome.ContinuationOf == root) return;
        if (verdict.Same(outcome) && admitted == outcome.Admitted && !anew) return;
        var credited = verdict.Status == OutcomeStatus.Credited && outcome.Status != OutcomeStatus.Credited;
        var closed = _state.Book(outcome.Period)!.Status == PeriodStatus.Closed;
        var correction = credited && closed ? _state.CorrectionOf(outcome, _now) : null;
        var judged = outcome with { Opened = verdict.Opened, ClosesAt = verdict.ClosesAt };
        Credit(Changed(outcome, verdict, admitted) with { Anew = anew }, correction,
            credited ? CreditOf(outcome, correction, WhyCredited(judged, SaidOf(item))) : null);
    }

    /// <summary>
    /// A report that continues an outcome brings that outcome's units, and draws what it holds for them (O3, A4).
    /// </summary>
    private int Draws(Judged item, List<Judged> judged, Command.ReportOutcome report) =>
        CarrierOf(item, judged) is var carrier && BeginsToCount(carrier)
            ? Drawable(PlaceOf(carrier.Outcome), report) : 0;

    /// <summary>At most one of a group does, by one command: whoever holds the session in the end.</summary>
    private static bool BeginsToCount(Judged item) => item.Admitted && !item.Outcome.Admitted;

    /// <summary>The outcome whose units it brings: its own, or the one that it continues.</summary>
    private static Judged CarrierOf(Judged item, List<Judged> judged) =>
        item.Verdict.ContinuationOf is { } root ? judged.Find(other => other.Outcome.Id == root) : item;

    private void TakeReport(in Judged item, in Judgement judgement, Command.ReportOutcome report)
    {
        var drawn = Draws(item, judgement.Judged, report);
        // What is left beside the report is told with what the others are about to take (A2).
        Place? counts = judgement.Judged.Find(BeginsToCount) is { Outcome: { } outcome } ? PlaceOf(outcome) : null;
        Add(Reported(report, PlaceOf(item.Outcome), item.Outcome.Time, item.Verdict, item.Admitted, counts, drawn,
            judgement.Counters));
    }

    private Place PlaceOf(Outcome outcome) => new(_state.Book(outcome.Period)!, outcome.Day, outcome.Subject,
        outcome.Quantity, outcome);

    private Entry.OutcomeChanged Changed(Outcome outcome, in Verdict verdict, bool admitted) => new(
        outcome.Id, verdict.Status, verdict.Reason, admitted, verdict.Opened, verdict.ClosesAt, verdict.End,
        verdict.ContinuationOf, null) { At = _now };

    /// <summary>What was not admitted does not count: without it the group is judged again (I4, C4).</summary>
    private Judgement Judge(Lifecycle group, Command.ReportOutcome? report)
    {
        var refused = new List<Judged>();
        while (true)
        {
            var candidates = group.Judge(_now);
            var judged = new List<Judged>(candidates.Count);
            foreach (var one in candidates)
            {
                var verdict = one.Standing;
                judged.Add(new Judged(one.Outcome, verdict, Weighs(verdict, one.Type)
                    || (MayWeigh(verdict) && Held(one, candidates, report) > 0), group.SaidLast(one),
                    one.HasLost && Outcome.HasSettled(verdict.Reason, verdict.End)));
            }
            var (misfit, counters) = Admit(judged, report);
            if (misfit.Outcome is null)
            {
                group.Judged();
                judged.AddRange(refused);
                return new Judgement(judged, counters);
            }
            refused.Add(new Judged(misfit.Outcome, Refused(misfit.Outcome, misfit.Reason), false, []));
            group.Remove(misfit.Outcome.Id);
        }
    }

    /// <summary>
    /// The first that would be admitted and does not fit, with the reason; or, if all fit, the counters with what
    /// begins to count.
    /// </summary>
    private ((Outcome Outcome, Reason Reason) Misfit, Counters[] Counters) Admit(List<Judged> judged,
        Command.ReportOutcome? report)
    {
        Debug.Assert(judged.Count(BeginsToCount) <= 1, "at most one of a group begins to count by one command");
        Counters[] counters = [];
        foreach (var item in judged)
        {
            if (!BeginsToCount(item)) continue;
            var fit = Fits(PlaceOf(item.Outcome), item.Outcome, judged, Bringing(item, judged, report));
            if (fit.Reason != Reason.None) return ((item.Outcome, fit.Reason), []);
            counters = fit.Counters;
        }
        return (default, counters);
    }

    /// <summary>The report, if it brings this outcome's units: as the outcome itself, or as its continuation.</summary>
    private static Command.ReportOutcome? Bringing(Judged item, List<Judged> judged, Command.ReportOutcome? report) =>
        judged.Exists(other => other.Outcome.IsNew
            && (other.Outcome.Id == item.Outcome.Id || other.Verdict.ContinuationOf == item.Outcome.Id))
            ? report : null;

    /// <summary>Units that were, or would be, taken out of a reservation for this outcome by its reports.</summary>
    private int Held(Candidate one, List<Candidate> candidates, Command.ReportOutcome? report) =>
        one.DrawnFor(one) + one.DrawnBeside
            + (candidates.Exists(other => other.Outcome.IsNew && other.Unit == one)
                ? Drawable(PlaceOf(one.Outcome), report!) : 0);

    /// <summary>
    /// C3: what settles weighs, and what is pending unless its type says otherwise; under a reservation always.
    /// </summary>
    private static bool Weighs(in Verdict verdict, OutcomeType type) => verdict.ContinuationOf is null
        && (verdict.Status == OutcomeStatus.Billable || (MayWeigh(verdict) && type.PendingCounts));

    private static bool MayWeigh(in Verdict verdict) =>
        verdict.ContinuationOf is null && verdict.Status == OutcomeStatus.Pending;

    /// <summary>
    /// Why it is not admitted: no room under a cap (C2, C4), or nothing funds it (F3); <see cref="Reason.None"/>: it
    /// is.
    /// </summary>
    private Fit Fits(in Place place, Outcome? outcome, IReadOnlyList<Judged> judged, Command.ReportOutcome? report) =>
        !HasRoom(place, judged, report) ? new(Reason.OverCap, [])
        : outcome is null || !IsRestricted(place.Book, outcome.Time) ? new(Reason.None, [])
        : Funds(place, outcome, judged, report);

    /// <summary>
    /// C2: room under every cap in units that matches, once what the group gives back is back, and what is held for it
    /// is drawn.
    /// </summary>
    private bool HasRoom(in Place place, IReadOnlyList<Judged> judged, Command.ReportOutcome? report)
    {
        foreach (var cap in place.Book.Caps)
        {
            if (cap.Cap.Limit.IsMoney || !Denies(cap, place.Subject)) continue;
            // What was held stays honoured under a limit that was lowered since.
            var growth = place.Quantity - Relief(cap, place, report);
            if (growth <= 0) continue;
            var room = cap.Room(place.Day);
            for (var i = 0; i < judged.Count; i++)
                if (GivesBack(judged[i]) && judged[i].Outcome is var o
                    && Counts(cap, o.Subject, o.Period, o.Day, place)) room += o.Exposure;
            if (room < growth) return false;
        }
        return true;
    }

    private static bool Denies(CapBook cap, in Subject subject) =>
        cap.Cap.AtLimit.Action != LimitAction.Notify && cap.Cap.Counts(subject);

    /// <summary>
    /// A4, A5: what the named reservation holds under this cap, for an outcome of its period, or day.
    /// </summary>
    private long Relief(CapBook cap, in Place place, Command.ReportOutcome? report)
    {
        if (report?.Reservation is not { } name || _state.Held(name) is not { } held) return 0;
        return Counts(cap, held.Subject, held.Period, held.Day, place) ? Math.Min(held.Remaining, place.Quantity) : 0;
    }

    /// <summary>Units that the outcome takes out of the reservation that it names.</summary>
    private int Drawable(in Place place, Command.ReportOutcome report) =>
        report.Reservation is { } name && _state.Held(name) is { } held && held.Period == place.Book.Period.Id
            ? (int)Math.Min(held.Remaining, place.Quantity)
            : 0;

    /// <summary>
    /// Units left for the report's subject once what begins to count does, and what was held for it is drawn.
    /// </summary>
    private long? LeftAfter(in Place place, Place? counts, int drawn, Command.ReportOutcome report,
        Counters[] counters)
    {
        var held = drawn > 0 ? _state.Held(report.Reservation!) : null;
        long? left = null;
        foreach (var cap in place.Book.Caps)
        {
            if (cap.Cap.Limit.IsMoney || !Denies(cap, place.Subject)) continue;
            var room = cap.Room(place.Day);
            if (held is not null && Counts(cap, held.Subject, held.Period, held.Day, place)) room += drawn;
            if (counts is { } b && Counts(cap, b.Subject, b.Book.Period.Id, b.Day, place)) room -= b.Quantity;
            if (left is null || room < left) left = Math.Max(0, room);
        }
        return Least(left, LeftByRating(place, counts, report.Reservation, drawn, counters));
    }

    /// <summary>
    /// Whether units of a subject, in a period and on a day, stand against the cap that a place looks at.
    /// </summary>
    private static bool Counts(CapBook cap, in Subject subject, DateOnly period, int day, in Place place) =>
        period == place.Book.Period.Id && (cap.Cap.Period == CapPeriod.BillingPeriod || day == place.Day)
            && cap.Cap.Scope.Matches(subject);

    private static Verdict Refused(in Verdict verdict, Reason reason) => verdict with
    {
        Status = OutcomeStatus.NonBillable, Reason = reason, ClosesAt = null, End = WindowEnd.None,
    };

    /// <summary>C4, F3: recorded, given away, and final.</summary>
    private static Verdict Refused(Outcome outcome, Reason reason) =>
        new(OutcomeStatus.NonBillable, reason, outcome.Opened, outcome.ClosesAt,
            outcome.ClosesAt is null ? WindowEnd.None : WindowEnd.Lapsed, null);
}
