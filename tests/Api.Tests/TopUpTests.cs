namespace MeteringGateway.Api.Tests;

/// <summary>Packs that the plan sells, and that the buyer's finance admin buys (F9, F10).</summary>
public class TopUpTests(Started started) : IClassFixture<Started>
{
    private const string Plan = """
        {"currency":"USD","platform_fee":"5.00",
         "outcome_types":[{"id":"support.resolution","credits":"50","measurement_window":"PT0S"}],
         "caps":[{"id":"budget","limit":{"amount":"1.00"}}],
         "top_ups":[{"id":"pack-100","credits":"100","price":"9.50","expires_after":"P30D"},
                    {"id":"pack-500","credits":"500","price":"40"}],
         "top_up_limit":"60.00"}
        """;
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_pack_pays_for_the_very_next_outcome_and_is_a_line_of_the_statement()
    {
        await _gateway.Tenant("packs", Plan);
        using var finance = await _gateway.Role("finance", "packs");
        Assert.Equal("credits_exhausted", (string?)(await Check("packs"))["reason"]);
        using var made = await finance.Post("/v1/tenants/packs/top-ups",
            """{"pack":"pack-100","quantity":2,"note":"spring"}""", ("Idempotency-Key", "order-1"));
        var grant = await Task.FromResult(made).Is(HttpStatusCode.Created);
        var id = (string)grant["id"]!;
        Assert.Equal($"/v1/tenants/packs/grants/{id}", made.Headers.Location!.ToString());
        Assert.Equal(
            $$"""{"id":"{{id}}","kind":"top_up","amount":"200","remaining":"200","priority":50,"effective_at":"2026-11-21T12:00:00.000Z","expires_at":"2026-12-21T12:00:00.000Z","price":"19.00","note":"spring","voided_at":null,"pack":"pack-100","quantity":2}""",
            grant.ToJsonString());
        var check = await Check("packs");
        Assert.Equal(("allow", 4), ((string?)check["decision"], (int?)check["remaining"]));

        var statement = await finance.Get("/v1/tenants/packs/statements/current").Is(HttpStatusCode.OK);
        Assert.Equal(
            """{"kind":"top_up","description":"Top-up pack-100","outcome_type":null,"quantity":2,"unit_price":"9.50","amount":"19.00"}""",
            statement["lines"]![1]!.ToJsonString());
        Assert.Equal("24.00", (string?)statement["total"]);
        // It is no spend, and no cap is in its way.
        var usage = await finance.Get("/v1/tenants/packs/usage").Is(HttpStatusCode.OK);
        Assert.Equal(("0.00", "0.00", "24.00"),
            ((string?)usage["spend"], (string?)usage["corrections"], (string?)usage["total"]));
        Assert.Equal("""{"amount":"0.00"}""", usage["caps"]![0]!["exposure"]!.ToJsonString());
        // Voiding refunds nothing.
        using var billing = await _gateway.Role("billing", "packs");
        await billing.Delete($"/v1/tenants/packs/grants/{id}").Is(HttpStatusCode.OK);
        Assert.Equal("24.00",
            (string?)(await finance.Get("/v1/tenants/packs/statements/current").Is(HttpStatusCode.OK))["total"]);
    }

    [Fact]
    public async Task The_same_key_never_buys_twice_whoever_sends_it_whatever_the_terms_say_by_then() // F6
    {
        await using var own = await Gateway.Start();
        await own.Tenant("once", Plan);
        using var finance = await own.Role("finance", "once");
        using var colleague = await own.Role("finance", "once");
        const string body = """{"pack":"pack-100"}""";
        var first = await finance.Post("/v1/tenants/once/top-ups", body, ("Idempotency-Key", "order-1"))
            .Is(HttpStatusCode.Created);
        foreach (var other in new[] { """{"pack":"pack-500"}""", """{"pack":"pack-100","quantity":2}""",
            """{"pack":"pack-100","note":"n"}""" })
            await finance.Post("/v1/tenants/once/top-ups", other, ("Idempotency-Key", "order-1"))
                .IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        await own.Admin.Post("/v1/tenants/once/grants", """{"amount":"100","kind":"top_up"}""",
            ("Idempotency-Key", "order-1")).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");

        // Dearer now, 40 days later, and what was bought has expired.
        await own.Admin.Put("/v1/tenants/once/terms",
            """{"top_ups":[{"id":"pack-100","credits":"100","price":"20"}]}""").Is(HttpStatusCode.OK);
        own.Clock.Advance(TimeSpan.FromDays(40));
        foreach (var who in new[] { finance, colleague })
            Assert.Equal(first.ToJsonString(),
                (await who.Post("/v1/tenants/once/top-ups", body, ("Idempotency-Key", "order-1"))
                    .Is(HttpStatusCode.Created)).ToJsonString());
        await own.Admin.Delete("/v1/tenants/once").Is(HttpStatusCode.OK);
        Assert.Equal(first.ToJsonString(),
            (await finance.Post("/v1/tenants/once/top-ups", body, ("Idempotency-Key", "order-1"))
                .Is(HttpStatusCode.Created)).ToJsonString());
        Assert.Single((await finance.Get("/v1/tenants/once/grants").Is(HttpStatusCode.OK))["data"]!.AsArray());
    }

    [Fact]
    public async Task What_packs_come_to_in_a_period_is_bounded()
    {
        await _gateway.Tenant("bounded", Plan, ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        using var finance = await _gateway.Role("finance", "bounded");
        Task<HttpResponseMessage> Buy(string pack, string key, int quantity = 1) => finance.Post(
            "/v1/tenants/bounded/top-ups", $$"""{"pack":"{{pack}}","quantity":{{quantity}}}""",
            ("Idempotency-Key", key));
        await Buy("pack-500", "a").Is(HttpStatusCode.Created);
        await Buy("pack-100", "b", 3).IsProblem(HttpStatusCode.Conflict, "top_up_limit_reached");
        await Buy("pack-100", "b", 2).Is(HttpStatusCode.Created); // 59.00 of 60.00
        await Buy("pack-100", "c").IsProblem(HttpStatusCode.Conflict, "top_up_limit_reached");
        await _gateway.Admin.Post("/v1/tenants/bounded/clock", """{"to":"2026-12-01T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        await Buy("pack-100", "c").Is(HttpStatusCode.Created); // a new month

        await _gateway.Admin.Put("/v1/tenants/bounded/terms", """{"top_up_limit":"0"}""").Is(HttpStatusCode.OK);
        await Buy("pack-100", "d").IsProblem(HttpStatusCode.Conflict, "top_up_limit_reached");
        await _gateway.Admin.Put("/v1/tenants/bounded/terms", "{}").Is(HttpStatusCode.OK);
        await Buy("pack-100", "d").Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Only_what_the_terms_in_force_sell_can_be_bought_at_their_price()
    {
        await _gateway.Tenant("terms", Plan);
        using var finance = await _gateway.Role("finance", "terms");
        Task<HttpResponseMessage> Buy(string body, string key) =>
            finance.Post("/v1/tenants/terms/top-ups", body, ("Idempotency-Key", key));
        await Buy("""{"pack":"pack-1000"}""", "a").IsProblem(HttpStatusCode.UnprocessableEntity, "unknown_pack");
        await _gateway.Admin.Put("/v1/tenants/terms/terms",
            """{"top_ups":[{"id":"pack-1000","credits":"1000","price":"30"},{"id":"pack-100","credits":"100","price":"1"}]}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("30.00",
            (string?)(await Buy("""{"pack":"pack-1000"}""", "a").Is(HttpStatusCode.Created))["price"]);
        Assert.Equal("1.00", (string?)(await Buy("""{"pack":"pack-100"}""", "b").Is(HttpStatusCode.Created))["price"]);

        // A new version of the plan, taken by the tenant, sells none.
        await _gateway.Admin.Put("/v1/plans/terms",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","credits":"50"}]}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Put("/v1/tenants/terms/terms", "{}").Is(HttpStatusCode.OK);
        Assert.Equal("9.50", (string?)(await Buy("""{"pack":"pack-100"}""", "c").Is(HttpStatusCode.Created))["price"]);
        await _gateway.Admin.Put("/v1/tenants/terms", """{"name":"t","plan":"terms","plan_version":2}""")
            .Is(HttpStatusCode.OK);
        await Buy("""{"pack":"pack-100"}""", "d").IsProblem(HttpStatusCode.UnprocessableEntity, "unknown_pack");
    }

    [Fact]
    public async Task A_purchase_needs_a_key_a_pack_and_the_buyers_permission()
    {
        await _gateway.Tenant("needs", Plan);
        using var finance = await _gateway.Role("finance", "needs");
        using var customer = await _gateway.Role("customer", "needs");
        using var billing = await _gateway.Role("billing", "needs");
        const string path = "/v1/tenants/needs/top-ups";
        const string body = """{"pack":"pack-100"}""";
        await finance.Post(path, body).IsProblem(HttpStatusCode.BadRequest, "idempotency_key_required");
        foreach (var other in new[] { customer, billing })
            await other.Post(path, body, ("Idempotency-Key", "k")).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        foreach (var (wrong, pointers) in new[]
        {
            ("{}", "/pack"), ("""{"pack":"","quantity":0,"note":""}""", "/pack,/quantity,/note"),
            ("""{"pack":"pack-100","price":"0.01"}""", "/price"), ("""{"pack":"pack-100","amount":"1"}""", "/amount"),
        })
            Assert.Equal(pointers.Split(','), (await finance.Post(path, wrong, ("Idempotency-Key", "k"))
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        await finance.Post("/v1/tenants/others/top-ups", body, ("Idempotency-Key", "k"))
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        Assert.Empty((await finance.Get("/v1/tenants/needs/grants").Is(HttpStatusCode.OK))["data"]!.AsArray());
    }

    private Task<JsonObject> Check(string tenant) =>
        _gateway.Admin.Post($"/v1/tenants/{tenant}/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
}
