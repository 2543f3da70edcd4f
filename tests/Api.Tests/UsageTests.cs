namespace MeteringGateway.Api.Tests;

/// <summary>A period's figures, every member of them.</summary>
public class UsageTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Usage_says_what_was_used_of_what_was_prepaid_what_goes_beyond_and_where_it_leads()
    {
        await _gateway.Tenant("figures", """
            {"currency":"USD","credit_value":"0.01","outcome_types":[{"id":"support.resolution","price":"1","included_units":2,"measurement_window":"PT0S"},{"id":"lead","credits":"100"}],
             "activities":[{"id":"helpdesk.ticket","price":"0.40"}],"commitments":[{"outcome_type":"support.resolution","units":2,"price":"0.80"},{"amount":"10","per":"year"}],
             "credits":{"period_grant":"150"},"caps":[{"id":"monthly","limit":{"units":100}},{"id":"money","limit":{"amount":"20"}}]}
            """, ""","test_clock":{"start":"2026-11-16T00:00:00Z"}""");
        for (var i = 0; i < 5; i++) await Report("figures", i, "support.resolution");
        await Report("figures", 5, "lead");
        await _gateway.Admin.PostAs(One, "/v1/events",
            Support.Report.Event("activity.reported", "a", "figures", "\"activity\":\"helpdesk.ticket\""))
                .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/tenants/figures/clock", """{"advance":"PT180H"}""").Is(HttpStatusCode.OK);

        var usage = await _gateway.Admin.Get("/v1/tenants/figures/usage").Is(HttpStatusCode.OK);
        Assert.Equal(
            ["tenant", "period", "starts_at", "ends_at", "status", "state", "sequence", "outcome_types", "activities",
            "caps", "included", "commitments", "credits", "overage", "spend", "corrections", "total", "currency",
            "forecast"],
            usage.Select(member => member.Key));
        Assert.Equal("""[{"outcome_type":"support.resolution","units":2,"used":2}]""",
            usage["included"]!.ToJsonString());
        Assert.Equal(
            """[{"outcome_type":"support.resolution","units":2,"amount":null,"used":2,"per":"period"},{"outcome_type":null,"units":null,"amount":"10.00","used":"1.00","per":"year"}]""",
            usage["commitments"]!.ToJsonString());
        Assert.Equal(("50", "0.50"), ((string?)usage["credits"]!["balance"], (string?)usage["credits"]!["value"]));
        Assert.Equal(("plan", "150", "50", "2026-12-01T00:00:00.000Z"), (
            (string?)usage["credits"]!["grants"]![0]!["kind"], (string?)usage["credits"]!["grants"]![0]!["amount"],
            (string?)usage["credits"]!["grants"]![0]!["remaining"],
            (string?)usage["credits"]!["grants"]![0]!["expires_at"]));
        Assert.Equal("""{"mode":"bill","units":0,"amount":"0.00","authorized":true,"limit":null}""",
            usage["overage"]!.ToJsonString());
        Assert.Equal("3.00", (string?)usage["spend"]); // 2 committed, 1 of the year's amount, 1 ticket
        Assert.Equal("17.00", (string?)usage["caps"]!.AsArray()
            .Single(cap => (string?)cap!["id"] == "money")!["remaining"]);
        var forecast = usage["forecast"]!; // Q2: half of the time from the tenant's start to the period's end is over
        // Another lead has not the credits that it takes; it is asked for all the same.
        Assert.Equal((11, """[{"id":"money","reached_at":null},{"id":"monthly","reached_at":null}]"""),
            ((int?)forecast["units"], forecast["caps"]!.ToJsonString()));
        Assert.Equal("8.40", (string?)forecast["amount"]); // five more at 1.00, and another ticket
        Assert.Equal("""{"units":12,"amount":"8.40"}""", forecast["uncapped"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"id":"support.resolution","price":"1"}""", "", null, 0)] // pays as it goes
    [InlineData("""{"id":"support.resolution","price":"1","included_units":1}""", "", "bill", 1)]
    [InlineData("""{"id":"support.resolution","price":"1","included_units":1}""",
        ""","overage":{"mode":"block"}""", "block", 0)]
    // The rule for all blocks, that of the one type does not.
    [InlineData(
        """{"id":"support.resolution","price":"1","included_units":1,"overage":{"mode":"bill"}},{"id":"b","included_units":1}""",
        ""","overage":{"mode":"block"}""", "bill", 1)]
    public async Task Overage_in_usage_says_what_is(string types, string rule, string? mode, int units) // F2
    {
        var name = $"is-{types.Length}-{rule.Length}";
        await _gateway.Tenant(name, $$"""{"currency":"USD","outcome_types":[{{types}}]{{rule}}}""");
        for (var i = 0; i < 2; i++) await Report(name, i, "support.resolution");

        var overage = (await _gateway.Admin.Get($"/v1/tenants/{name}/usage").Json())["overage"]!;
        Assert.Equal((mode, units), ((string?)overage["mode"], (int)overage["units"]!));
    }

    [Theory]
    [InlineData("{\"amount\":\"6.00\"}", "{\"amount\":\"6.00\"}")]
    [InlineData("{\"amount\":\"60.00\"}", "{\"amount\":\"12.00\"}")]
    [InlineData("{\"units\":1}", "{\"amount\":\"12.00\"}")]
    public async Task Overage_in_usage_has_the_limit_that_a_check_would_meet(string authorized, string limit) // F2
    {
        var name = $"meets-{authorized.Length}-{limit.Length}";
        await _gateway.Tenant(name, """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1","included_units":1}],
             "overage":{"limit":{"amount":"12.00"},"requires_authorization":true}}
            """);
        Assert.Equal("{\"amount\":\"12.00\"}", await LimitOf(name));
        await _gateway.Admin.Post($"/v1/tenants/{name}/overage/authorize",
            $$"""{"for":"period","limit":{{authorized}}}""").Is(HttpStatusCode.OK);
        Assert.Equal(limit, await LimitOf(name));
    }

    private async Task<string> LimitOf(string tenant) =>
        (await _gateway.Admin.Get($"/v1/tenants/{tenant}/usage").Json())["overage"]!["limit"]!.ToJsonString();

    private Task<JsonObject> Report(string tenant, int number, string type) => _gateway.Admin.PostAs(
        One, "/v1/events",
        Support.Report.Event("outcome.reported", $"o-{number}", tenant, $"\"outcome_type\":\"{type}\""))
            .Is(HttpStatusCode.Created);
}
