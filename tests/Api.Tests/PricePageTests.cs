namespace MeteringGateway.Api.Tests;

/// <summary>A plan as its buyers read it, open to all.</summary>
public class PricePageTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task Anyone_may_read_what_is_charged_what_never_is_and_what_keeps_it_in_bounds()
    {
        await _gateway.Admin.Put("/v1/plans/public", PlanTests.Whole).Is(HttpStatusCode.Created);
        var page = await _gateway.Anyone.Get("/v1/plans/public/page").Is(HttpStatusCode.OK);
        Assert.Equal("50.00 USD a billing period", (string?)page["fees"]![0]!["price"]);
        var outcome = page["outcomes"]![0]!;
        Assert.Equal(
            [
                "100 included in each billing period", "1,000 committed for each billing period at 0.80 USD each",
                "1.20 USD each beyond that",
            ],
            Texts(outcome["prices"]!));
        Assert.Equal(("Charged after 72 hours without activity, if it has not been taken back by then.", "PT72H", 100),
            ((string?)outcome["charged"], (string?)outcome["measurement_window"], (int?)outcome["included_units"]));
        Assert.Contains("What is reopened, escalated, abandoned or rejected within 72 hours",
            Texts(outcome["never_charged"]!));
        Assert.Contains("A second success in the same session", Texts(outcome["never_charged"]!));
        Assert.Equal(["helpdesk.ticket", "0.40 USD"],
            page["activities"]![0]!.AsObject().Select(member => (string)member.Value!));
        Assert.Contains(
            "1,000 of support.resolution at 0.80 USD each are committed for each billing period, used or not",
            Texts(page["prepaid"]!));
        Assert.Contains("The first 90 days, to learn: up to 500 outcomes", Texts(page["never_charged"]!));
        Assert.Contains("At most 1,000 outcomes a billing period; then agents hand off to queue:tier1",
            Texts(page["controls"]!));
        Assert.Contains(
            "Beyond what is prepaid: 1.20 USD each, up to 300.00 USD a billing period; then agents hand off to queue:tier1", Texts(page["controls"]!));
        Assert.Contains("An alert at 80 % of the limit monthly", Texts(page["controls"]!));
        Assert.Contains("Dispute what was charged until 60 days after its billing period was closed: what is found "
            + "wrong is credited", Texts(page["controls"]!));
        Assert.Equal("""[{"what":"pack-100: 100 credits, for 365 days from the purchase on","price":"90.00 USD"}]""",
            page["packs"]!.ToJsonString());
        Assert.Contains("Packs of credits for at most 500.00 USD a billing period", Texts(page["controls"]!));
        Assert.Equal("Pay only when the work gets done", (string?)page["headline"]);
        Assert.Equal(["It answers, and nobody asks again"], Texts(page["billable_examples"]!));
        Assert.Equal(["A person takes over", "It says hello"], Texts(page["non_billable_examples"]!));
        await _gateway.Anyone.Get("/v1/plans/none/page").IsProblem(HttpStatusCode.NotFound, "unknown_plan");
    }

    [Fact]
    public async Task Every_way_to_price_has_its_words()
    {
        await _gateway.Admin.Put("/v1/plans/ways", """
            {"currency":"JPY","credit_value":"2","outcome_types":[
             {"id":"tiers","tiers":[{"up_to":1000,"price":"99"},{"price":"79.5"}],"measurement_window":"PT0S","once_per_session":false,"handoff_billable":true},
             {"id":"classes","price":"1","prices":[{"when":{"workflow":"hard","verification":"human"},"price":"3"}],"settles_on":"confirmation","exclusive_group":"g","verification_required":true,"required_criteria":["a","b"],"after_window":"credit","measurement_window":"P14D"},
             {"id":"credits","credits":"50","price":"100","overage":{"mode":"block"}},{"id":"none"}],
             "credits":{"period_grant":"300","rollover":{"max":"500"}},"commitments":[{"amount":"1000","per":"year","outcome_type":"classes"}],"implementation_fee":"5",
             "caps":[{"id":"d","scope":{"activity":"attempt","agent":"x","channel":"c","workflow":"w"},"limit":{"units":5},"period":"day","at_limit":{"action":"notify"}},{"id":"m","limit":{"amount":"7"},"scope":{"outcome_type":"none"}}],
             "thresholds":[{"id":"s","of":"spend","at":{"amount":"5"}},{"id":"k","of":"credits","at":{"amount":"5"}}],"training":{"until":"2026-12-24T00:00:00Z"}}
            """).Is(HttpStatusCode.Created);
        var page = await _gateway.Anyone.Get("/v1/plans/ways/page?version=1").Is(HttpStatusCode.OK);
        string[] prices = [.. page["outcomes"]!.AsArray()
            .Select(outcome => string.Join("; ", Texts(outcome!["prices"]!)))];
        Assert.Equal(
            [
                "99 JPY each for 1 to 1,000 in a billing period; 79.5 JPY each from 1,001 on",
                "3 JPY each in the workflow hard and verified by human; 1 JPY each otherwise",
                "50 credits each (worth 100 JPY), while there are credits; nothing beyond that: no more is done",
                "free",
            ],
            prices);
        Assert.Equal(["Charged as soon as it is reported.", "Charged once it is confirmed within 14 days."],
            page["outcomes"]!.AsArray().Take(2).Select(outcome => (string)outcome!["charged"]!));
        Assert.Empty(Texts(page["outcomes"]![0]!["never_charged"]!));
        Assert.Equal(
            [
                "What was handed to a human", "What is reopened, escalated, abandoned or rejected within 14 days",
                "What is taken back later: it is credited",
                "A second success in the same session, of any type of the group g", "What is not verified",
                "What lacks one of: a, b",
            ],
            Texts(page["outcomes"]![1]!["never_charged"]!));
        Assert.Equal(
            [
                "1,000 JPY for classes is committed for each year, used or not",
                "300 credits come with each billing period",
                "What is left of them rolls over, up to 500 credits, without end",
            ],
            Texts(page["prepaid"]!));
        Assert.Equal(
            [
                "At most 5 times a day for attempt, the agent x, the channel c, the workflow w; then you are told, and agents go on",
                "At most 7 JPY a billing period for none; then agents pause",
                "credits, beyond what is prepaid: nothing more is done; agents pause",
                "An alert at 5 JPY of the spend", "An alert at 5 credits of the credits",
            ],
            Texts(page["controls"]!).Take(5));
    }

    [Theory]
    [InlineData(""" "included_units":5,"price":"1.00" """, ""","overage":{"price":"1.50"}""",
        "5 included in each billing period; 1.50 USD each beyond that")]
    [InlineData(""" "included_units":5,"price":"1.00","overage":{"price":"1.50","requires_authorization":true} """, "",
        "5 included in each billing period; 1.50 USD each beyond that, once you have authorised it")]
    [InlineData(""" "included_units":5,"price":"1.00" """, "",
        "5 included in each billing period; 1.00 USD each beyond that")]
    [InlineData(""" "included_units":5,"price":"1.00" """, ""","overage":{"mode":"block"}""",
        "5 included in each billing period; nothing beyond that: no more is done")]
    [InlineData(""" "included_units":5 """, "",
        "5 included in each billing period; nothing beyond that: no more is done")]
    [InlineData(""" "included_units":10,"tiers":[{"up_to":10,"price":"3"},{"up_to":20,"price":"2"},{"price":"1"}] """,
        "",
        "10 included in each billing period; 2.00 USD each for 11 to 20 in a billing period beyond that; 1.00 USD each from 21 on beyond that")]
    [InlineData(""" "included_units":10,"tiers":[{"up_to":20,"price":"2"},{"price":"1"}],"overage":{"price":"4"} """,
        "",
        "10 included in each billing period; 4.00 USD each beyond that")]
    [InlineData(""" "price":"1","prices":[{"when":{"workflow":"hard"},"price":"3"}] """,
        ""","commitments":[{"amount":"50"}],"overage":{"price":"2"}""",
        "3.00 USD each in the workflow hard, as long as an amount that is committed lasts; 1.00 USD each otherwise, as long as an amount that is committed lasts; 2.00 USD each beyond that")]
    [InlineData(""" "prices":[{"when":{"workflow":"hard"},"price":"3"}] """, "",
        "3.00 USD each in the workflow hard; free otherwise")]
    [InlineData(""" "price":"1","credits":"10" """, ""","overage":{"price":"2"}""",
        "10 credits each, while there are credits; 2.00 USD each beyond that")]
    public async Task The_price_that_is_said_is_the_one_that_is_charged(string type, string more, string prices)
    {
        var plan = $"said-{Math.Abs((type + more).GetHashCode(StringComparison.Ordinal))}";
        await _gateway.Admin.Put($"/v1/plans/{plan}",
            "{\"currency\":\"USD\",\"outcome_types\":[{\"id\":\"a\"," + type + "}]" + more + "}")
            .Is(HttpStatusCode.Created);
        var page = await _gateway.Anyone.Get($"/v1/plans/{plan}/page").Is(HttpStatusCode.OK);
        Assert.Equal(prices, string.Join("; ", Texts(page["outcomes"]![0]!["prices"]!)));
        using var html = await _gateway.Anyone.Send(HttpMethod.Get, $"/v1/plans/{plan}/page", null, "",
            ("Accept", "text/html"));
        var read = await html.Content.ReadAsStringAsync();
        Assert.All(prices.Split("; "), price => Assert.Contains($"<li>{price}</li>", read, StringComparison.Ordinal));
    }

    [Fact]
    public async Task For_people_it_is_a_page_that_needs_no_script_and_what_a_plan_says_is_text()
    {
        await _gateway.Admin.Put("/v1/plans/html",
            """{"currency":"USD","outcome_types":[{"id":"<b>x</b>","description":"\"><img src=x onerror=alert(1)>","price":"1"}]}""").Is(HttpStatusCode.Created);
        using var response = await _gateway.Anyone.Send(HttpMethod.Get, "/v1/plans/html/page", null, "",
            ("Accept", "text/html"));
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("default-src 'self';", response.Headers.GetValues("Content-Security-Policy").Single(),
            StringComparison.Ordinal);
        var page = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;x&lt;/b&gt;", page, StringComparison.Ordinal);
        foreach (var part in new[] { "<html lang=\"en\">", "<main", "<h1>", "Pay for what works", "You are never charged for",
            "What keeps the cost in bounds" })
            Assert.Contains(part, page, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Texts(JsonNode list) => list.AsArray().Select(text => (string)text!);
}
