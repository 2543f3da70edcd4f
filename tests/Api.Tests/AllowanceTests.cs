namespace MeteringGateway.Api.Tests;

public class AllowanceTests(Started started) : IClassFixture<Started>
{
    private const string Question = """{"outcome_type":"support.resolution"}""";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_check_is_answered_with_what_binds_and_in_the_fields_that_clients_know() // A2
    {
        await _gateway.Tenant("fields");
        using var agent = await _gateway.Role("agent", "fields");
        using var response = await agent.Post("/v1/tenants/fields/check", Question);
        var answer = await Task.FromResult(response).Is(HttpStatusCode.OK);

        Assert.Equal("cap", (string?)answer["limit"]!["kind"]);
        Assert.Equal(3, (int?)answer["limit"]!["limit"]!["units"]);
        Assert.Equal("on_demand", (string?)answer["funding"]);
        Assert.Equal("0.99", (string?)answer["unit_price"]);
        Assert.Equal("2026-11-01", (string?)answer["period"]);
        Assert.Equal("\"monthly\";q=3;w=2592000", response.Headers.GetValues("RateLimit-Policy").Single());
        Assert.Equal("\"monthly\";r=3;t=820800", response.Headers.GetValues("RateLimit").Single());
        Assert.Null(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_refusal_says_when_to_ask_again_and_is_no_error()
    {
        await _gateway.Tenant("full", Gateway.Plan.Replace("\"units\":3", "\"units\":0", StringComparison.Ordinal));
        using var agent = await _gateway.Role("agent", "full");
        using var response = await agent.Post("/v1/tenants/full/check", Question);
        var answer = await Task.FromResult(response).Is(HttpStatusCode.OK);
        Assert.Equal("handoff", (string?)answer["decision"]);
        Assert.Equal(820800, response.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
    }

    [Theory]
    [InlineData("2016-02-27T00:00:00Z")]
    [InlineData("2031-02-27T00:00:00Z")]
    public async Task On_a_test_clock_every_time_is_the_clocks_own(string start) // T5
    {
        var name = $"clock-{start[..4]}";
        await _gateway.Tenant(name, Gateway.Plan.Replace("\"units\":3", "\"units\":1", StringComparison.Ordinal),
            $$""","test_clock":{"start":"{{start}}"}""");
        using var agent = await _gateway.Role("agent", name);
        var left = (DateTimeOffset.Parse($"{start[..4]}-03-01T00:00:00Z") - DateTimeOffset.Parse(start)).TotalSeconds;
        const string Hold = """{"outcome_type":"support.resolution","quantity":1,"ttl":"PT1H"}""";
        var key = ("Idempotency-Key", "held");

        using var asked = await agent.Post($"/v1/tenants/{name}/check", Question);
        using var held = await agent.Post($"/v1/tenants/{name}/reservations", Hold, key);
        using var again = await agent.Post($"/v1/tenants/{name}/reservations", Hold, key);
        using var recorded = await agent.Post($"/v1/tenants/{name}/check",
            """{"outcome_type":"support.resolution","record":true}""");

        Assert.All([asked, held, again, recorded],
            answer => Assert.EndsWith($";t={left}", answer.Headers.GetValues("RateLimit").Single()));
        Assert.Equal(left, recorded.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        Assert.Null(asked.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("{}", HttpStatusCode.UnprocessableEntity, "")]
    [InlineData("""{"outcome_type":"a","activity":"b"}""", HttpStatusCode.UnprocessableEntity, "")]
    [InlineData("""{"outcome_type":"a","quantity":0}""", HttpStatusCode.UnprocessableEntity, "/quantity")]
    [InlineData("""{"outcome_type":"a","quantity":1.5}""", HttpStatusCode.UnprocessableEntity, "/quantity")]
    [InlineData("""{"outcome_type":"a","quantety":1}""", HttpStatusCode.UnprocessableEntity, "/quantety")]
    [InlineData("""{"outcome_type":"a","agent":"x","agent":"y"}""", HttpStatusCode.UnprocessableEntity, "/agent")]
    [InlineData("""{"outcome_type":"a","agent":""}""", HttpStatusCode.UnprocessableEntity, "/agent")]
    [InlineData("""{"outcome_type":"a","session":"tab\t"}""", HttpStatusCode.UnprocessableEntity, "/session")]
    [InlineData("""{"outcome_type":5}""", HttpStatusCode.BadRequest, "/outcome_type")]
    [InlineData("""{"outcome_type":"\ud800"}""", HttpStatusCode.BadRequest, "/outcome_type")]
    [InlineData("""{"outcome_type":"a"} x""", HttpStatusCode.BadRequest, "")]
    [InlineData("null", HttpStatusCode.BadRequest, null)]
    public async Task A_question_that_is_not_one_is_refused_by_name(string question, HttpStatusCode status,
        string? pointer)
    {
        var problem = await _gateway.Admin.Post("/v1/tenants/acme/check", question).Is(status);
        if (pointer is not null) Assert.Equal([pointer], problem.Pointers());
    }

    [Fact]
    public async Task Unknown_tenants_and_types_are_told_apart()
    {
        await _gateway.Tenant("known");
        await _gateway.Admin.Post("/v1/tenants/unknown/check", Question)
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        await _gateway.Admin.Post("/v1/tenants/known/check", """{"outcome_type":"none"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "unknown_outcome_type");
        // A3
        await _gateway.Admin.Post("/v1/tenants/known/check", """{"outcome_type":"support.resolution","record":true}""")
            .Is(HttpStatusCode.OK);
        await _gateway.Admin.Post("/v1/tenants/known/check",
            """{"activity":"anything","agent":"a","channel":"é","workflow":"w","session":"s","quantity":2}""")
                .Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_reservation_is_held_extended_and_released() // A4
    {
        await _gateway.Tenant("held");
        using var agent = await _gateway.Role("agent", "held");
        using var made = await agent.Post("/v1/tenants/held/reservations",
            """{"outcome_type":"support.resolution","quantity":2,"ttl":"PT60S"}""");
        var answer = await Task.FromResult(made).Is(HttpStatusCode.Created);
        var id = (string)answer["reservation"]!["id"]!;
        Assert.Equal($"/v1/tenants/held/reservations/{id}", made.Headers.Location!.ToString());
        Assert.Equal(1,
            (int?)(await agent.Post("/v1/tenants/held/check", Question).Is(HttpStatusCode.OK))["remaining"]);

        await agent.Post($"/v1/tenants/held/reservations/{id}/extend", """{"ttl":"PT1H"}""").Is(HttpStatusCode.OK);
        Assert.Equal("2026-11-21T13:00:00.000Z",
            (string?)(await agent.Get($"/v1/tenants/held/reservations/{id}").Is(HttpStatusCode.OK))["expires_at"]);
        Assert.Equal(HttpStatusCode.NoContent, (await agent.Delete($"/v1/tenants/held/reservations/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await agent.Delete($"/v1/tenants/held/reservations/{id}")).StatusCode);
        foreach (var none in (string[])["typo", "r", "r0", $"{id}x", $" {id}", "R1", "r1.0"])
            await agent.Delete($"/v1/tenants/held/reservations/{Uri.EscapeDataString(none)}")
                .IsProblem(HttpStatusCode.NotFound, "unknown_reservation");
        await agent.Get($"/v1/tenants/held/reservations/{id}")
            .IsProblem(HttpStatusCode.NotFound, "unknown_reservation");
        await agent.Post($"/v1/tenants/held/reservations/{id}/extend", """{"ttl":"PT1H"}""")
            .IsProblem(HttpStatusCode.NotFound, "unknown_reservation");
        Assert.Equal(3,
            (int?)(await agent.Post("/v1/tenants/held/check", Question).Is(HttpStatusCode.OK))["remaining"]);
    }

    [Fact]
    public async Task What_cannot_be_held_is_told_with_nothing_held()
    {
        await _gateway.Tenant("tight");
        using var agent = await _gateway.Role("agent", "tight");
        var refused = await agent.Post("/v1/tenants/tight/reservations",
            """{"outcome_type":"support.resolution","quantity":4,"ttl":"PT60S"}""").Is(HttpStatusCode.OK);
        Assert.Null(refused["reservation"]);
        Assert.Equal("cap_reached", (string?)refused["reason"]);
        var part = await agent.Post("/v1/tenants/tight/reservations",
            """{"outcome_type":"support.resolution","quantity":4,"ttl":"PT60S","allow_partial":true}""")
                .Is(HttpStatusCode.Created);
        Assert.Equal(3, (int?)part["reservation"]!["quantity"]);
        var wrong = await agent.Post("/v1/tenants/tight/reservations", """{"quantity":100001,"ttl":"PT0S"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/outcome_type", "/quantity", "/ttl"], wrong.Pointers().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A4_reservations_that_hold_are_listed_in_the_order_in_which_they_were_made()
    {
        await _gateway.Tenant("holding",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1"}]}""",
            ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        using var agent = await _gateway.Role("agent", "holding");
        using var finance = await _gateway.Role("finance", "holding");
        const string Path = "/v1/tenants/holding/reservations";
        var made = new List<string>();
        for (var i = 1; i <= 12; i++)
            made.Add((string)(await agent.Post(Path,
                $$"""{"outcome_type":"support.resolution","agent":"bot-{{i}}","quantity":{{i}},"ttl":"PT60S"}""")
                .Is(HttpStatusCode.Created))["reservation"]!["id"]!);
        await agent.Delete($"{Path}/{made[3]}").Is(HttpStatusCode.NoContent);

        var listed = new List<JsonNode>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await finance.Get($"{Path}?limit=5{(cursor.Length > 0 ? $"&cursor={cursor}" : "")}")
                .Is(HttpStatusCode.OK);
            listed.AddRange(page["data"]!.AsArray().Select(one => one!));
            cursor = (string?)page["next_cursor"];
        }
        Assert.Equal(made.Where((_, i) => i != 3), listed.Select(one => (string)one["id"]!));
        var second = listed[1];
        Assert.Equal(("support.resolution", "bot-2", 2, 2, "2026-11-01"), ((string?)second["outcome_type"],
            (string?)second["agent"], (int)second["quantity"]!, (int)second["remaining"]!, (string?)second["period"]));
        Assert.Equal(11, (await agent.Get(Path).Is(HttpStatusCode.OK))["data"]!.AsArray().Count);
        await _gateway.Admin.Post("/v1/tenants/holding/clock", """{"advance":"PT2M"}""").Is(HttpStatusCode.OK);
        Assert.Empty((await agent.Get(Path).Is(HttpStatusCode.OK))["data"]!.AsArray());
        using var reader = await _gateway.Role("ops");
        await reader.Get(Path).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await _gateway.Admin.Get("/v1/tenants/nobody/reservations")
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
    }

    [Fact]
    public async Task A_reservation_sent_twice_with_the_same_idempotency_key_is_made_once()
    {
        await _gateway.Tenant("once");
        using var agent = await _gateway.Role("agent", "once");
        const string body = """{"outcome_type":"support.resolution","quantity":1,"ttl":"PT60S"}""";
        var first = await agent.Post("/v1/tenants/once/reservations", body, ("Idempotency-Key", "r-1"))
            .Is(HttpStatusCode.Created);
        var again = await agent.Post("/v1/tenants/once/reservations", body, ("Idempotency-Key", "r-1"))
            .Is(HttpStatusCode.Created);
        Assert.True(JsonNode.DeepEquals(first, again));
        Assert.Equal(2,
            (int?)(await agent.Post("/v1/tenants/once/check", Question).Is(HttpStatusCode.OK))["remaining"]);

        await agent.Post("/v1/tenants/once/reservations", body.Replace("60", "61", StringComparison.Ordinal),
            ("Idempotency-Key", "r-1"))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        using var other = await _gateway.Role("agent", "once");
        var theirs = await other.Post("/v1/tenants/once/reservations", body, ("Idempotency-Key", "r-1"))
            .Is(HttpStatusCode.Created);
        Assert.NotEqual((string?)first["reservation"]!["id"], (string?)theirs["reservation"]!["id"]);
        await agent.Post("/v1/tenants/once/reservations", body, ("Idempotency-Key", new string('k', 256)))
            .IsProblem(HttpStatusCode.BadRequest, "malformed");
    }

    [Fact]
    public async Task A_reservation_that_was_denied_may_be_granted_under_the_same_idempotency_key()
    {
        await _gateway.Tenant("denied");
        using var finance = await _gateway.Role("finance", "denied");
        using var agent = await _gateway.Role("agent", "denied");
        const string body = """{"outcome_type":"support.resolution","quantity":4,"ttl":"PT60S"}""";
        Task<HttpResponseMessage> Reserve() =>
            agent.Post("/v1/tenants/denied/reservations", body, ("Idempotency-Key", "r-1"));
        Assert.Equal("cap_reached", (string?)(await Reserve().Is(HttpStatusCode.OK))["reason"]);
        await finance.Put("/v1/tenants/denied/caps/monthly", """{"limit":{"units":10}}""").Is(HttpStatusCode.OK);

        var held = await Reserve().Is(HttpStatusCode.Created);
        Assert.True(JsonNode.DeepEquals(held, await Reserve().Is(HttpStatusCode.Created)));
    }
}
