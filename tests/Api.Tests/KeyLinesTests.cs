using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests;

/// <summary>What changes something, and what a key may not, is a line in the log, and a flood of it few.</summary>
public class KeyLinesTests
{
    [FactInOneProcess]
    public async Task A_key_has_a_hundred_lines_in_a_minute_and_then_one_at_each_power_of_ten_N4()
    {
        await using var gateway = await Gateway.Start(lowest: LogLevel.Information);
        await gateway.Tenant("acme");
        var (agents, buyers) = (await gateway.Key("agent", "acme"), await gateway.Key("finance", "acme"));
        using var agent = gateway.As(agents);
        using var buyer = gateway.As(buyers);
        for (var i = 0; i < 1_005; i++)
            Assert.Equal(HttpStatusCode.Forbidden, (await agent.Get("/v1/tenants/acme/usage")).StatusCode);
        for (var i = 0; i < 120; i++)
            Assert.Equal(HttpStatusCode.NotFound, (await buyer.Delete("/v1/tenants/acme/caps/none")).StatusCode);

        Assert.Equal(101, Of(agents).Count);
        Assert.Contains("has sent 1000 changes", Of(agents)[^1], StringComparison.Ordinal);
        Assert.Equal(100, Of(buyers).Count);
        Assert.Contains("DELETE /v1/tenants/acme/caps/none", Of(buyers)[0], StringComparison.Ordinal);
        gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        await buyer.Delete("/v1/tenants/acme/caps/none");
        Assert.Equal(101, Of(buyers).Count);

        List<string> Of(string key) =>
            [.. gateway.Log.Lines.Where(line => line.Contains(key.Split('_')[1], StringComparison.Ordinal))];
    }
}
