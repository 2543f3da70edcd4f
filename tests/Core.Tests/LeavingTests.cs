namespace MeteringGateway.Core.Tests;

/// <summary>How many outcomes leave memory after their period was closed (I4).</summary>
public sealed class LeavingTests
{
    private const int Many = 3 * TenantState.MostLeaving + 10;
    private static readonly Instant Noon = Instant.Parse("2026-10-01T12:00:00Z");
    private static readonly Instant Closed = Noon + TimeSpan.FromDays(40);
    private readonly RealTenant _tenant = new();

    [Theory]
    [InlineData(TenantState.MostLeaving, 0)]
    [InlineData(TenantState.MostLeaving + 1, 2)]
    [InlineData(Many, 4)]
    public void I4_a_few_leave_with_the_closing_and_many_in_steps_that_are_bounded(int outcomes, int steps)
    {
        Report(outcomes);
        _tenant.Run(new Command.Tick(), Closed);
        Assert.Equal(steps > 0, _tenant.State.IsLeaving);
        _tenant.Run(new Command.Archive(), Closed);

        var taken = _tenant.Taken.Cast<Entry.OutcomesArchived>().Select(entry => entry.Count).ToList();
        Assert.Equal(steps, taken.Count);
        Assert.All(taken, count => Assert.InRange(count, 1, TenantState.MostLeaving));
        Assert.Equal(steps > 0 ? outcomes : 0, taken.Sum());
        Assert.False(_tenant.State.IsLeaving || _tenant.State.HasOutcomes);
    }

    [Fact]
    public void I4_what_is_said_of_an_outcome_that_is_still_to_leave_leaves_with_it()
    {
        Report(Many);
        _tenant.Run(new Command.Tick(), Closed);
        string[] ids = ["o0", $"o{TenantState.MostLeaving}", $"o{Many - 1}"];
        Turn.Run(_tenant.State, new Command.Archive(), Closed, TestCalendar.Of, []); // one step
        foreach (var outcome in _tenant.State.TakeDeparted()) Assert.Equal(OutcomeStatus.Billable, outcome.Status);

        Assert.IsType<Answer.Accepted>(_tenant.Run(
            new Command.ReportFact(new EventId("/desk", "f"), null, ids[1], FactKind.Escalated), Closed));
        Assert.Equal(OutcomeStatus.Credited, _tenant.Outcome(ids[1])!.Status);
        _tenant.Run(new Command.Archive(), Closed);
        Assert.Equal(OutcomeStatus.Credited, _tenant.Outcome(ids[1])!.Status);
        Assert.Equal(OutcomeStatus.Billable, _tenant.Outcome(ids[2])!.Status);
    }

    [Fact]
    public void I4_commands_have_their_turn_between_the_steps_and_a_state_of_between_is_restored()
    {
        Report(Many);
        _tenant.Run(new Command.Tick(), Closed);
        var state = _tenant.State;
        for (var step = 0; state.IsLeaving; step++)
        {
            var restored = TenantState.Restore(state.Snapshot());
            Assert.Equal(state.Digest(), restored.Digest());
            Assert.Equal(state.Now, state.WakeAt); // to be gone on with at once
            Assert.IsType<Answer.Accepted>(_tenant.Run(Outcome($"later{step}"), Closed));
            foreach (var one in (TenantState[])[state, restored])
                Assert.Equal(step == 3,
                    Turn.Run(one, new Command.Archive(), Closed, TestCalendar.Of, []) is Answer.Done);
        }
    }

    [Fact]
    public void I4_what_continued_an_outcome_leaves_in_the_same_step()
    {
        Report(TenantState.MostLeaving - 1);
        // Reported again when it had been reopened: the one stands for the other (O3).
        _tenant.Run(Outcome("first", "s"), Noon);
        _tenant.Run(Outcome("other"), Noon);
        _tenant.Run(new Command.ReportFact(new EventId("/desk", "f"), null, "first", FactKind.Reopened), Noon);
        _tenant.Run(Outcome("again", "s"), Noon + TimeSpan.FromMinutes(1));
        Assert.Equal("first", _tenant.State.Find("again")!.ContinuationOf);
        _tenant.Run(new Command.Tick(), Closed);
        _tenant.Run(new Command.Archive(), Closed);

        Assert.Equal([TenantState.MostLeaving + 1, 1],
            _tenant.Taken.Cast<Entry.OutcomesArchived>().Select(entry => entry.Count));
    }

    private void Report(int count) => Report(_tenant, Noon, count);

    /// <summary>A tenant, and so many outcomes of it at one moment: <c>o0</c>, <c>o1</c> and so on.</summary>
    internal static void Report(RealTenant tenant, Instant at, int count)
    {
        tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), new Terms
        {
            Currency = "USD",
            OutcomeTypes = [new OutcomeType { Id = "support.resolution", Price = Amount.Parse("1"),
                MeasurementWindow = TimeSpan.FromHours(1), CreditAfterWindow = true }],
        }, "UTC", 1, null), at);
        for (var i = 0; i < count; i++) tenant.Run(Outcome($"o{i}"), at);
    }

    private static Command.ReportOutcome Outcome(string id, string? session = null) =>
        new(new EventId("/desk", id), null, "support.resolution", id) { Session = session };
}
