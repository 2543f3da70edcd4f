namespace MeteringGateway.Core.Tests;

/// <summary>T5: how far a test clock moves, and how much of what is due one turn does (T1).</summary>
public sealed class ClockTests
{
    private static readonly Instant Noon = Instant.Parse("2028-02-29T12:00:00Z");
    private readonly RealTenant _tenant = new();

    [Theory]
    [InlineData("2029-02-28T12:00:00Z", true)]
    [InlineData("2029-02-28T12:00:00.001Z", false)]
    [InlineData("4026-01-01T00:00:00Z", false)]
    [InlineData("9999-12-31T23:59:59Z", false)]
    public void One_event_moves_a_clock_that_follows_by_a_year_at_most_T5(string time, bool taken)
    {
        Create(follows: true);

        var answer = Report("o1", Instant.Parse(time));

        if (taken) Assert.IsType<Answer.Accepted>(answer);
        else Assert.Equal(Refusal.EventInFuture, Assert.IsType<Answer.Refused>(answer).Code);
        Assert.Equal(taken ? Instant.Parse(time) : Noon, _tenant.State.Figure(Noon).Now);
    }

    [Fact]
    public void A_clock_that_follows_moves_a_hundred_years_in_all_N4()
    {
        Create(follows: true);
        var last = Noon + TestClock.Span;
        for (var year = 1; year < 100; year++)
            Assert.IsType<Answer.Accepted>(Report($"o{year}", Noon + TimeSpan.FromDays(365 * year)));
        Assert.IsType<Answer.Accepted>(Report("almost", last - TimeSpan.FromDays(300)));
        Assert.Equal(Refusal.EventInFuture,
            Assert.IsType<Answer.Refused>(Report("beyond", last + TimeSpan.FromMilliseconds(1))).Code);
        Assert.IsType<Answer.Accepted>(Report("last", last));
    }

    [Fact]
    public void Whatever_fires_in_a_turn_is_bounded_and_all_of_it_happens_before_the_command_T1()
    {
        Create(follows: false);
        for (var i = 0; i < 1000; i++) Report($"o{i}", null);
        var (turns, to) = (0, Noon + TimeSpan.FromDays(3660));
        Answer answer;
        do
        {
            var taken = new List<Entry>();
            answer = Turn.Run(_tenant.State, new Command.AdvanceClock(to), Noon, TestCalendar.Of, taken);
            Assert.InRange(taken.Count, 0, Turn.MostDue + 10); // none while a closing is prepared
            turns++;
        }
        while (answer is Answer.Unfinished);

        Assert.IsType<Answer.Done>(answer);
        Assert.True(turns > 4);
        Assert.Equal(to, _tenant.State.Figure(Noon).Now);
        Assert.Equal(new DateOnly(2038, 3, 1), _tenant.State.Figure(Noon).Period.Id);
        Assert.Equal(1000, _tenant.State.Usage(new DateOnly(2028, 2, 1), Noon)!.OutcomeTypes.Single().Settled);
        Assert.True(_tenant.State.NextDue > to);
    }

    [Fact]
    public void What_is_asked_meanwhile_finds_a_clock_on_its_way_and_the_way_goes_on_T1_T5()
    {
        Create(follows: false);
        for (var i = 0; i < 600; i++) Report($"o{i}", null);
        var to = Noon + TimeSpan.FromDays(400);
        Assert.IsType<Answer.Unfinished>(
            Turn.Run(_tenant.State, new Command.AdvanceClock(to), Noon, TestCalendar.Of, []));
        var between = _tenant.State.Figure(Noon).Now;

        var answer = (Answer.Accepted)Report("late", null);

        Assert.Equal(OutcomeStatus.Pending, answer.Outcome!.Status);
        Assert.Equal(between, _tenant.State.Outcome("late")!.Time);
        Assert.IsType<Answer.Done>(_tenant.Run(new Command.AdvanceClock(to), Noon));
        Assert.Equal(to, _tenant.State.Figure(Noon).Now);
    }

    private void Create(bool follows) => _tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), new Terms
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = "res", Price = Amount.Parse("1") }],
    }, "UTC", 1, new TestClock(Noon, follows)), Noon);

    private Answer Report(string id, Instant? time) =>
        _tenant.Run(new Command.ReportOutcome(new EventId("/a", id), time, "res", id), Noon);
}
