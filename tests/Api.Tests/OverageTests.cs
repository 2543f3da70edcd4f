namespace MeteringGateway.Api.Tests;

/// <summary>
/// What may go on demand once prepaid units are used up (F2): the vendor's rule, the buyer's authorisation.
/// </summary>
public class OverageTests(Started started) : IClassFixture<Started>
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","included_units":1}],
         "overage":{"requires_authorization":true,"at_limit":{"action":"handoff","to":"queue:a"}}}
        """;
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Nothing_goes_on_demand_until_a_finance_admin_authorises_it_and_it_can_be_taken_back()
    {
        await _gateway.Tenant("authorise", Plan);
        using var finance = await _gateway.Role("finance", "authorise");
        await Outcome("authorise", 0);
        await Is("authorise", "handoff", "overage_not_authorized");
        Assert.False(
            (bool?)(await finance.Get("/v1/tenants/authorise/usage").Is(HttpStatusCode.OK))["overage"]!["authorized"]);

        var given = await finance.Post("/v1/tenants/authorise/overage/authorize",
            """{"for":"period","limit":{"units":2}}""").Is(HttpStatusCode.OK);
        Assert.Equal("""{"for":"period","period":"2026-11-01","limit":{"units":2}}""", given.ToJsonString());
        await Is("authorise", "allow", "ok");
        await Outcome("authorise", 1);
        var usage = await finance.Get("/v1/tenants/authorise/usage").Is(HttpStatusCode.OK);
        Assert.Equal("""{"mode":"bill","units":1,"amount":"0.99","authorized":true,"limit":{"units":2}}""",
            usage["overage"]!.ToJsonString());

        await Outcome("authorise", 2);
        await Is("authorise", "handoff", "overage_limit_reached"); // the authorisation's own limit
        Assert.Equal("standing",
            (string?)(await finance.Post("/v1/tenants/authorise/overage/authorize", """{"for":"standing"}""")
                .Is(HttpStatusCode.OK))["for"]);
        await Is("authorise", "allow", "ok");
        Assert.Equal("standing",
            (string?)(await finance.Get("/v1/tenants/authorise/overage")
                .Is(HttpStatusCode.OK))["authorization"]!["for"]);

        Assert.Equal(HttpStatusCode.NoContent,
            (await finance.Delete("/v1/tenants/authorise/overage/authorization")).StatusCode);
        await Is("authorise", "handoff", "overage_not_authorized");
        Assert.Equal(HttpStatusCode.NoContent,
            (await finance.Delete("/v1/tenants/authorise/overage/authorization")).StatusCode);
        Assert.Null((await finance.Get("/v1/tenants/authorise/overage").Is(HttpStatusCode.OK))["authorization"]);
    }

    [Fact]
    public async Task What_a_journal_names_by_nothing_is_no_name_in_a_question_or_an_event_after_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        var settings = new Dictionary<string, string?> { ["Metering:IdleSnapshotEntries"] = "1" };
        const string plan = """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","included_units":1}],
             "overage":{"mode":"bill"}}
            """;
        await using (var first = await Gateway.Start(settings, directory))
        {
            await first.Tenant("acme", plan);
            for (var i = 0; i < 2; i++)
                await first.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"o{i}", "acme"))
                    .Is(HttpStatusCode.Created);
        }
        await using var second = await Gateway.Start(settings, directory);
        await second.Admin.Get("/v1/tenants/acme/usage").Is(HttpStatusCode.OK); // it is in memory again

        foreach (var empty in (string[])["agent", "channel", "workflow", "session"])
        {
            var question = await second.Admin.Post("/v1/tenants/acme/check",
                $$"""{"outcome_type":"support.resolution","{{empty}}":""}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
            Assert.Equal([$"/{empty}"], question.Pointers());
            var refused = await second.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome("another", "acme", $"\"{empty}\":\"\""))
                .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event");
            Assert.Equal([$"/data/{empty}"], refused.Pointers());
        }
    }

    [Theory]
    [InlineData("{}", "/for")]
    [InlineData("""{"for":"ever","limit":{}}""", "/for,/limit")]
    [InlineData("""{"for":"period","limit":{"amount":"-1"}}""", "/limit/amount")]
    public async Task An_authorisation_that_says_nothing_clear_is_refused(string body, string pointers)
    {
        var problem = await _gateway.Admin.Post("/v1/tenants/anyone/overage/authorize", body)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    [Fact]
    public async Task An_authorisation_that_would_limit_nothing_is_refused() // F2
    {
        await _gateway.Tenant("limits-nothing",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1","included_units":1}]}""");
        const string authorize = "/v1/tenants/limits-nothing/overage/authorize";
        const string limited = """{"for":"period","limit":{"amount":"5.00"}}""";
        var problem = await _gateway.Admin.Post(authorize, limited)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/limit"], problem.Pointers());
        await _gateway.Admin.Post(authorize, """{"for":"standing"}""").Is(HttpStatusCode.OK);

        // Under a plan that is to come it does.
        await _gateway.Admin.Put("/v1/plans/limits-something", Plan);
        await _gateway.Admin.Put("/v1/tenants/limits-nothing",
            """{"plan":"limits-something","effective":"next_period"}""").Is(HttpStatusCode.OK);
        await _gateway.Admin.Post(authorize, limited).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_vendor_sets_a_tenants_own_rule_and_it_holds_at_once()
    {
        await _gateway.Tenant("own-rule", Plan);
        using var billing = await _gateway.Role("billing", "own-rule");
        await Outcome("own-rule", 0);
        using var before = await billing.Get("/v1/tenants/own-rule/overage");
        var rule = await Task.FromResult(before).Is(HttpStatusCode.OK);
        Assert.Equal(
            """{"mode":null,"price":null,"limit":null,"requires_authorization":true,"at_limit":{"action":"handoff","to":"queue:a"},"authorization":null}""", rule.ToJsonString());

        const string own = """{"mode":"bill","price":"1.20","limit":{"amount":"1.20"},"requires_authorization":false,"at_limit":{"action":"pause"}}""";
        using var set = await billing.Put("/v1/tenants/own-rule/overage", own,
            ("If-Match", before.Headers.ETag!.ToString()));
        Assert.Equal("1.20", (string?)(await Task.FromResult(set).Is(HttpStatusCode.OK))["price"]);
        await billing.Put("/v1/tenants/own-rule/overage", own, ("If-Match", before.Headers.ETag!.ToString()))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        var check = await Check("own-rule");
        Assert.Equal(("allow", "1.20", "overage", 1),
            ((string?)check["decision"], (string?)check["unit_price"], (string?)check["limit"]!["kind"],
            (int?)check["remaining"]));
        await Outcome("own-rule", 1);
        await Is("own-rule", "pause", "overage_limit_reached");

        await billing.Put("/v1/tenants/own-rule/overage", """{"mode":"block"}""",
            ("If-Match", set.Headers.ETag!.ToString())).Is(HttpStatusCode.OK);
        await Is("own-rule", "pause", "overage_blocked");
        // The other own terms stay, and the rule is one of them.
        await billing.Put("/v1/tenants/own-rule/terms", """{"overage":{"mode":"bill"}}""").Is(HttpStatusCode.OK);
        await Is("own-rule", "allow", "ok");
    }

    [Fact]
    public async Task The_rule_lies_beside_what_else_was_negotiated()
    {
        await _gateway.Tenant("own-beside", Plan);
        await _gateway.Admin.Put("/v1/tenants/own-beside/terms",
            """{"outcome_types":[{"id":"support.resolution","price":"0.50"}]}""").Is(HttpStatusCode.OK);
        await _gateway.Admin.Put("/v1/tenants/own-beside/overage", """{"requires_authorization":false}""")
            .Is(HttpStatusCode.OK);
        await Outcome("own-beside", 0);
        Assert.Equal("0.50", (string?)(await Check("own-beside"))["unit_price"]);
    }

    [Theory]
    [InlineData("""{"mode":"block","price":"1"}""", "/price")]
    [InlineData("""{"mode":"maybe","at_limit":{"action":"notify"}}""", "/mode,/at_limit/action")]
    [InlineData("""{"limit":{"units":-1}}""", "/limit/units")]
    public async Task What_is_wrong_with_a_rule_is_named_within_it(string rule, string pointers)
    {
        await _gateway.Admin.Put("/v1/plans/wrong-rule", Plan);
        await _gateway.Admin.Put("/v1/tenants/wrong-rule", """{"name":"w","plan":"wrong-rule"}""");
        var problem = await _gateway.Admin.Put("/v1/tenants/wrong-rule/overage", rule)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    [Fact]
    public async Task A_rule_for_a_tenant_with_nothing_prepaid_would_govern_nothing()
    {
        await _gateway.Tenant("nothing-prepaid");
        var problem = await _gateway.Admin.Put("/v1/tenants/nothing-prepaid/overage", """{"mode":"block"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal([""], problem.Pointers());
    }

    private Task<JsonObject> Outcome(string tenant, int number) =>
        _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"o-{number}", tenant))
            .Is(HttpStatusCode.Created);

    private Task<JsonObject> Check(string tenant) =>
        _gateway.Admin.Post($"/v1/tenants/{tenant}/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);

    private async Task Is(string tenant, string decision, string reason)
    {
        var check = await Check(tenant);
        Assert.Equal((decision, reason), ((string?)check["decision"], (string?)check["reason"]));
    }
}
