namespace MeteringGateway.Core.Tests;

public sealed class DailyCapTests
{
    private static readonly Instant Noon = Instant.Parse("2026-11-10T12:00:00Z");

    [Fact]
    public void Every_daily_cap_that_was_lowered_for_the_next_period_is_lowered_at_midnight_C6()
    {
        var tenant = new RealTenant();
        tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), new Terms
        {
            Currency = "USD",
            OutcomeTypes = [new OutcomeType { Id = "support.resolution" }],
            Caps = [Daily("a", 10), Daily("b", 10)],
        }, "UTC", 1, null), Noon);
        for (var i = 0; i < 5; i++)
            tenant.Run(new Command.ReportOutcome(new EventId("/desk", $"e{i}"), null, "support.resolution", $"e{i}"),
                Noon);
        foreach (var id in new[] { "a", "b" })
            Assert.IsType<Answer.Done>(tenant.Run(new Command.SetCap(Daily(id, 2), Effective.NextPeriod), Noon));
        Assert.All(tenant.State.Usage(null, Noon)!.Caps, cap => Assert.Equal(10, cap.Cap.Limit));

        var tomorrow = Noon + TimeSpan.FromHours(13);
        tenant.Run(new Command.Tick(), tomorrow);
        Assert.All(tenant.State.Usage(null, tomorrow)!.Caps,
            cap => Assert.Equal((2, 0), (cap.Cap.Limit, cap.Exposure)));
    }

    private static Cap Daily(string id, long limit) => new() { Id = id, Limit = limit, Period = CapPeriod.Day };
}
