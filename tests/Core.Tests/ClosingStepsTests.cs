namespace MeteringGateway.Core.Tests;

/// <summary>
/// A closing of many outcomes is worked out in steps ahead of its entry, and nobody sees it before (F4, I4).
/// </summary>
public sealed class ClosingStepsTests
{
    private const int Many = 3_000;
    private static readonly Instant Begin = Instant.Parse("2026-10-31T20:00:00Z");
    private static readonly Instant Closed = Begin + TimeSpan.FromDays(5);

    [Fact]
    public void F4_a_closing_is_prepared_in_turns_that_take_nothing_and_of_which_nothing_is_seen()
    {
        var (tenant, journal) = (new RealTenant(), new List<byte[]>());
        LeavingTests.Report(tenant, Begin, Many);
        journal.AddRange(tenant.Journal);
        var (idle, state) = (0, tenant.State);
        Answer answer;
        do
        {
            var taken = new List<Entry>();
            answer = Turn.Run(state, new Command.Tick(), Closed, TestCalendar.Of, taken);
            journal.AddRange(taken.Select(RealTenant.Bytes));
            if (taken.Count > 0) continue;
            idle++;
            Assert.IsType<Answer.Unfinished>(answer);
            Assert.Equal(RealTenant.Fold(journal).Digest(), state.Digest());
            Assert.Equal(state.Digest(), TenantState.Restore(state.Snapshot()).Digest());
            Assert.Null(state.Find("o7")!.Charges);
        }
        while (answer is Answer.Unfinished);

        Assert.InRange(idle, 3, 30);
        Assert.Equal(RealTenant.Fold(journal).Digest(), state.Digest());
        Assert.Equal(Amount.Parse("1"), Assert.Single(state.Find("o7")!.Charges!.Value).Amount);
        var before = Enumerable.Range(0, Many).Count(i => string.CompareOrdinal($"o{i}", "o7") < 0);
        Assert.Equal(before, state.Find("o7")!.Place);
    }

    [Fact]
    public void F4_what_happens_on_a_test_clock_while_a_closing_is_prepared_is_part_of_it()
    {
        var tenant = new RealTenant();
        tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), new Terms
        {
            Currency = "USD",
            OutcomeTypes = [new OutcomeType { Id = "support.resolution", Price = Amount.Parse("1"),
                MeasurementWindow = TimeSpan.FromHours(1), IncludedUnits = 100 }],
        }, "UTC", 1, new TestClock(Begin, false)), Begin);
        for (var i = 0; i < Many; i++) tenant.Run(Outcome($"o{i}"), Begin);
        for (var said = 0; said < 3; said++)
        {
            for (var idle = 0; idle < 2 + said;)
            {
                var taken = new List<Entry>();
                Assert.IsType<Answer.Unfinished>(
                    Turn.Run(tenant.State, new Command.AdvanceClock(Closed), Begin, TestCalendar.Of, taken));
                tenant.Journal.AddRange(taken.Select(RealTenant.Bytes));
                if (taken.Count == 0) idle++;
            }
            // Timed before all others, so that it is the first that the included units are for; then one is reversed.
            Assert.IsType<Answer.Accepted>(said < 2
                ? tenant.Run(Outcome($"late{said}") with { Time = Begin - TimeSpan.FromHours(1) }, Begin)
                : tenant.Run(new Command.ReportFact(new EventId("/desk", "f"), Begin + TimeSpan.FromMinutes(9), "o5",
                    FactKind.Reopened), Begin));
        }
        tenant.Run(new Command.AdvanceClock(Closed), Begin);

        Assert.Equal(RealTenant.Fold(tenant.Journal).Digest(), tenant.State.Digest());
        Assert.Equal(Funding.Included, Assert.Single(tenant.State.Find("late1")!.Charges!.Value).Source);
        Assert.Empty(tenant.State.Find("o5")!.Charges!.Value);
    }

    [Fact]
    public void I4_what_a_closing_forgets_is_taken_out_in_steps_and_seen_by_nobody_meanwhile()
    {
        const int sessions = 24_000;
        var (tenant, begin, end) = (new RealTenant(), Begin - TimeSpan.FromDays(12), Begin + TimeSpan.FromDays(36));
        LeavingTests.Report(tenant, begin, 1);
        for (var i = 0; i < sessions; i++) tenant.Run(Outcome($"p{i}") with { Session = $"s{i}" }, begin);
        for (var i = 0; i < 2_000; i++) tenant.Run(Outcome($"q{i}") with { Session = $"s{i}" }, begin);
        tenant.Run(new Command.Tick(), end);
        var state = tenant.State;
        Assert.True(state.IsLeaving);
        Assert.Null(state.SessionAt("s1999", begin) ?? state.SessionAt("s2000", begin));
        Assert.Null(state.Seen(new EventId("/desk", "p7")));
        Assert.Equal(RealTenant.Fold(tenant.Journal).Digest(), state.Digest());
        Assert.Equal(state.Digest(), TenantState.Restore(state.Snapshot()).Digest());

        // A session of the same name is another one, whether the first is taken out by then or not.
        tenant.Run(Outcome("new1") with { Session = "s7" }, end);
        tenant.Run(Outcome("new2") with { Session = $"s{sessions - 1}" }, end);
        var turns = 0;
        while (Turn.Run(state, new Command.Archive(), end, TestCalendar.Of, []) is Answer.Unfinished) turns++;
        Assert.InRange(turns, 26_000 / TenantState.MostLeaving, 26_000 / TenantState.MostLeaving + 10);
        Assert.NotNull(state.SessionAt("s7", end));
        Assert.NotNull(state.SessionAt($"s{sessions - 1}", end));
        Assert.Null(state.VerifyRating()); // the bytes too
        Assert.Equal(["new1", "new2"],
            state.Outcomes(new OutcomeFilter(), null, 10).Outcomes.Select(outcome => outcome.Id).Order());
    }

    private static Command.ReportOutcome Outcome(string id) =>
        new(new EventId("/desk", id), null, "support.resolution", id);
}
