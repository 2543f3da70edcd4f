namespace MeteringGateway.Api.Tests;

/// <summary>Whatever can be an id has an address: its segment is percent-decoded once, whichever id it is.</summary>
public class AddressTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";

    /// <summary>Ids that a caller may choose, and whose addresses are easily mistaken for each other.</summary>
    public static readonly string[] Wide =
    [
        "conv/77", "conv%2F77", "conv%252F77", "conv%2f77", "/", "//", "a/", "/a", "a/verdict", "%", "100%", "%2",
        "%zz",
        "%25", "%ff", "%C3%A9", "é", "é/ü", "a b", "a+b", "a%20b", "a?b", "a#b", "a\\b", "a&b=c", "a;b,c", "\"q\"",
        "'", "<b>", "{id}", "*", "...", "..a", "a..", "a/..", "./a", "~", "日本/語", "🎉", "a\u200bb", "\u2028",
        new string('€', 256), new string('/', 256),
    ];

    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Every_outcome_is_read_and_judged_at_its_own_address_whatever_its_id()
    {
        await _gateway.Tenant("wide", """{"currency":"USD","outcome_types":[{"id":"support.resolution"}]}""");
        using var customer = await _gateway.Role("customer", "wide");
        foreach (var (id, i) in Wide.Select((id, i) => (id, i)))
            await _gateway.Admin.PostAs(One, "/v1/events",
                Report.Outcome($"w-{i}", "wide", $"\"outcome_id\":{JsonValue.Create(id).ToJsonString()}"))
                .Is(HttpStatusCode.Created);
        foreach (var id in Wide)
        {
            var outcome = await customer.Get(Address("wide", id)).Is(HttpStatusCode.OK);
            Assert.Equal(id, (string?)outcome["outcome_id"]);
            Assert.Equal(id, (string?)outcome["history"]![0]!["data"]!["outcome_id"]);
            var judged = await customer.Post(Address("wide", id) + "/verdict", """{"verdict":"rejected"}""")
                .Is(HttpStatusCode.Created);
            Assert.Equal((id, "non_billable"), ((string?)judged["outcome_id"], (string?)judged["status"]));
        }
        var listed = await customer.Get("/v1/tenants/wide/outcomes?limit=1000").Is(HttpStatusCode.OK);
        Assert.All(listed["data"]!.AsArray(), one => Assert.Equal("rejected", (string?)one!["non_billable_reason"]));
    }

    [Fact]
    public async Task An_outcome_that_is_reported_directly_says_where_it_is()
    {
        await _gateway.Tenant("located");
        using var made = await _gateway.Admin.Post("/v1/tenants/located/outcomes",
            """{"id":"conv/77 %","outcome_type":"support.resolution"}""");
        Assert.Equal("/v1/tenants/located/outcomes/conv%2F77%20%25", made.Headers.Location!.OriginalString);
        var found = await _gateway.Admin.Get(made.Headers.Location.OriginalString).Is(HttpStatusCode.OK);
        Assert.Equal("conv/77 %", (string?)found["outcome_id"]);
    }

    [Theory]
    [InlineData("/v1/tenants/spelt/outcomes/conv%2f77")]
    [InlineData("/v1/tenants/spelt/outcomes/%63onv%2F%37%37")]
    [InlineData("/v1/%74enants/%73pelt/outcomes/conv%2F77")]
    [InlineData("http://localhost/v1/tenants/spelt/outcomes/conv%2F77")]
    public async Task However_it_is_encoded_it_is_one_address(string target)
    {
        await _gateway.Admin.Put("/v1/plans/spelt", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/spelt", """{"name":"Spelt","plan":"spelt"}""");
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("conv/77", "spelt"));
        using var call = await RawCall.Open(_gateway, "GET", target, null);
        Assert.Contains("\"outcome_id\":\"conv/77\"", await call.HearUntil("\"history\""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%zz")]
    [InlineData("%")]
    [InlineData("a%2")]
    [InlineData("%ff")]
    [InlineData("%C0%AF")]
    [InlineData("%ED%A0%80")]
    public async Task An_address_that_is_not_percent_encoded_UTF_8_is_refused(string segment)
    {
        using var call = await RawCall.Open(_gateway, "GET", $"/v1/tenants/acme/outcomes/{segment}", null);
        var heard = await call.HearUntil("\"detail\"");
        Assert.StartsWith("HTTP/1.1 400", heard, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"malformed\"", heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_segment_of_dots_leads_nowhere_and_never_to_what_is_above_it()
    {
        await _gateway.Admin.Put("/v1/plans/dots", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/dots", """{"name":"Dots","plan":"dots"}""");
        foreach (var (method, target) in ((string, string)[])[("DELETE", "/v1/tenants/dots/end-customers/.."),
            ("DELETE", "/v1/tenants/dots/caps/."), ("DELETE", "/v1/tenants/dots/grants/../?x=1"),
            ("GET", "/v1/tenants/../tenants/dots")])
        {
            using var call = await RawCall.Open(_gateway, method, target, null);
            var heard = await call.HearUntil("\"detail\"");
            Assert.StartsWith("HTTP/1.1 400", heard, StringComparison.Ordinal);
            Assert.Contains("\"code\":\"malformed\"", heard, StringComparison.Ordinal);
        }
        Assert.Null((await _gateway.Admin.Get("/v1/tenants/dots").Is(HttpStatusCode.OK))["closed_at"]);
    }

    [Fact]
    public async Task Every_id_in_every_route_is_decoded_once()
    {
        await _gateway.Tenant("routes");
        var routes = Mapped.All(_gateway).Where(one => one.Route.Contains('{', StringComparison.Ordinal)
            && !one.Route.StartsWith("/openapi", StringComparison.Ordinal)).ToList();
        Assert.True(routes.Count > 30);
        foreach (var route in routes)
        {
            var values = route.Endpoint.RoutePattern.Parameters.Select(parameter => parameter.Name).ToList();
            var path = values.Aggregate(route.Route, (all, name) => all.Replace($"{{{name}}}",
                name == "tenant" && values.Count > 1 ? "routes" : "x%2Fy%25z", StringComparison.Ordinal));
            using var response = await _gateway.Admin.Send(route.Method, path, route.Takes is null ? null : "{}",
                route.Takes?.MediaTypes[0] ?? "");
            var text = await response.Content.ReadAsStringAsync();
            // What is there says that there is no such thing, or that no such thing can be; the router, that there is
            // no such address.
            Assert.True((int)response.StatusCode < 500, $"{route}: {text}");
            Assert.DoesNotContain("\"code\":\"not_found\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain("%2F", text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    public async Task What_no_address_can_end_with_is_no_id(string dots)
    {
        await _gateway.Admin.Put("/v1/plans/dots", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/dots", """{"name":"Dots","plan":"dots"}""");
        await Refused(Report.Outcome("d", "dots", $"\"outcome_id\":\"{dots}\""), "/data/outcome_id");
        await Refused(Report.Outcome(dots, "dots"), "/id");
        await Refused(Report.Outcome("e", "dots", $"\"session\":\"{dots}\""), "/data/session");
        await Refused(Report.Outcome("d", "dots", $"\"end_customer\":\"{dots}\""), "/data/end_customer");
        await Refused(Report.Event("outcome.confirmed", "d", "dots", $"\"outcome_id\":\"{dots}\""),
            "/data/outcome_id");
        // The id of an event that names its outcome has no address.
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome(dots, "dots", $"\"outcome_id\":\"d{dots}\""))
            .Is(HttpStatusCode.Created);
        Assert.Equal(["/id"], (await _gateway.Admin.Post("/v1/tenants/dots/outcomes",
            $$"""{"id":"{{dots}}","outcome_type":"support.resolution"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers());
        foreach (var call in new[] { "check", "reservations" })
            Assert.Contains("/session", (await _gateway.Admin.Post($"/v1/tenants/dots/{call}",
                $$"""{"outcome_type":"support.resolution","session":"{{dots}}"}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        var plan =
            $$"""{"currency":"USD","outcome_types":[{"id":"a"}],"caps":[{"id":"{{dots}}","limit":{"units":1} }]}""";
        Assert.Equal(["/caps/0/id"], (await _gateway.Admin.Put("/v1/plans/dotted", plan)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());

        async Task Refused(string json, string pointer) => Assert.Equal([pointer],
            (await _gateway.Admin.PostAs(One, "/v1/events", json)
                .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers());
    }

    [Theory]
    [InlineData("/v1/plans/%2E%2E", Gateway.Plan)]
    [InlineData("/v1/tenants/%2E", """{"name":"x","plan":"dots"}""")]
    [InlineData("/v1/webhooks/%2e%2E", """{"url":"https://a.example","events":["*"],"tenants":"*"}""")]
    [InlineData("/v1/tenants/under/caps/%2E%2E", """{"limit":{"units":1}}""")]
    [InlineData("/v1/tenants/under/thresholds/%2E", """{"of":"spend","at":{"amount":"1"}}""")]
    public async Task Nothing_is_made_under_such_an_id(string target, string body)
    {
        await _gateway.Admin.Put("/v1/plans/under", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/under", """{"name":"Under","plan":"under"}""");
        using var call = await RawCall.Open(_gateway, "PUT", target, "application/json");
        await call.Say(body);
        await call.End();
        Assert.StartsWith("HTTP/1.1 422", await call.HearUntil("\"detail\""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_control_character_is_no_part_of_an_id_and_finds_nothing()
    {
        await _gateway.Tenant("control");
        foreach (var control in new[] { "%01", "%0A", "%0D%0A", "%7F", "%C2%85" })
        {
            await _gateway.Admin.Get($"/v1/tenants/control/outcomes/a{control}b")
                .IsProblem(HttpStatusCode.NotFound, "unknown_outcome");
            await _gateway.Admin.Put($"/v1/tenants/control/caps/a{control}b", """{"limit":{"units":1}}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        }
    }

    private static string Address(string tenant, string id) =>
        $"/v1/tenants/{tenant}/outcomes/{Uri.EscapeDataString(id)}";
}
