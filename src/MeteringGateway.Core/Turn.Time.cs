namespace MeteringGateway.Core;

public sealed partial class Turn
{
    /// <summary>Everything that is due by now, in order of (time, kind, id), each as of its own time (T1).</summary>
    private void FireDue()
    {
        while (state.Upcoming() is { } due && due.At <= now) Fire(due);
    }

    private void Fire(Due due)
    {
        var until = now;
        now = Instant.Max(due.At, state.Now);
        switch (due.Kind)
        {
            case DueKind.Window: Evaluate(GroupOf(state.Find(due.Id)!)); break;
            case DueKind.Reservation: Add(new Entry.ReservationExpired(due.Id) { At = now }); break;
            case DueKind.GrantNotice: Announce(due); break;
            case DueKind.Grant: End(state.Grant(due.Id)!, voided: false); break;
            case DueKind.Day: Add(new Entry.DayStarted(state.Open.Period.Id, state.Open.Period.DayOf(due.At)) { At = now }); break;
            case DueKind.PeriodEnd: StartPeriod(); break;
            case DueKind.Threshold: break; // armed again with whatever else is to be told
            case DueKind.PeriodClose: ClosePeriod(DateOnly.ParseExact(due.Id, "O")); break;
        }
        // At the very instant of its end a period's grants have ended and the next one's are not there: nobody is told before both are done.
        if (due.Kind == DueKind.PeriodEnd || now < state.Open.Period.End || state.ClosedAt is not null) Settle();
        now = until;
    }

    private void StartPeriod()
    {
        var ended = state.Open.Period;
        var rolled = EndPlanGrant(ended);
        Add(new Entry.PeriodStarted(calendar(state.Zone, state.AnchorDay, ended.End, ended.End)) { At = now });
        if (rolled is { } left) RollOver(left.Grant, left.Left, state.TermsAt(ended.Start).Rollover);
        GrantForPeriod();
    }

    private void ClosePeriod(DateOnly id) => Add(state.Closing(state.Book(id)!, now));

    /// <summary>T5: forward only, and everything on the way happens in order.</summary>
    private Answer Advance(Instant to)
    {
        if (state.TestClock is null) return Refuse(Refusal.NotATestClock, "the tenant lives in real time");
        if (to < state.Now) return Refuse(Refusal.ClockRunsBack, $"the clock stands at {state.Now} and moves only forward");
        now = to;
        FireDue();
        return to > state.Now ? Add(new Entry.ClockAdvanced { At = to, Actor = actor }) : new Answer.Done();
    }
}
