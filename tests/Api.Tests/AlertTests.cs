namespace MeteringGateway.Api.Tests;

/// <summary>Alerts, as the buyer looks them up (S7).</summary>
public class AlertTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Alerts_that_were_raised_are_listed_with_what_when_level_and_limit()
    {
        await _gateway.Tenant("alerts", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1.00"}],
             "caps":[{"id":"monthly","limit":{"units":4}}],
             "thresholds":[{"id":"half","of":"cap:monthly","at":{"percent":50}},
              {"id":"spend","of":"spend","at":{"amount":"3.00"}}]}
            """);
        using var finance = await _gateway.Role("finance", "alerts");
        Assert.Empty((await finance.Get("/v1/tenants/alerts/alerts").Is(HttpStatusCode.OK))["data"]!.AsArray());
        for (var i = 0; i < 4; i++)
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome($"a-{i}", "alerts")).Is(HttpStatusCode.Created);

        var period = (string?)(await finance.Get("/v1/tenants/alerts").Is(HttpStatusCode.OK))["period"]!["id"];
        var page = await finance.Get($"/v1/tenants/alerts/alerts?period={period}").Is(HttpStatusCode.OK);
        var all = page["data"]!.AsArray().Select(alert => alert!.AsObject()).ToList();
        foreach (var alert in all) Assert.True(DateTimeOffset.TryParse((string?)alert["raised_at"], out _));
        foreach (var alert in all) Assert.True(alert.Remove("raised_at") && alert.Remove("deliveries"));
        Assert.Equal(
        [
            """{"type":"cap.reached","threshold":null,"of":"cap:monthly","at":null,"level":{"units":4},"limit":{"units":4}}""",
            """{"type":"threshold.crossed","threshold":"spend","of":"spend","at":{"amount":"3.00"},"level":{"amount":"3.00"},"limit":null}""",
            """{"type":"threshold.crossed","threshold":"half","of":"cap:monthly","at":{"percent":50},"level":{"units":2},"limit":{"units":4}}""",
        ], all.Select(alert => alert.ToJsonString()));

        var first = await finance.Get("/v1/tenants/alerts/alerts?limit=2").Is(HttpStatusCode.OK);
        var second = await finance.Get($"/v1/tenants/alerts/alerts?limit=2&cursor={first["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        Assert.Equal("half", (string?)Assert.Single(second["data"]!.AsArray())!["threshold"]);
        Assert.Null(second["next_cursor"]);
    }

    [Fact]
    public async Task Only_who_may_read_usage_sees_them_and_only_of_periods_that_there_are()
    {
        await _gateway.Tenant("mine");
        await _gateway.Tenant("yours");
        using var customer = await _gateway.Role("customer", "mine");
        using var agent = await _gateway.Role("agent", "mine");
        await customer.Get("/v1/tenants/mine/alerts").Is(HttpStatusCode.OK);
        await customer.Get("/v1/tenants/yours/alerts").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        await agent.Get("/v1/tenants/mine/alerts").IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await customer.Get("/v1/tenants/mine/alerts?period=2001-01-01")
            .IsProblem(HttpStatusCode.NotFound, "unknown_period");
        foreach (var query in new[] { "period=soon", "limit=0", "cursor=x" })
            await customer.Get($"/v1/tenants/mine/alerts?{query}")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Get("/v1/tenants/nobody/alerts").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
    }
}
