namespace MeteringGateway.Api.Tests;

/// <summary>Credits that the vendor gives: issued, spent, voided, and never given twice (F5, F6).</summary>
public class GrantTests(Started started) : IClassFixture<Started>
{
    private const string Plan =
        """{"currency":"USD","credit_value":"0.01","outcome_types":[{"id":"support.resolution","credits":"50"}]}""";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_grant_pays_for_the_very_next_outcome()
    {
        await _gateway.Tenant("top-up", Plan);
        using var billing = await _gateway.Role("billing", "top-up");
        Assert.Equal("credits_exhausted", (string?)(await Check("top-up"))["reason"]);
        using var made = await billing.Post("/v1/tenants/top-up/grants",
            """{"amount":"120","kind":"top_up","price":"1.20","expires_at":"2027-01-01T00:00:00Z","note":"pack"}""");
        var grant = await Task.FromResult(made).Is(HttpStatusCode.Created);
        var id = (string)grant["id"]!;
        Assert.Equal($"/v1/tenants/top-up/grants/{id}", made.Headers.Location!.ToString());
        Assert.Equal(
            $$"""{"id":"{{id}}","kind":"top_up","amount":"120","remaining":"120","priority":50,"effective_at":"2026-11-21T12:00:00.000Z","expires_at":"2027-01-01T00:00:00.000Z","price":"1.20","note":"pack","voided_at":null,"pack":null,"quantity":null}""",
            grant.ToJsonString());

        var check = await Check("top-up");
        Assert.Equal(("allow", "credits", 2, "0.50"),
            ((string?)check["decision"], (string?)check["funding"], (int?)check["remaining"],
            (string?)check["unit_price"]));
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("o-1", "top-up"))
            .Is(HttpStatusCode.Created);
        var outcome = await billing.Get("/v1/tenants/top-up/outcomes/o-1").Is(HttpStatusCode.OK);
        Assert.Equal("""[{"source":"credits","units":1,"unit_price":"0.00","amount":"0.00","credits":"50"}]""",
            outcome["charges"]!.ToJsonString());
        Assert.Equal(("0.00", "50"), ((string?)outcome["amount"], (string?)outcome["credits"]));
        var credits = (await billing.Get("/v1/tenants/top-up/usage").Is(HttpStatusCode.OK))["credits"]!;
        Assert.Equal(("70", "0.70", "70"),
            ((string?)credits["balance"], (string?)credits["value"], (string?)credits["grants"]![0]!["remaining"]));
        Assert.Equal("70",
            (string?)(await billing.Get($"/v1/tenants/top-up/grants/{id}").Is(HttpStatusCode.OK))["remaining"]);
    }

    [Fact]
    public async Task The_same_key_never_buys_twice_whoever_sends_it_and_however_late() // F6
    {
        await using var own = await Gateway.Start();
        await own.Tenant("once", Plan);
        await own.Tenant("twice", Plan);
        using var billing = await own.Role("billing", "once", "twice");
        using var colleague = await own.Role("billing", "once");
        const string body = """{"amount":"100","kind":"top_up","expires_at":"2026-11-23T00:00:00Z"}""";
        var first = await billing.Post("/v1/tenants/once/grants", body, ("Idempotency-Key", "order-1"))
            .Is(HttpStatusCode.Created);
        foreach (var who in new[] { billing, colleague })
            Assert.Equal(first.ToJsonString(),
                (await who.Post("/v1/tenants/once/grants", body, ("Idempotency-Key", "order-1"))
                    .Is(HttpStatusCode.Created)).ToJsonString());
        await billing.Post("/v1/tenants/once/grants", body.Replace("100", "200", StringComparison.Ordinal),
            ("Idempotency-Key", "order-1")).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");

        own.Clock.Advance(TimeSpan.FromDays(40)); // every other key is forgotten, and what was bought has expired
        var late = await billing.Post("/v1/tenants/once/grants", body, ("Idempotency-Key", "order-1"))
            .Is(HttpStatusCode.Created);
        Assert.Equal(first.ToJsonString(), late.ToJsonString());
        var all = (await billing.Get("/v1/tenants/once/grants").Is(HttpStatusCode.OK))["data"]!.AsArray();
        Assert.Equal("0", (string?)Assert.Single(all)!["remaining"]);
        // another tenant's key is another key
        await billing.Post("/v1/tenants/twice/grants", """{"amount":"100","kind":"top_up"}""",
            ("Idempotency-Key", "order-1")).Is(HttpStatusCode.Created);
        // Without a key there is nothing to recognise.
        await billing.Post("/v1/tenants/twice/grants", """{"amount":"100","kind":"top_up"}""")
            .Is(HttpStatusCode.Created);
        await billing.Post("/v1/tenants/twice/grants", """{"amount":"100","kind":"top_up"}""", ("Idempotency-Key", ""))
            .IsProblem(HttpStatusCode.BadRequest, "malformed");
    }

    [Fact]
    public async Task The_vendor_gives_and_voids_and_nobody_else() // F9
    {
        await _gateway.Tenant("who", Plan);
        using var finance = await _gateway.Role("finance", "who");
        using var billing = await _gateway.Role("billing", "who");
        using var customer = await _gateway.Role("customer", "who");
        const string topUp = """{"amount":"10","kind":"top_up","price":"3.00"}""";
        const string gift = """{"amount":"10","kind":"promotional"}""";
        foreach (var wanted in new[] { topUp, gift })
        {
            await customer.Post("/v1/tenants/who/grants", wanted).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            var problem = await finance.Post("/v1/tenants/who/grants", wanted)
                .IsProblem(HttpStatusCode.Forbidden, "forbidden");
            Assert.Contains("grants:write", (string?)problem["detail"], StringComparison.Ordinal);
        }
        var sold = await billing.Post("/v1/tenants/who/grants", topUp).Is(HttpStatusCode.Created);
        var given = await billing.Post("/v1/tenants/who/grants", gift).Is(HttpStatusCode.Created);
        Assert.Equal(30, (int?)given["priority"]);
        await finance.Delete($"/v1/tenants/who/grants/{sold["id"]}").IsProblem(HttpStatusCode.Forbidden, "forbidden");

        var voided = await billing.Send(HttpMethod.Delete, $"/v1/tenants/who/grants/{given["id"]}", null, "")
            .Is(HttpStatusCode.OK);
        Assert.Equal(("0", "2026-11-21T12:00:00.000Z"), ((string?)voided["remaining"], (string?)voided["voided_at"]));
        await billing.Delete("/v1/tenants/who/grants/g-none").IsProblem(HttpStatusCode.NotFound, "unknown_grant");
        await customer.Get("/v1/tenants/who/grants/g-none").IsProblem(HttpStatusCode.NotFound, "unknown_grant");

        var first = await customer.Get("/v1/tenants/who/grants?limit=1").Is(HttpStatusCode.OK);
        var second = await customer.Get($"/v1/tenants/who/grants?limit=1&cursor={first["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        Assert.Equal(((string?)sold["id"], (string?)given["id"]),
            ((string?)first["data"]![0]!["id"], (string?)second["data"]![0]!["id"]));
        Assert.Null(second["next_cursor"]);
        Assert.Equal("10",
            (string?)(await customer.Get("/v1/tenants/who/usage").Is(HttpStatusCode.OK))["credits"]!["balance"]);
    }

    [Theory]
    [InlineData("{}", "/amount,/kind")]
    [InlineData("""{"amount":"0","kind":"plan","priority":-1,"price":"-1","note":"\u0000","expires_at":"tomorrow"}""",
        "/kind,/amount,/expires_at,/priority,/price,/note")]
    [InlineData("""{"amount":"1","kind":"top_up","credits":"1"}""", "/credits")]
    public async Task What_is_wrong_with_a_grant_is_named(string body, string pointers)
    {
        var problem = await _gateway.Admin.Post("/v1/tenants/any/grants", body)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    [Fact]
    public async Task What_would_have_expired_already_or_does_not_fit_is_refused()
    {
        await _gateway.Tenant("expired", Plan);
        await _gateway.Admin.Post("/v1/tenants/expired/grants",
            """{"amount":"1","kind":"top_up","expires_at":"2026-11-21T12:00:00Z"}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "already_expired");
        await _gateway.Admin.Post("/v1/tenants/expired/grants", """{"amount":"4000000000000","kind":"top_up"}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/tenants/expired/grants", """{"amount":"1000000000000","kind":"top_up"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "amount_overflow");
        await _gateway.Admin.Get("/v1/tenants/expired/usage").Is(HttpStatusCode.OK);
    }

    private Task<JsonObject> Check(string tenant) =>
        _gateway.Admin.Post($"/v1/tenants/{tenant}/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
}
