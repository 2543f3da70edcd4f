namespace MeteringGateway.Core.Tests.Histories;

/// <summary>
/// What is kept up with each entry, so that nothing has to be gone through, is as if it were made anew: how a session
/// was judged (I4), lists of outcomes, and which outcomes continue one (O3).
/// </summary>
public sealed class KeptUpTests
{
    [Fact]
    public void A_session_judged_event_by_event_is_judged_as_one_that_is_gone_through_from_its_beginning_I4()
    {
        var (sessions, judged) = (0, 0);
        for (var seed = 1; seed <= 25; seed++)
        {
            var history = HistoryGenerator.Generate(seed, crowded: true);
            var tenant = new RealTenant();
            tenant.Run(history.Create, history.Start);
            foreach (var step in history.Steps)
            {
                if (step.Command is not Command.Event happened) continue;
                if (happened is Command.ReportOutcome report) happened = report with { Reservation = null };
                var anew = TenantState.Restore(tenant.State.Snapshot());
                var answer = tenant.Run(happened, step.Now);
                Lists(tenant.State, seed);
                Answer other;
                do other = Core.Turn.Run(anew, happened, step.Now, TestCalendar.Of, []);
                while (other is Answer.Unfinished);
                if (other is Answer.Needs) continue;
                Assert.True(tenant.State.Digest().AsSpan().SequenceEqual(anew.Digest()), $"seed {seed}, {happened}");
                Assert.Equal(answer.GetType(), other.GetType());
                judged++;
            }
            sessions += tenant.State.Outcomes(new OutcomeFilter(), null, 1_000).Outcomes.GroupBy(one => one.Session)
                .Count(session => session.Key is not null && session.Count() > 8);
        }
        Assert.True(sessions > 10 && judged > 1_000, $"{sessions} sessions of more than 8 outcomes, {judged} events");
    }

    private static void Lists(TenantState state, int seed)
    {
        var anew = TenantState.Restore(state.Snapshot());
        foreach (var filter in (OutcomeFilter[])[new(), new(ChangedAfter: 0), new(ChangedAfter: state.Sequence - 9),
            new(Status: OutcomeStatus.NonBillable)])
        {
            var all = anew.Outcomes(filter, null, int.MaxValue).Outcomes;
            var (paged, cursor) = (new List<OutcomeFigure>(), (long?)null);
            do
            {
                (var page, cursor) = state.Outcomes(filter, cursor, 7);
                paged.AddRange(page);
            }
            while (cursor is not null);
            Assert.True(all.Select(one => (one.Id, one.Sequence)).SequenceEqual(
                paged.Select(one => (one.Id, one.Sequence))), $"seed {seed}, {filter}");
            foreach (var one in all.Take(5)) Assert.Equal(anew.History(one.Id), state.History(one.Id));
        }
    }
}
