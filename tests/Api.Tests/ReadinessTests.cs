using Microsoft.Extensions.DependencyInjection;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Api.Tests;

public sealed class ReadinessTests
{
    [Fact]
    public async Task It_lives_at_once_and_answers_nothing_else_until_recovery_is_done()
    {
        // Nobody opens the journal here: the product is as it is while it recovers.
        await using var gateway = await Gateway.Start(waitUntilReady: false, recover: false);

        await gateway.Anyone.Get("/health/live").Is(HttpStatusCode.OK);
        using var ready = await gateway.Anyone.Get("/health/ready");
        var problem = await Task.FromResult(ready).IsProblem(HttpStatusCode.ServiceUnavailable, "not_ready");
        Assert.Contains("recovery", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.NotNull(ready.Headers.RetryAfter);
        await gateway.Admin.Get("/v1/tenants").IsProblem(HttpStatusCode.ServiceUnavailable, "not_ready");
        await gateway.Anyone.Get("/v1/tenants").IsProblem(HttpStatusCode.ServiceUnavailable, "not_ready");
    }

    [Fact]
    public async Task After_a_failure_of_the_store_it_says_so_and_stays_unready()
    {
        await using var gateway = await Gateway.Start();
        var readiness = gateway.Services.GetRequiredService<Readiness>();

        readiness.Fail("the store has failed");
        readiness.Ready();

        var problem = await gateway.Anyone.Get("/health/ready")
            .IsProblem(HttpStatusCode.ServiceUnavailable, "not_ready");
        Assert.Contains("store has failed", (string?)problem["detail"], StringComparison.Ordinal);
        await gateway.Admin.Get("/v1/tenants").IsProblem(HttpStatusCode.ServiceUnavailable, "not_ready");
    }
}
