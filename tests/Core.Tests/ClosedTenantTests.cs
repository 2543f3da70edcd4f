namespace MeteringGateway.Core.Tests;

public sealed class ClosedTenantTests
{
    private static readonly Instant Noon = Instant.Parse("2026-11-10T12:00:00Z");

    [Fact]
    public void A_change_that_waits_for_the_next_period_never_comes_when_the_tenant_is_closed_F7()
    {
        var tenant = new RealTenant();
        tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), Terms(days: 1), "UTC", 1, null), Noon);
        tenant.Run(new Command.ReportOutcome(new EventId("/desk", "e1"), null, "support.resolution", "e1"), Noon);
        tenant.Run(new Command.Change(null, new PlanRef("p", 2), Terms(days: 2), null, null, Effective.NextPeriod),
            Noon);
        tenant.Run(new Command.Close(), Noon);

        var later = Noon + TimeSpan.FromDays(60);
        tenant.Run(new Command.Tick(), later);
        Assert.Equal(1, tenant.State.Figure(later).Plan.Version);
    }

    private static Terms Terms(int days) => new()
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = "support.resolution", MeasurementWindow = TimeSpan.FromDays(days) }],
    };
}
