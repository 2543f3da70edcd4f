namespace MeteringGateway.Api.Tests;

/// <summary>Money has the digits of its currency's minor unit, wherever it is shown (N1, N2, N3).</summary>
public class CurrencyTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("JPY", "")]
    [InlineData("USD", ".00")]
    [InlineData("KWD", ".000")]
    [InlineData("CLF", ".0000")]
    public async Task Every_figure_has_the_digits_of_the_currency(string currency, string digits)
    {
        var tenant = $"in-{currency.ToLowerInvariant()}";
        await Used(tenant, currency);
        var outcome = await Get($"/v1/tenants/{tenant}/outcomes/o-1");
        var charge = outcome["charges"]![0]!;
        Assert.Equal(("1" + digits, "1" + digits, "1" + digits),
            ((string?)outcome["amount"], (string?)charge["unit_price"], (string?)charge["amount"]));
        var statement = await Get($"/v1/tenants/{tenant}/statements/current");
        var fee = statement["lines"]![0]!;
        Assert.Equal(("150" + digits, "150" + digits, "151" + digits, "151" + digits), ((string?)fee["amount"],
            (string?)fee["unit_price"], (string?)statement["total"], (string?)statement["unrounded_total"]));

        var usage = await Get($"/v1/tenants/{tenant}/usage");
        var cap = usage["caps"]![0]!;
        Assert.Equal(("1" + digits, "0" + digits, "151" + digits, "1" + digits), ((string?)usage["spend"],
            (string?)usage["corrections"], (string?)usage["total"], (string?)usage["outcome_types"]![0]!["amount"]));
        Assert.Equal(("6" + digits, "1" + digits, "5" + digits), ((string?)cap["limit"]!["amount"],
            (string?)cap["exposure"]!["amount"], (string?)cap["remaining"]));
        Assert.Equal("1" + digits, (string?)usage["overage"]!["amount"]);
        Assert.EndsWith(digits, (string?)usage["forecast"]!["uncapped"]!["amount"], StringComparison.Ordinal);
        Assert.Equal("6" + digits, (string?)(await Get($"/v1/tenants/{tenant}/caps/budget"))["limit"]!["amount"]);
        var threshold = await Get($"/v1/tenants/{tenant}/thresholds/t");
        Assert.Equal(("3" + digits, "1" + digits),
            ((string?)threshold["at"]!["amount"], (string?)threshold["level"]!["amount"]));
    }

    [Theory]
    [InlineData("JPY", "")]
    [InlineData("USD", ".00")]
    [InlineData("KWD", ".000")]
    public async Task Every_answer_has_them_and_the_page_and_the_files(string currency, string digits)
    {
        var tenant = $"asked-{currency.ToLowerInvariant()}";
        await Used(tenant, currency);
        var check = await _gateway.Admin.Post($"/v1/tenants/{tenant}/check",
            """{"outcome_type":"support.resolution","record":true}""").Is(HttpStatusCode.OK);
        Assert.Equal(("1" + digits, "3" + digits, "1" + digits), ((string?)check["unit_price"],
            (string?)check["limit"]!["limit"]!["amount"], (string?)check["limit"]!["used"]!["amount"]));
        Task<HttpResponseMessage> Reserve() => _gateway.Admin.Post($"/v1/tenants/{tenant}/reservations",
            """{"outcome_type":"support.resolution","quantity":1,"ttl":"PT60S"}""", ("Idempotency-Key", tenant));
        var reserved = await Reserve().Is(HttpStatusCode.Created);
        Assert.Equal("1" + digits, (string?)reserved["unit_price"]);
        Assert.True(JsonNode.DeepEquals(reserved, await Reserve().Is(HttpStatusCode.Created)));
        var bought = await _gateway.Admin.Post($"/v1/tenants/{tenant}/top-ups", """{"pack":"p"}""",
            ("Idempotency-Key", "k")).Is(HttpStatusCode.Created);
        Assert.Equal(("7" + digits, "1"), ((string?)bought["price"], (string?)bought["amount"])); // credits are none
        var problem = await _gateway.Admin.Put($"/v1/tenants/{tenant}/caps/budget", """{"limit":{"amount":"0.5"}}""")
            .IsProblem(HttpStatusCode.Conflict, "cap_below_exposure");
        Assert.Equal("2" + digits, (string?)problem["exposure"]!["amount"]);
        Assert.Contains($"2{digits} {currency} stand", (string?)problem["detail"], StringComparison.Ordinal);

        Assert.Contains($"150{digits} {currency} a billing period",
            await Text($"/v1/plans/{tenant}/page", "text/html"), StringComparison.Ordinal);
        Assert.Contains($">150{digits}</td>", await Text($"/v1/tenants/{tenant}/statements/current", "text/html"),
            StringComparison.Ordinal);
        Assert.Contains($",150{digits},150{digits}\r\n",
            await Text($"/v1/tenants/{tenant}/statements/current", "text/csv"), StringComparison.Ordinal);
        Assert.Contains($",1{digits},{currency},", await Text($"/v1/tenants/{tenant}/outcomes", "text/csv"),
            StringComparison.Ordinal);
        Assert.Contains($"\"platform_fee\":\"150{digits}\"",
            await Text($"/v1/tenants/{tenant}/entries", "application/json"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("JPY", "0.5", "0", "0.5")] // half to even
    [InlineData("JPY", "1.5", "2", "1.5")]
    [InlineData("KWD", "0.0125", "0.012", "0.0125")]
    [InlineData("USD", "0.125", "0.12", "0.125")]
    public async Task A_line_is_rounded_to_the_minor_unit_and_the_unrounded_sum_stands_beside(
        string currency, string price, string rounded, string unrounded)
    {
        var tenant = $"round-{currency.ToLowerInvariant()}-{price}";
        await _gateway.Tenant(tenant, $$"""
            {"currency":"{{currency}}","outcome_types":[{"id":"support.resolution","price":"{{price}}","measurement_window":"PT0S"}]}
            """);
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("o", tenant)).Is(HttpStatusCode.Created);
        var statement = await Get($"/v1/tenants/{tenant}/statements/current");
        Assert.Equal((rounded, rounded, unrounded), ((string?)statement["lines"]![0]!["amount"],
            (string?)statement["total"], (string?)statement["unrounded_total"]));
    }

    /// <summary>One unit included, one on demand under a rule of 1 each, up to 3.</summary>
    private async Task Used(string tenant, string currency)
    {
        await _gateway.Tenant(tenant, $$$"""
            {"currency":"{{{currency}}}","platform_fee":"150",
             "outcome_types":[{"id":"support.resolution","price":"2","included_units":1,"measurement_window":"PT0S",
               "overage":{"price":"1","limit":{"amount":"3"} } },{"id":"voice.interview","credits":"1"}],
             "caps":[{"id":"budget","limit":{"amount":"6"} }],
             "thresholds":[{"id":"t","of":"spend","at":{"amount":"3"} }],
             "top_ups":[{"id":"p","credits":"1","price":"7"}]}
            """);
        for (var i = 0; i < 2; i++)
            await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome($"o-{i}", tenant)).Is(HttpStatusCode.Created);
    }

    private async Task<string> Text(string path, string media)
    {
        using var response = await _gateway.Admin.Send(HttpMethod.Get, path, null, "", ("Accept", media));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    private Task<JsonObject> Get(string path) => _gateway.Admin.Get(path).Is(HttpStatusCode.OK);
}
