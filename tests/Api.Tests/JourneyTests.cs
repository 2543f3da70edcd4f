namespace MeteringGateway.Api.Tests;

/// <summary>The way through the product that every user takes.</summary>
public class JourneyTests
{
    [Fact]
    public async Task Outcomes_fill_a_cap_and_agents_are_told_to_hand_off()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("acme");
        using var agent = await gateway.Role("agent", "acme");
        using var finance = await gateway.Role("finance", "acme");

        var first = await agent.Post("/v1/tenants/acme/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("allow", (string?)first["decision"]);
        Assert.Equal(3, (int?)first["remaining"]);

        for (var i = 0; i < 3; i++)
            await agent.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"c-{i}", "acme"))
                .Is(HttpStatusCode.Created);

        var last = await agent.Post("/v1/tenants/acme/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("handoff", (string?)last["decision"]); // C1, A1
        Assert.Equal("cap_reached", (string?)last["reason"]);
        Assert.Equal("queue:tier1", (string?)last["handoff"]!["to"]);

        await finance.Put("/v1/tenants/acme/caps/monthly", """{"limit":{"units":5}}""").Is(HttpStatusCode.OK); // C6
        var raised = await agent.Post("/v1/tenants/acme/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("allow", (string?)raised["decision"]);
        Assert.Equal(2, (int?)raised["remaining"]);

        var usage = await finance.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK);
        Assert.Equal(3, (int?)usage["outcome_types"]![0]!["pending"]);
        Assert.Equal("2.97", (string?)usage["spend"]);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
