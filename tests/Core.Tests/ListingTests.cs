namespace MeteringGateway.Core.Tests;

public sealed class ListingTests
{
    private static readonly Instant Noon = Instant.Parse("2026-10-01T12:00:00Z");

    [Fact]
    public void A_step_of_a_list_looks_at_so_many_outcomes_and_no_more()
    {
        const int many = 2 * TenantState.MostLooked + 10;
        var tenant = new RealTenant();
        LeavingTests.Report(tenant, Noon, many);

        var steps = 0;
        for (long? cursor = null, next = 0; next is not null; cursor = next, steps++)
        {
            var step = tenant.State.Outcomes(new OutcomeFilter(Status: OutcomeStatus.Credited), cursor, 10);
            Assert.Empty(step.Outcomes);
            next = step.Next;
        }
        Assert.Equal(3, steps);

        var page = tenant.State.Outcomes(new OutcomeFilter(), null, 3);
        Assert.Equal([$"o{many - 1}", $"o{many - 2}", $"o{many - 3}"], page.Outcomes.Select(figure => figure.Id));
        Assert.Equal(page.Outcomes[^1].FirstSequence, page.Next);
    }
}
