namespace MeteringGateway.Api.Tests;

/// <summary>Prices, prepaid units and overage in plans, and in a tenant's own terms (section F).</summary>
public class PlanFundingTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData(PlanTests.Whole)]
    [InlineData("""{"currency":"EUR","outcome_types":[{"id":"a","tiers":[{"up_to":1000,"price":"0.99"},{"up_to":5000,"price":"0.79"},{"price":"0.5"}]}]}""")]
    [InlineData("""{"currency":"EUR","outcome_types":[{"id":"a","price":"1","prices":[{"when":{"workflow":"complex"},"price":"2.50"},{"when":{"verification":"human","workflow":"w"},"price":"3"}]}]}""")]
    [InlineData("""{"currency":"EUR","outcome_types":[{"id":"a","price":"0.50","credits":"50","overage":{"mode":"block","at_limit":{"action":"pause"}}}],"credits":{"period_grant":"1000","rollover":{"max":"500"}},"thresholds":[{"id":"low","of":"credits","at":{"percent":90}},{"id":"c","of":"credits","at":{"amount":"800"}}]}""")]
    [InlineData("""{"currency":"EUR","outcome_types":[{"id":"a","price":"1"},{"id":"b","price":"2"}],"commitments":[{"amount":"1000","per":"year"},{"outcome_type":"b","amount":"10"}],"overage":{"limit":{"units":10},"requires_authorization":true}}""")]
    [InlineData("""{"currency":"EUR","outcome_types":[{"id":"a","price":"1","included_units":10}],"caps":[{"id":"c","limit":{"amount":"30.5"}}],"thresholds":[{"id":"i","of":"included:a","at":{"units":8}},{"id":"s","of":"spend","at":{"amount":"25"}},{"id":"m","of":"cap:c","at":{"amount":"20"}}]}""")]
    public async Task A_plan_is_answered_as_it_was_put(string plan)
    {
        var id = $"round-{plan.Length}";
        var put = await _gateway.Admin.Put($"/v1/plans/{id}", plan).Is(HttpStatusCode.Created);
        var got = await _gateway.Admin.Get($"/v1/plans/{id}").Is(HttpStatusCode.OK);
        var wanted = WithoutNulls(JsonNode.Parse(plan)!);
        Assert.True(JsonNode.DeepEquals(wanted, put["plan"]), put.ToJsonString());
        Assert.True(JsonNode.DeepEquals(wanted, got["plan"]), got.ToJsonString());
        await _gateway.Admin.Put($"/v1/tenants/{id}", $$"""{"name":"x","plan":"{{id}}"}""").Is(HttpStatusCode.Created);
    }

    private const string Included =
        """{"currency":"USD","outcome_types":[{"id":"a","price":"1","included_units":10}],""";
    private const string Plain = """{"currency":"USD","outcome_types":[{"id":"a","price":"1"}],""";

    [Theory]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","tiers":[{"price":"1"},{"up_to":5,"price":"1"}]}]}""",
        "/outcome_types/0/tiers/0/up_to,/outcome_types/0/tiers/1/up_to")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","tiers":[{"up_to":5,"price":"1"},{"up_to":5,"price":"1"},{"price":"1"}]}]}""", "/outcome_types/0/tiers/1/up_to")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","tiers":[{"up_to":0,"price":"1"},{"price":"-1"}]}]}""",
        "/outcome_types/0/tiers/0/up_to,/outcome_types/0/tiers/1/price")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","tiers":[{}]}]}""", "/outcome_types/0/tiers/0/price")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","price":"1","tiers":[{"price":"1"}]}]}""",
        "/outcome_types/0/price")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","tiers":[{"price":"1"}],"prices":[{"when":{"workflow":"w"},"price":"1"}],"credits":"1"}]}""", "/outcome_types/0/prices,/outcome_types/0/credits")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","prices":[{"when":{},"price":"1"},{"price":"1"},{"when":{"workflow":""}}]}]}""", "/outcome_types/0/prices/0/when,/outcome_types/0/prices/1/when,/outcome_types/0/prices/2/when/workflow,/outcome_types/0/prices/2/price")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","credits":"0"}]}""", "/outcome_types/0/credits")]
    [InlineData(Plain + """ "platform_fee":"-50","credit_value":"1e3","implementation_fee":"0.1234567"}""",
        "/credit_value,/platform_fee,/implementation_fee")]
    [InlineData(Plain
        + """ "commitments":[{"outcome_type":"a","units":5},{"units":5,"price":"1"},{},{"amount":"5","price":"1"},{"amount":"0"}]}""", "/commitments/0/price,/commitments/1/outcome_type,/commitments/2,/commitments/3/price,/commitments/4/amount")]
    [InlineData(Plain + """ "commitments":[{"outcome_type":"b","units":5,"price":"1","per":"week"}]}""",
        "/commitments/0/per,/commitments/0/outcome_type")]
    [InlineData(Plain + """ "commitments":[{"units":5,"amount":"5"}]}""", "/commitments/0")]
    [InlineData(Plain + """ "credits":{"rollover":{"periods":37}}}""",
        "/credits/rollover,/credits/rollover/max,/credits/rollover/periods")]
    [InlineData(Plain + """ "top_ups":[{},{"id":"P!","credits":"0","price":"0","expires_after":"PT0S"},null]}""",
        "/top_ups/0/credits,/top_ups/0/price,/top_ups/0/id,/top_ups/1/id,/top_ups/1/credits,/top_ups/1/price,/top_ups/1/expires_after,/top_ups/2")]
    [InlineData(Plain
        + """ "top_ups":[{"id":"p","credits":"1","price":"1"},{"id":"p","credits":"2","price":"2"}],"top_up_limit":"-1"}""", "/top_up_limit,/top_ups/1/id")]
    [InlineData(Plain + """ "overage":{"mode":"bill"}}""", "/overage")] // 0004, 8
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","price":"1","overage":{"mode":"bill"}}]}""",
        "/outcome_types/0/overage")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","price":"1","included_units":1,"overage":{"mode":"bill"}}],"overage":{"mode":"block"}}""", "/overage")]
    [InlineData(Included + """ "overage":{"mode":"block","price":"1","limit":{"units":1}}}""",
        "/overage/price,/overage/limit")]
    [InlineData(Included + """ "overage":{"mode":"free","limit":{},"at_limit":{"action":"notify"}}}""",
        "/overage/mode,/overage/limit,/overage/at_limit/action")]
    [InlineData(Included + """ "thresholds":[{"id":"t","of":"included:b","at":{"percent":80}}]}""", "/thresholds/0/of")]
    [InlineData(Plain + """ "thresholds":[{"id":"t","of":"included:a","at":{"percent":80}}]}""", "/thresholds/0/of")]
    [InlineData(Plain
        + """ "thresholds":[{"id":"t","of":"credits","at":{"percent":80}},{"id":"u","of":"spend","at":{"percent":80}},{"id":"v","of":"spend","at":{"units":8}}]}""", "/thresholds/0/of,/thresholds/1/at/percent,/thresholds/2/at/units")]
    [InlineData(Included
        + """ "thresholds":[{"id":"t","of":"included:a","at":{"amount":"1"}},{"id":"u","of":"cap:","at":{"percent":1}},{"id":"v","of":"spend","at":{}},{"id":"w","of":"spend"}]}""", "/thresholds/1/of,/thresholds/2/at,/thresholds/3/at,/thresholds/0/at/amount")]
    [InlineData(Plain
        + """ "caps":[{"id":"c","limit":{"amount":"5"}},{"id":"d","limit":{"units":5}}],"thresholds":[{"id":"t","of":"cap:c","at":{"units":3}},{"id":"u","of":"cap:d","at":{"amount":"3"}}]}""", "/thresholds/0/at/units,/thresholds/1/at/amount")]
    public async Task What_would_pay_for_nothing_or_in_two_ways_is_refused_by_its_pointer(string plan, string pointers)
    {
        var problem = await _gateway.Admin.Put("/v1/plans/wrong-funding", plan)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    [Theory]
    [InlineData("""{"currency":"USD","outcome_types":[]}""", "/outcome_types")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","tiers":[]}]}""", "/outcome_types/0/tiers")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a"},{"id":"b","prices":[]}]}""",
        "/outcome_types/1/prices")]
    [InlineData("""{"currency":"USD","outcome_types":[{"id":"a","price":"1","prices":[]}]}""",
        "/outcome_types/0/prices")]
    [InlineData(Plain + """ "activities":[],"caps":[],"thresholds":[]}""", "/activities,/caps,/thresholds")]
    [InlineData(Plain + """ "top_ups":[]}""", "/top_ups")]
    public async Task A_list_that_gives_a_price_or_a_limit_is_not_empty(string plan, string pointers)
    {
        var problem = await _gateway.Admin.Put("/v1/plans/empty", plan)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    [Theory]
    [InlineData(Plain + """ "top_ups":[{"id":"p","credits":"1","price":"1"}]}""", "/top_ups", "sells")]
    [InlineData(Plain + """ "credits":{"period_grant":"10"}}""", "/credits/period_grant", "grants")]
    public async Task A_plan_that_sells_or_grants_credits_that_no_outcome_type_takes_is_told_of_it(string plan,
        string pointer, string does) // F1, F9
    {
        var detail = $"{does} credits that no outcome type takes: give a type its 'credits', or leave this out";
        var warnings = $$"""[{"pointer":"{{pointer}}","detail":"{{detail}}"}]""";
        foreach (var status in (HttpStatusCode[])[HttpStatusCode.Created, HttpStatusCode.OK])
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(warnings),
                (await _gateway.Admin.Put($"/v1/plans/of-no-use-{does}", plan).Is(status))["warnings"]));
        Assert.Null((await _gateway.Admin.Get($"/v1/plans/of-no-use-{does}").Is(HttpStatusCode.OK))["warnings"]);
        Assert.Null((await _gateway.Admin.Put($"/v1/plans/of-use-{does}", Plain + "\"caps\":null}")
            .Is(HttpStatusCode.Created))["warnings"]);
    }

    [Theory]
    [InlineData("""{"headline":""}""", "/page/headline")]
    [InlineData("""{"billable_examples":["a\u0007"],"non_billable_examples":["a",null]}""",
        "/page/billable_examples/0,/page/non_billable_examples/1")]
    [InlineData("""{"heading":"a"}""", "/page/heading")]
    public async Task What_a_price_page_is_to_say_is_text(string page, string pointers)
    {
        var problem = await _gateway.Admin.Put("/v1/plans/said", $"{Plain} \"page\":{page}}}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    [Fact]
    public async Task A_price_page_says_so_much_and_own_terms_have_none_N4()
    {
        string Said(string list, int length) => $"{Plain} \"page\":{{\"{list}\":{JsonSerializer.Serialize(
            Enumerable.Repeat(new string('x', length), length == 500 ? 20 : 21))}}}}}";
        await _gateway.Admin.Put("/v1/plans/long", Said("billable_examples", 500)).Is(HttpStatusCode.Created);
        Assert.Equal(["/page/billable_examples"], (await _gateway.Admin.Put("/v1/plans/long",
            Said("billable_examples", 1)).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        Assert.Equal(["/page/headline"], (await _gateway.Admin.Put("/v1/plans/long",
            $"{Plain} \"page\":{{\"headline\":\"{new string('x', 201)}\"}}}}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        await _gateway.Tenant("no-page", Plain + "\"caps\":null}");
        Assert.Equal(["/page"], (await _gateway.Admin.Put("/v1/tenants/no-page/terms", """{"page":{"headline":"a"}}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
    }

    [Fact]
    public async Task Own_terms_sell_no_credits_that_nothing_takes_under_any_plan_that_matters() // F7, F9
    {
        const string packs = """{"top_ups":[{"id":"p","credits":"1","price":"1"}]}""";
        var takes = Plain.Replace("\"a\"", "\"a\",\"credits\":\"2\"", StringComparison.Ordinal) + "\"caps\":null}";
        await _gateway.Tenant("of-use", takes);
        await _gateway.Admin.Put("/v1/plans/takes-none", Plain + "\"caps\":null}");
        await _gateway.Admin.Put("/v1/tenants/of-use/terms", packs).Is(HttpStatusCode.OK);

        await Refused(_gateway.Admin.Put("/v1/tenants/of-use", """{"plan":"takes-none"}"""));
        await Refused(_gateway.Admin.Put("/v1/tenants/of-use",
            """{"plan":"takes-none","effective":"next_period"}"""));
        await Refused(_gateway.Admin.Put("/v1/tenants/of-use/terms", packs.Insert(1,
            """ "outcome_types":[{"id":"a","tiers":[{"price":"1"}]}],""")));
        await _gateway.Admin.Put("/v1/tenants/of-use/terms", "{}").Is(HttpStatusCode.OK);
        await _gateway.Admin.Put("/v1/tenants/of-use", """{"plan":"takes-none","effective":"next_period"}""")
            .Is(HttpStatusCode.OK);
        await Refused(_gateway.Admin.Put("/v1/tenants/of-use/terms", packs));

        async Task Refused(Task<HttpResponseMessage> put) => Assert.Equal(["/top_ups"],
            (await put.IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
    }

    [Fact]
    public async Task An_empty_list_of_own_terms_is_not_taken_for_the_plans()
    {
        await _gateway.Tenant("empty-terms", Plain
            + """ "commitments":[{"amount":"5"}],"caps":[{"id":"c","limit":{"units":1}}]}""");
        const string empty =
            """{"outcome_types":[{"id":"a","prices":[]}],"activities":[],"caps":[],"thresholds":[]}""";
        var problem = await _gateway.Admin.Put("/v1/tenants/empty-terms/terms", empty)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/activities", "/caps", "/thresholds", "/outcome_types/0/prices"], problem.Pointers());
        // Commitments are replaced as a whole: none takes the plan's away. Criteria: nothing is asked for.
        await _gateway.Admin.Put("/v1/tenants/empty-terms/terms",
            """{"commitments":[],"outcome_types":[{"id":"a","required_criteria":[]}]}""").Is(HttpStatusCode.OK);
        Assert.Empty((await TermsSet("empty-terms"))["commitments"]!.AsArray());
    }

    [Theory]
    [InlineData("UDS")] // a typo
    [InlineData("DEM")] // gone
    [InlineData("XXX")] // no currency
    [InlineData("XAU")] // gold has no minor unit
    [InlineData("BTC")]
    public async Task A_currency_that_ISO_4217_does_not_have_is_refused(string code)
    {
        var problem = await _gateway.Admin.Put("/v1/plans/currency",
            $$"""{"currency":"{{code}}","outcome_types":[{"id":"a","price":"1"}]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/currency"], problem.Pointers());
    }

    [Fact]
    public async Task Own_terms_lie_over_every_member_of_the_plan_that_pays() // F7
    {
        await _gateway.Tenant("own-funding",
            PlanTests.Whole.Replace("\"training\"", "\"training\":null,\"x\"", StringComparison.Ordinal)
                .Replace("\"x\":{\"days\":90,\"max_outcomes\":500},", "", StringComparison.Ordinal));
        const string own = """
            {"outcome_types":[{"id":"support.resolution","tiers":[{"up_to":10,"price":"0.5"},{"price":"0.4"}],"included_units":5}],
             "platform_fee":"10","commitments":[{"amount":"100"}],"credits":{"period_grant":"7"},"overage":{"mode":"bill","limit":{"units":3}},
             "thresholds":[{"id":"eighty","of":"included:support.resolution","at":{"units":4}}],"credit_value":"0.02","implementation_fee":"1"}
            """;
        await _gateway.Admin.Put("/v1/tenants/own-funding/terms", own).Is(HttpStatusCode.OK);
        var terms = await TermsSet("own-funding");
        var type = terms["outcome_types"]![0]!;
        Assert.Null(type["price"]); // the tiers take its place
        Assert.Equal(2, type["tiers"]!.AsArray().Count);
        Assert.Equal(("10.00", "0.02", "1.00", "7.00"),
            ((string?)terms["platform_fee"], (string?)terms["credit_value"], (string?)terms["implementation_fee"],
            (string?)terms["period_grant"]));
        // of the plan: credits are laid over member by member
        Assert.Equal("500.00", (string?)terms["rollover"]!["max"]);
        Assert.Equal("100.00", (string?)terms["commitments"]!.AsArray().Single()!["amount"]);
        // as a whole
        Assert.Equal((3, "pause"),
            ((int?)terms["overage"]!["limit"]!["units"], (string?)terms["overage"]!["at_limit"]!["action"]));
        Assert.Equal("included", (string?)terms["thresholds"]!.AsArray().Single()!["of"]);

        // Back to one price: the own tiers are gone with the old terms, the plan's price is there again.
        await _gateway.Admin.Put("/v1/tenants/own-funding/terms",
            """{"outcome_types":[{"id":"support.resolution","prices":[{"when":{"workflow":"w"},"price":"2"}]}]}""")
                .Is(HttpStatusCode.OK);
        type = (await TermsSet("own-funding"))["outcome_types"]![0]!;
        Assert.Equal(("0.99", 1), ((string?)type["price"], type["prices"]!.AsArray().Count));

        var problem = await _gateway.Admin.Put("/v1/tenants/own-funding/terms",
            """{"commitments":[{"outcome_type":"none","units":1,"price":"1"}]}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/commitments/0/outcome_type"], problem.Pointers());
    }

    private async Task<JsonObject> TermsSet(string tenant)
    {
        var page = await _gateway.Admin.Get($"/v1/tenants/{tenant}/entries?limit=1000").Is(HttpStatusCode.OK);
        return page["data"]!.AsArray()
            .Last(entry => (string?)entry!["kind"] == "terms_set")!["data"]!["terms"]!.AsObject();
    }

    private static JsonNode? WithoutNulls(JsonNode node)
    {
        if (node is JsonObject members)
            foreach (var (name, value) in members.ToList())
                if (value is null) members.Remove(name);
                else WithoutNulls(value);
        if (node is JsonArray items) foreach (var item in items) WithoutNulls(item!);
        return node;
    }
}
