using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.Tests;

/// <summary>Every endpoint, and everyone who may not use it.</summary>
public class AccessTests(Started started) : IClassFixture<Started>
{
    private static readonly string[] OpenToAll = ["GET /", "GET /.well-known/jwks.json", "GET /health",
        "GET /health/live", "GET /health/ready", "GET /openapi/v1.json", "GET /v1/plans/{plan}/page",
        "GET /v1/tenants/{tenant}/emails/{email}/confirm", "GET /v1/tenants/{tenant}/emails/{email}/unsubscribe",
        "POST /v1/tenants/{tenant}/emails/{email}/confirm", "POST /v1/tenants/{tenant}/emails/{email}/unsubscribe"];

    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public void Every_endpoint_says_what_it_demands_or_is_known_to_be_open()
    {
        var all = Mapped.All(_gateway);

        Assert.Equal(OpenToAll, all.Where(one => one.IsOpen).Select(one => one.ToString())
            .Order(StringComparer.Ordinal));
        Assert.All(all.Where(one => !one.IsOpen),
            one => Assert.True(one.Demands is { AnyOf: not Permission.None }, one.ToString()));
        Assert.True(all.Count > 30);
    }

    [Fact]
    public async Task Nobody_is_let_in_without_a_key_or_with_an_altered_expired_or_revoked_one()
    {
        var good = await _gateway.Key("admin");
        var altered = good[..^1] + (good[^1] == 'A' ? 'B' : 'A');
        using var expired = _gateway.As(await Expired());
        using var revoked = _gateway.As(await Revoked());
        using var noSuch = _gateway.As("mk_0123456789abcdef_" + new string('A', 43));
        using var changed = _gateway.As(altered);
        foreach (var client in new[] { _gateway.Anyone, changed, expired, revoked, noSuch })
            foreach (var endpoint in Guarded())
            {
                using var response = await endpoint.Call(client, "acme");
                Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{endpoint}: {response.StatusCode}");
                Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
            }
    }

    [Fact]
    public async Task A_role_without_the_permission_is_told_which_one_it_lacks()
    {
        foreach (var (role, may) in Permissions.Roles)
        {
            using var client = await _gateway.Role(role);
            foreach (var endpoint in Guarded().Where(one => (one.Demands!.AnyOf & may) == 0))
            {
                var problem = await endpoint.Call(client, "acme").IsProblem(HttpStatusCode.Forbidden, "forbidden");
                Assert.Contains(Permissions.Names(endpoint.Demands!.AnyOf)[0], (string?)problem["detail"],
                    StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Another_tenants_things_are_answered_as_if_they_were_not_there()
    {
        await _gateway.Tenant("secret-one");
        await _gateway.Tenant("another");
        var missing = await _gateway.Admin.Get("/v1/tenants/nobody")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        using var bound = await _gateway.Role("admin", "another");
        foreach (var endpoint in Guarded().Where(one => one.IsOfATenant || one.Route == "/v1/signals"))
        {
            var problem = await endpoint.Call(bound, "secret-one").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
            Assert.True(JsonNode.DeepEquals(missing, problem), endpoint.ToString());
        }
    }

    [Fact]
    public async Task A_key_bound_to_tenants_lists_only_those_and_reports_only_for_those()
    {
        await _gateway.Tenant("list-a");
        await _gateway.Tenant("list-b");
        using var bound = await _gateway.Role("admin", "list-b");

        var list = await bound.Get("/v1/tenants").Is(HttpStatusCode.OK);
        Assert.Equal(["list-b"], list["data"]!.AsArray().Select(tenant => (string)tenant!["id"]!));
        await bound.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("x-1", "list-a"))
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        await bound.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("x-1", "list-b"))
            .Is(HttpStatusCode.Created);
        await bound.Get("/v1/signals?tenant=list-b&tenant=list-a").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
    }

    [Fact]
    public async Task A_bound_key_puts_its_tenants_on_no_plan_that_it_may_not_see()
    {
        await _gateway.Tenant("on-victims-plan");
        await _gateway.Tenant("on-mine");
        await _gateway.Tenant("on-mine-too");
        using var bound = await _gateway.Role("admin", "on-mine", "on-mine-too");
        Task<HttpResponseMessage> Move(string plan) =>
            bound.Put("/v1/tenants/on-mine", $$"""{"name":"on-mine","plan":"{{plan}}"}""");

        var missing = await Move("no-such-plan").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        var others = await Move("on-victims-plan").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(missing.ToJsonString(),
            others.ToJsonString().Replace("on-victims-plan", "no-such-plan", StringComparison.Ordinal));
        await _gateway.Admin.Put("/v1/plans/on-mine-too",
            Gateway.Plan.Replace("0.99", "0.98", StringComparison.Ordinal)).Is(HttpStatusCode.Created);
        Assert.Equal(["/plan_version"], (await bound.Put("/v1/tenants/on-mine",
            """{"name":"on-mine","plan":"on-mine-too","plan_version":2}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        var moved = await Move("on-mine-too").Is(HttpStatusCode.OK);
        Assert.Equal(("on-mine-too", 1), ((string?)moved["plan"], (int)moved["plan_version"]!));
        Assert.Equal("on-victims-plan", (string?)(await _gateway.Admin.Put("/v1/tenants/on-mine",
            """{"name":"on-mine","plan":"on-victims-plan"}""").Is(HttpStatusCode.OK))["plan"]);
    }

    [Fact]
    public async Task Agents_report_but_do_not_judge_and_buyers_judge_but_do_not_report()
    {
        await _gateway.Tenant("judged");
        using var agent = await _gateway.Role("agent", "judged");
        using var customer = await _gateway.Role("customer", "judged");
        var verdict = Report.Event("outcome.verdict", "v-1", "judged", """ "outcome_id":"o-1","verdict":"accepted" """);

        await customer.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("o-1", "judged"))
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await agent.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("o-1", "judged"))
            .Is(HttpStatusCode.Created);
        await agent.PostAs("application/cloudevents+json", "/v1/events", verdict)
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await customer.PostAs("application/cloudevents+json", "/v1/events", verdict).Is(HttpStatusCode.Created); // O8
    }

    [Fact]
    public async Task A_buyer_takes_none_of_the_vendors_ids_judges_nothing_beforehand_and_says_not_when() // I1, O8
    {
        const string one = "application/cloudevents+json";
        await _gateway.Tenant("parties",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1","measurement_window":"PT1H"}]}""",
            ""","test_clock":{"start":"2030-01-10T12:00:00Z"}""");
        using var agent = await _gateway.Role("agent", "parties");
        using var customer = await _gateway.Role("customer", "parties");
        await agent.PostAs(one, "/v1/events", Reported("o-1")).Is(HttpStatusCode.Created);

        // Under the source and id of the vendor's next report.
        await customer.PostAs(one, "/v1/events", Judged("o-2", "o-1", "accepted")).Is(HttpStatusCode.Created);
        await agent.PostAs(one, "/v1/events", Reported("o-2")).Is(HttpStatusCode.Created);
        // Before there is anything to judge, by whichever way.
        await customer.PostAs(one, "/v1/events", Judged("v-3", "o-3", "rejected"))
            .IsProblem(HttpStatusCode.NotFound, "unknown_outcome");
        var batch = await customer.PostAs("application/cloudevents-batch+json", "/v1/events",
            $"[{Judged("v-4", "o-3", "rejected")},{Judged("v-5", "o-4", "rejected")}]").Json();
        Assert.All(batch["results"]!.AsArray(), one =>
            Assert.Equal((404, "unknown_outcome"), ((int)one!["problem"]!["status"]!, (string?)one["problem"]!["code"])));
        Assert.Equal("pending", (string?)(await agent.PostAs(one, "/v1/events", Reported("o-3"))
            .Is(HttpStatusCode.Created))["outcome"]!["status"]);
        // After the window, with a time that lies in it: a dispute, and no reversal.
        await _gateway.Admin.Post("/v1/tenants/parties/clock", """{"advance":"PT2H"}""").Is(HttpStatusCode.OK);
        await customer.PostAs(one, "/v1/events", Judged("v-6", "o-3", "rejected", "2030-01-10T12:30:00Z"))
            .Is(HttpStatusCode.Created);
        var outcome = await _gateway.Admin.Get("/v1/tenants/parties/outcomes/o-3").Is(HttpStatusCode.OK);
        Assert.Equal("billable", (string?)outcome["status"]);
        Assert.Single((await customer.Get("/v1/tenants/parties/disputes?status=open").Is(HttpStatusCode.OK))["data"]!
            .AsArray());

        static string Reported(string id) => Report.Outcome(id, "parties");

        static string Judged(string id, string outcome, string verdict, string? time = null) =>
            Report.Event("outcome.verdict", id, "parties", $"\"outcome_id\":\"{outcome}\",\"verdict\":\"{verdict}\"")
                .Insert(1, time is null ? "" : $"\"time\":\"{time}\",");
    }

    [Fact]
    public async Task Metrics_are_open_on_this_machine() =>
        Assert.Equal(HttpStatusCode.OK, (await _gateway.Anyone.Get("/metrics")).StatusCode);

    [Theory]
    [InlineData("Forwarded", "for=203.0.113.7")]
    [InlineData("X-Forwarded-For", "203.0.113.7")]
    [InlineData("x-forwarded-proto", "https")]
    [InlineData("X-Real-IP", "203.0.113.7")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("Via", "")]
    public async Task Metrics_need_a_key_of_whoever_comes_through_a_proxy_on_this_machine(string header, string value)
    {
        using var operations = await _gateway.Role("ops");
        using var agent = await _gateway.Role("agent");
        var tenant = $"metrics-{header.ToLowerInvariant()}-{value.Length}";
        await _gateway.Tenant(tenant);
        using var bound = await _gateway.Role("admin", tenant); // metrics are of all tenants

        Assert.Equal(HttpStatusCode.Unauthorized, await Through(_gateway.Anyone));
        Assert.Equal(HttpStatusCode.Forbidden, await Through(agent));
        Assert.Equal(HttpStatusCode.Forbidden, await Through(bound));
        Assert.Equal(HttpStatusCode.OK, await Through(operations));

        async Task<HttpStatusCode> Through(HttpClient client)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/metrics", UriKind.Relative));
            request.Headers.TryAddWithoutValidation(header, value);
            using var response = await client.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task An_address_that_is_not_there_is_a_problem_and_so_is_a_method_that_is_not_served()
    {
        await _gateway.Anyone.Get("/v2/things").IsProblem(HttpStatusCode.NotFound, "not_found");
        using var wrong = await _gateway.Admin.Delete("/v1/events");
        await Task.FromResult(wrong).IsProblem(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Contains("POST", wrong.Content.Headers.Allow);
        await _gateway.Admin.PostAs("text/xml", "/v1/keys", "<a/>")
            .IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
    }

    [Fact]
    public async Task Every_answer_has_a_request_id()
    {
        foreach (var path in new[] { "/health/live", "/nowhere", "/v1/tenants", "/metrics" })
            Assert.NotEmpty((await _gateway.Anyone.Get(path)).Headers.GetValues("request-id").Single());
    }

    private IEnumerable<Mapped> Guarded() =>
        Mapped.All(_gateway).Where(one => !one.IsOpen && one.Demands is not { OpenOnLoopback: true });

    private async Task<string> Expired()
    {
        var end = _gateway.Clock.GetUtcNow().AddMinutes(1)
            .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var made = await _gateway.Admin.Post("/v1/keys", $$"""{"role":"admin","tenants":"*","expires_at":"{{end}}"}""")
            .Is(HttpStatusCode.Created);
        using var client = _gateway.As((string)made["key"]!);
        await client.Get("/v1/keys").Is(HttpStatusCode.OK);
        _gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        return (string)made["key"]!;
    }

    private async Task<string> Revoked()
    {
        var made = await _gateway.Admin.Post("/v1/keys", """{"role":"admin","tenants":"*"}""")
            .Is(HttpStatusCode.Created);
        using var client = _gateway.As((string)made["key"]!);
        await client.Get("/v1/keys").Is(HttpStatusCode.OK); // known and cached
        Assert.Equal(HttpStatusCode.NoContent, (await _gateway.Admin.Delete($"/v1/keys/{made["id"]}")).StatusCode);
        return (string)made["key"]!;
    }
}
