namespace MeteringGateway.Api.Tests;

/// <summary>Caps on money (C7): set, seen, and told to agents.</summary>
public class MoneyCapTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Plan =
        """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}],"activities":[{"id":"helpdesk.ticket","price":"0.40"}]}""";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_cap_on_money_is_set_seen_in_the_usage_and_holds_to_the_cent()
    {
        await _gateway.Tenant("money-cap", Plan);
        using var finance = await _gateway.Role("finance", "money-cap");
        var set = await finance.Put("/v1/tenants/money-cap/caps/spend",
            """{"limit":{"amount":"2"},"at_limit":{"action":"handoff","to":"queue:a"}}""").Is(HttpStatusCode.Created);
        Assert.Equal("""{"amount":"2.00"}""", set["limit"]!.ToJsonString());

        using var asked = await _gateway.Admin.Post("/v1/tenants/money-cap/check",
            """{"outcome_type":"support.resolution"}""");
        var check = await Task.FromResult(asked).Is(HttpStatusCode.OK);
        Assert.Equal(("allow", 2), ((string?)check["decision"], (int?)check["remaining"]));
        Assert.Equal("""{"amount":"2.00"}""", check["limit"]!["limit"]!.ToJsonString());
        Assert.Equal("\"spend\";q=200;qu=\"hundredths\";w=2592000",
            asked.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Equal("\"spend\";r=200;t=820800", asked.Headers.GetValues("RateLimit").Single());

        for (var i = 0; i < 3; i++) await Outcome("money-cap", i);
        var third = await finance.Get("/v1/tenants/money-cap/outcomes/o-2").Is(HttpStatusCode.OK);
        // C4
        Assert.Equal(("non_billable", "over_cap"), ((string?)third["status"], (string?)third["non_billable_reason"]));
        var refused = await _gateway.Admin.Post("/v1/tenants/money-cap/check",
            """{"outcome_type":"support.resolution"}""").Is(HttpStatusCode.OK);
        Assert.Equal(("handoff", "cap_reached", 0),
            ((string?)refused["decision"], (string?)refused["reason"], (int?)refused["remaining"]));
        Assert.Equal("""{"amount":"1.98"}""", refused["limit"]!["used"]!.ToJsonString());

        var cap = (await finance.Get("/v1/tenants/money-cap/usage").Is(HttpStatusCode.OK))["caps"]![0]!;
        Assert.Equal(("""{"amount":"1.98"}""", "0.02", "handoff"),
            (cap["exposure"]!.ToJsonString(), (string?)cap["remaining"], (string?)cap["state"]));
    }

    [Fact]
    public async Task A_limit_below_the_money_that_stands_needs_a_choice() // C6
    {
        await _gateway.Tenant("money-lower", Plan);
        for (var i = 0; i < 2; i++) await Outcome("money-lower", i);
        var problem = await _gateway.Admin.Put("/v1/tenants/money-lower/caps/spend", """{"limit":{"amount":"1.50"}}""")
            .IsProblem(HttpStatusCode.Conflict, "cap_below_exposure");
        Assert.Equal("""{"amount":"1.98"}""", problem["exposure"]!.ToJsonString());
        await _gateway.Admin.Put("/v1/tenants/money-lower/caps/spend",
            """{"limit":{"amount":"1.50"},"when_below_exposure":"now"}""").Is(HttpStatusCode.Created);
        Assert.Equal("cap_reached",
            (string?)(await _gateway.Admin.Post("/v1/tenants/money-lower/check",
                """{"outcome_type":"support.resolution"}""").Is(HttpStatusCode.OK))["reason"]);
        await _gateway.Admin.Put("/v1/tenants/money-lower/caps/spend", """{"limit":{"amount":"2.97"}}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal(1,
            (int?)(await _gateway.Admin.Post("/v1/tenants/money-lower/check",
                """{"outcome_type":"support.resolution"}""").Is(HttpStatusCode.OK))["remaining"]);
    }

    [Fact]
    public async Task An_activity_beyond_a_cap_on_its_money_carries_no_fee() // C9
    {
        await _gateway.Tenant("money-activity", Plan);
        await _gateway.Admin.Put("/v1/tenants/money-activity/caps/tickets",
            """{"scope":{"activity":"helpdesk.ticket"},"limit":{"amount":"0.80"}}""").Is(HttpStatusCode.Created);
        for (var i = 0; i < 3; i++)
            await _gateway.Admin.PostAs(One, "/v1/events",
                Report.Event("activity.reported", $"t-{i}", "money-activity", "\"activity\":\"helpdesk.ticket\""))
                    .Is(HttpStatusCode.Created);
        var usage = await _gateway.Admin.Get("/v1/tenants/money-activity/usage").Is(HttpStatusCode.OK);
        Assert.Equal((3, "0.80"),
            ((int?)usage["activities"]![0]!["reported"], (string?)usage["activities"]![0]!["amount"]));
        Assert.Equal("0.80", (string?)usage["spend"]);
    }

    [Fact]
    public async Task Signals_say_the_limit_in_money() // S1
    {
        await _gateway.Tenant("money-signal", Plan);
        await _gateway.Admin.Put("/v1/tenants/money-signal/caps/spend", """{"limit":{"amount":"0.99"}}""")
            .Is(HttpStatusCode.Created);
        using var reading = await SignalReading.Open(_gateway, "/v1/tenants/money-signal/signals");
        await reading.UntilReady();
        await Outcome("money-signal", 0);
        var signal = await reading.Next();
        Assert.Equal(("pause", "spend", """{"amount":"0.99"}"""),
            (signal.Name, (string?)signal.Data["cap"], signal.Data["limit"]!.ToJsonString()));
    }

    private Task<JsonObject> Outcome(string tenant, int number) =>
        _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome($"o-{number}", tenant)).Is(HttpStatusCode.Created);
}
