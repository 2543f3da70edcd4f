namespace MeteringGateway.Api.Tests;

/// <summary>N1 over HTTP: an amount that could overflow is a refusal, never an account that cannot be read.</summary>
public class BoundTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Clock = ""","test_clock":{"start":"2030-01-10T12:00:00Z"}""";
    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData(""" "platform_fee":"9000000000000","implementation_fee":"9000000000000" """)]
    [InlineData(""" "platform_fee":"5000000000000" """)]
    [InlineData(""" "commitments":[{"outcome_type":"res","units":1000000000000,"price":"9000000000000"}] """)]
    [InlineData(""" "commitments":[{"amount":"4000000000000"},{"amount":"4000000000000","per":"year"}] """)]
    [InlineData(""" "credits":{"period_grant":"4000000000000","rollover":{"max":"4000000000000"}} """)]
    [InlineData(""" "credits":{"period_grant":"4000000000"},"credit_value":"1000000" """)]
    public async Task N1_a_plan_whose_own_amounts_cannot_be_added_is_refused(string members)
    {
        var plan = """{"currency":"USD","outcome_types":[{"id":"res","price":"1.00"},{"id":"lead","credits":"1"}],"""
            + members + "}";
        await _gateway.Admin.Put("/v1/plans/too-much", plan)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "amount_overflow");
        await _gateway.Admin.Get("/v1/plans/too-much").IsProblem(HttpStatusCode.NotFound, "unknown_plan");
        await _gateway.Tenant($"own-{members.Length}",
            """{"currency":"USD","outcome_types":[{"id":"res","price":"1.00"},{"id":"lead","credits":"1"}]}""");
        await _gateway.Admin.Put($"/v1/tenants/own-{members.Length}/terms", "{" + members + "}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "amount_overflow");
    }

    [Fact]
    public async Task N1_one_outcome_at_a_very_high_price_is_a_figure_without_a_forecast()
    {
        await Made("dear", """ "price":"900000000000" """);
        await Report("dear", "o1").Is(HttpStatusCode.Created);
        Assert.Null((await Readable("dear"))["forecast"]);
        for (var i = 2; i <= 5; i++) await Report("dear", $"o{i}").Is(HttpStatusCode.Created);
        await Report("dear", "o6").IsProblem(HttpStatusCode.UnprocessableEntity, "amount_overflow");
        Assert.Equal("4500000000000.00", (string?)(await Readable("dear"))["spend"]);
    }

    [Theory]
    [InlineData("9000000000000", 1, 0)]
    [InlineData("900000.00", 1_000_000, 5)]
    public async Task N1_activities_are_refused_when_their_fees_could_not_be_added_up(string fee, int quantity, int fit)
    {
        var tenant = $"fees-{fit}";
        await Made(tenant, """ "price":"1.00" """, $$""","activities":[{"id":"call","price":"{{fee}}"}]""");
        for (var i = 0; i < 11; i++)
        {
            var sent = _gateway.Admin.PostAs(One, "/v1/events", Support.Report.Event("activity.reported", $"a{i}",
                tenant, $"\"activity\":\"call\",\"quantity\":{quantity}"));
            if (i < fit) await sent.Is(HttpStatusCode.Created);
            else await sent.IsProblem(HttpStatusCode.UnprocessableEntity, "amount_overflow");
        }
        await Readable(tenant);
        await _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", """{"advance":"P60D"}""").Is(HttpStatusCode.OK);
        await Readable(tenant);
        await Report(tenant, "later").Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task N1_reservations_that_would_come_to_too_much_are_refused_and_the_process_goes_on()
    {
        await Made("held", """ "price":"100000000.00","included_units":5 """);
        await _gateway.Admin.Post("/v1/tenants/held/check", """{"outcome_type":"res"}""").Is(HttpStatusCode.OK);
        const string hold = """{"outcome_type":"res","quantity":40000,"ttl":"PT60S"}""";
        await _gateway.Admin.Post("/v1/tenants/held/reservations", hold.Replace("40000", "100000",
            StringComparison.Ordinal)).IsProblem(HttpStatusCode.UnprocessableEntity, "amount_overflow");
        await _gateway.Admin.Post("/v1/tenants/held/reservations", hold).Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/tenants/held/reservations", hold)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "amount_overflow");
        await _gateway.Admin.Post("/v1/tenants/held/check", """{"outcome_type":"res"}""").Is(HttpStatusCode.OK);
        await Readable("held");
    }

    private async Task<JsonObject> Readable(string tenant)
    {
        await _gateway.Admin.Get($"/v1/tenants/{tenant}/statements").Is(HttpStatusCode.OK);
        await _gateway.Admin.Get($"/v1/tenants/{tenant}/outcomes").Is(HttpStatusCode.OK);
        return await _gateway.Admin.Get($"/v1/tenants/{tenant}/usage").Is(HttpStatusCode.OK);
    }

    private Task Made(string tenant, string members, string more = "") => _gateway.Tenant(tenant,
        """{"currency":"USD","outcome_types":[{"id":"res","measurement_window":"PT0S",""" + members + "}]" + more + "}",
        Clock);

    private Task<HttpResponseMessage> Report(string tenant, string id) => _gateway.Admin.PostAs(One, "/v1/events",
        Support.Report.Event("outcome.reported", id, tenant, """ "outcome_type":"res" """));
}
