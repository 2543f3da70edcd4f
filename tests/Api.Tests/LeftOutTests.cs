namespace MeteringGateway.Api.Tests;

/// <summary>
/// What a change leaves out stays as it is, null takes it away, and what a change takes back is said (C1, C6, F2, F7).
/// </summary>
public class LeftOutTests(Started started) : IClassFixture<Started>
{
    private const string Whole =
        """{"scope":{"agent":"fin-3"},"limit":{"units":10},"period":"day","at_limit":{"action":"handoff","to":"queue:a","message":"later"}}""";
    private const string Prepaid =
        """{"currency":"USD","outcome_types":[{"id":"res","price":"1.00","included_units":1,"measurement_window":"PT0S"}],"overage":{"price":"1.50","limit":{"units":7},"requires_authorization":true,"at_limit":{"action":"handoff","to":"queue:b"}},"caps":[{"id":"monthly","limit":{"units":20},"at_limit":{"action":"handoff","to":"queue:c"}}]}""";
    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("""{"limit":{"units":20}}""", """{"agent":"fin-3"}""", "day", "queue:a")]
    [InlineData("""{"limit":{"units":20},"scope":{}}""", "{}", "day", "queue:a")]
    [InlineData("""{"limit":{"units":20},"period":"billing_period"}""", """{"agent":"fin-3"}""", "billing_period",
        "queue:a")]
    [InlineData("""{"limit":{"units":20},"at_limit":{"action":"notify"}}""", """{"agent":"fin-3"}""", "day", null)]
    [InlineData("""{"limit":{"units":20},"scope":null,"period":null,"at_limit":null}""", "{}", "billing_period", null)]
    public async Task What_a_cap_is_not_told_again_it_keeps(string put, string scope, string period, string? to) // C1
    {
        await Tenant("keeps");
        await _gateway.Admin.Delete("/v1/tenants/keeps/caps/c");
        await _gateway.Admin.Put("/v1/tenants/keeps/caps/c", Whole).Is(HttpStatusCode.Created);

        var cap = await _gateway.Admin.Put("/v1/tenants/keeps/caps/c", put).Is(HttpStatusCode.OK);

        Assert.Equal((20, scope, period, to, to is null ? null : "later"), ((int?)cap["limit"]!["units"],
            cap["scope"]!.ToJsonString(), (string?)cap["period"], (string?)cap["at_limit"]!["to"],
            (string?)cap["at_limit"]!["message"]));
    }

    [Theory]
    [InlineData("""{"action":"handoff","to":"queue:b"}""", "handoff", "queue:b", "later")]
    [InlineData("""{"action":"handoff","message":"now"}""", "handoff", "queue:a", "now")]
    [InlineData("""{"action":"handoff","message":null}""", "handoff", "queue:a", null)]
    [InlineData("""{"action":"pause"}""", "pause", null, null)]
    public async Task What_follows_at_the_limit_keeps_what_is_not_told_again_of_the_same_action(string then,
        string action, string? to, string? message) // C1, F2
    {
        await Tenant("then");
        await _gateway.Admin.Delete("/v1/tenants/then/caps/c");
        await _gateway.Admin.Put("/v1/tenants/then/caps/c", Whole).Is(HttpStatusCode.Created);
        await _gateway.Admin.Put("/v1/tenants/then/overage",
            """{"at_limit":{"action":"handoff","to":"queue:a","message":"later"}}""").Is(HttpStatusCode.OK);

        foreach (var (path, body) in new[]
        {
            ("caps/c", $$"""{"limit":{"units":10},"at_limit":{{then}}}"""), ("overage", $$"""{"at_limit":{{then}}}"""),
        })
        {
            var set = (await _gateway.Admin.Put($"/v1/tenants/then/{path}", body).Is(HttpStatusCode.OK))["at_limit"]!;
            Assert.Equal((action, to, message),
                ((string?)set["action"], (string?)set["to"], (string?)set["message"]));
        }
    }

    [Fact]
    public async Task A_cap_without_its_limit_is_refused_and_one_that_was_removed_begins_anew()
    {
        await _gateway.Tenant("anew");
        await _gateway.Admin.Put("/v1/tenants/anew/caps/c", Whole).Is(HttpStatusCode.Created);
        var problem = await _gateway.Admin.Put("/v1/tenants/anew/caps/c", """{"at_limit":{"action":"pause"}}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/limit"], problem.Pointers());

        await _gateway.Admin.Delete("/v1/tenants/anew/caps/c");
        var cap = await _gateway.Admin.Put("/v1/tenants/anew/caps/c", """{"limit":{"units":5}}""")
            .Is(HttpStatusCode.Created);
        Assert.Equal("pause", (string?)cap["at_limit"]!["action"]);
    }

    [Fact]
    public async Task A_cap_of_the_plan_keeps_what_the_tenants_own_terms_leave_out() // F7
    {
        await Tenant("terms");
        await _gateway.Admin.Put("/v1/tenants/terms/terms", """{"caps":[{"id":"monthly","limit":{"units":30}}]}""")
            .Is(HttpStatusCode.OK);

        var cap = await _gateway.Admin.Get("/v1/tenants/terms/caps/monthly").Json();
        Assert.Equal((30, "queue:c"), ((int?)cap["limit"]!["units"], (string?)cap["at_limit"]!["to"]));
    }

    [Theory]
    [InlineData("""{"mode":"bill"}""", "1.50", 7, true, "queue:b")]
    [InlineData("""{"price":"2.00"}""", "2.00", 7, true, "queue:b")]
    [InlineData("""{"requires_authorization":false}""", "1.50", 7, false, "queue:b")]
    [InlineData("""{"limit":null,"at_limit":null}""", "1.50", null, true, null)]
    [InlineData("""{"mode":"block"}""", null, null, true, "queue:b")]
    public async Task What_a_rule_of_overage_is_not_told_again_it_keeps(string put, string? price, int? limit,
        bool authorized, string? to) // F2
    {
        await Tenant("rule");
        await _gateway.Admin.Put("/v1/tenants/rule/terms", "{}").Is(HttpStatusCode.OK);

        var rule = await _gateway.Admin.Put("/v1/tenants/rule/overage", put).Is(HttpStatusCode.OK);

        Assert.Equal((price, limit, authorized, to), ((string?)rule["price"], (int?)rule["limit"]?["units"],
            (bool)rule["requires_authorization"]!, (string?)rule["at_limit"]!["to"]));
    }

    [Fact]
    public async Task A_cap_that_is_set_says_what_it_takes_back() // C6
    {
        await Tenant("raised");
        for (var i = 0; i < 5; i++)
            await _gateway.Admin.Post("/v1/tenants/raised/outcomes", $$"""{"id":"o{{i}}","outcome_type":"res"}""")
                .Is(HttpStatusCode.Created);
        const string caps = "/v1/tenants/raised/caps/monthly";
        var lower = await Lower(2);
        Assert.Null(lower["withdrawn"]);
        var id = (string?)lower["scheduled"]![0]!["id"];

        // Another lowering takes the first one's place.
        var lower2 = await Lower(3);
        Assert.Equal(id, (string?)Assert.Single(lower2["withdrawn"]!.AsArray())!["id"]);
        Assert.Null((await Lower(3))["withdrawn"]); // the same again

        var raised = await _gateway.Admin.Put(caps, """{"limit":{"units":50}}""").Is(HttpStatusCode.OK);
        Assert.Null(raised["scheduled"]);
        Assert.Equal(3, (int?)Assert.Single(raised["withdrawn"]!.AsArray())!["change"]!["cap"]!["limit"]!["units"]);
        Assert.Null((await _gateway.Admin.Get(caps).Json())["withdrawn"]);

        Task<JsonObject> Lower(int units) => _gateway.Admin.Put(caps,
            $$"""{"limit":{"units":{{units}}},"when_below_exposure":"next_period"}""").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_tenant_that_is_changed_or_closed_says_what_it_takes_back() // F7
    {
        await Tenant("changed");
        const string tenant = "/v1/tenants/changed";
        await _gateway.Admin.Put("/v1/plans/other", Prepaid.Replace("1.50", "1.60", StringComparison.Ordinal));
        var next = await Put("""{"plan":"other","anchor_day":20,"effective":"next_period"}""");
        Assert.Null(next["withdrawn"]);

        var back = await Put("""{"plan":"left-out"}""");
        Assert.Equal("other", (string?)Assert.Single(back["withdrawn"]!.AsArray())!["change"]!["plan"]);
        var closed = await _gateway.Admin.Delete(tenant).Is(HttpStatusCode.OK);
        Assert.Equal(20, (int?)Assert.Single(closed["withdrawn"]!.AsArray())!["change"]!["anchor_day"]);
        Assert.Null((await _gateway.Admin.Get(tenant).Json())["withdrawn"]);

        Task<JsonObject> Put(string body) => _gateway.Admin.Put(tenant, body).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("now")]
    [InlineData("next_period")]
    public async Task A_change_of_plan_leaves_what_the_tenant_has_set_and_says_what_of_it_names_what_is_gone(
        string effective) // C6, F7, S4
    {
        var name = $"left-over-{effective[..3]}";
        await _gateway.Admin.Put("/v1/plans/of-two",
            """{"currency":"USD","outcome_types":[{"id":"res","price":"1.00","included_units":2},{"id":"lead","price":"2.00"}],"caps":[{"id":"plans","limit":{"units":9},"scope":{"outcome_type":"res"}}],"thresholds":[{"id":"of-plan","of":"cap:plans","at":{"percent":50}}]}""");
        await _gateway.Admin.Put("/v1/plans/of-one",
            """{"currency":"USD","outcome_types":[{"id":"lead","price":"3.00"}]}""");
        await _gateway.Admin.Put($"/v1/tenants/{name}",
            """{"name":"T","plan":"of-two","test_clock":{"start":"2030-01-10T12:00:00Z"}}""").Is(HttpStatusCode.Created);
        foreach (var (setting, body) in new[]
        {
            ("caps/mine", """{"limit":{"units":5},"scope":{"outcome_type":"res"}}"""),
            ("caps/all", """{"limit":{"units":5}}"""),
            ("thresholds/included", """{"of":"included:res","at":{"percent":50}}"""),
            ("thresholds/plans", """{"of":"cap:plans","at":{"percent":90}}"""),
            ("thresholds/mine", """{"of":"cap:mine","at":{"percent":90}}"""),
        })
            await _gateway.Admin.Put($"/v1/tenants/{name}/{setting}", body).Is(HttpStatusCode.Created);
        await _gateway.Admin.Put($"/v1/tenants/{name}/terms", """{"outcome_types":[{"id":"lead","price":"2.50"}]}""")
            .Is(HttpStatusCode.OK);
        Assert.Null((await Tenant())["left_over"]);

        var put = await _gateway.Admin.Put($"/v1/tenants/{name}", $$"""{"plan":"of-one","effective":"{{effective}}"}""")
            .Is(HttpStatusCode.OK);

        string[] gone = ["caps/mine", "thresholds/included", "thresholds/plans"];
        Assert.Equal(gone, Settings(put));
        Assert.Equal("names no outcome type of the plan 'of-one': 'res'; it has 'lead'",
            (string?)put["left_over"]![0]!["detail"]);
        Assert.All(put["left_over"]!.AsArray(), one => Assert.Equal(
            effective == "now" ? null : "2030-02-01T00:00:00.000Z", (string?)one!["from"]));
        using var finance = await _gateway.Role("finance", name);
        Assert.Equal(gone, Settings(await finance.Get($"/v1/tenants/{name}").Is(HttpStatusCode.OK)));
        await _gateway.Admin.Post($"/v1/tenants/{name}/clock", """{"to":"2030-02-01T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        // It stays, and holds again when there is one of that name.
        Assert.Equal(gone, Settings(await Tenant()));
        Assert.All((await Tenant())["left_over"]!.AsArray(), one => Assert.Null((string?)one!["from"]));
        foreach (var setting in gone) await finance.Get($"/v1/tenants/{name}/{setting}").Is(HttpStatusCode.OK);
        await finance.Delete($"/v1/tenants/{name}/thresholds/plans").Is(HttpStatusCode.NoContent);
        var back = await _gateway.Admin.Put($"/v1/tenants/{name}", """{"plan":"of-two"}""").Is(HttpStatusCode.OK);
        Assert.Null(back["left_over"]);

        Task<JsonObject> Tenant() => _gateway.Admin.Get($"/v1/tenants/{name}").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Own_terms_that_changed_what_the_new_plan_has_not_are_told_and_so_is_a_type_that_they_take_away() // F7
    {
        await Tenant("overrides");
        await _gateway.Admin.Put("/v1/plans/of-another",
            """{"currency":"USD","outcome_types":[{"id":"lead","price":"3.00"}]}""");
        await _gateway.Admin.Put("/v1/tenants/overrides/terms",
            """{"outcome_types":[{"id":"res","price":"0.50"},{"id":"own","price":"7.00"}]}""").Is(HttpStatusCode.OK);
        await _gateway.Admin.Put("/v1/tenants/overrides/caps/own",
            """{"limit":{"units":5},"scope":{"outcome_type":"own"}}""").Is(HttpStatusCode.Created);

        foreach (var effective in new[] { "next_period", "now" })
        {
            var put = await _gateway.Admin.Put("/v1/tenants/overrides",
                $$"""{"plan":"of-another","effective":"{{effective}}"}""").Is(HttpStatusCode.OK);
            Assert.Equal(["terms/outcome_types/res"], Settings(put)); // the other is theirs, and stays so
            Assert.Equal(effective == "now", put["left_over"]![0]!["from"] is null);
        }
        var terms = await _gateway.Admin.Put("/v1/tenants/overrides/terms", "{}").Is(HttpStatusCode.OK);
        Assert.Equal(["caps/own"], Settings(terms));
        Assert.Equal(["caps/own"], Settings(await _gateway.Admin.Get("/v1/tenants/overrides").Is(HttpStatusCode.OK)));
    }

    private static IEnumerable<string?> Settings(JsonObject answer) =>
        answer["left_over"]!.AsArray().Select(one => (string?)one!["setting"]);

    [Fact]
    public async Task Own_terms_that_are_put_say_what_they_no_longer_have() // F2, F7
    {
        await Tenant("dropped");
        const string terms = "/v1/tenants/dropped/terms";
        Assert.Null((await Put("""{"platform_fee":"3.00"}"""))["withdrawn"]); // the first
        await _gateway.Admin.Put("/v1/tenants/dropped/overage", """{"price":"2.00"}""").Is(HttpStatusCode.OK);

        // The rule that was set by itself is a member of the own terms, which are put as wholes.
        var put = await Put("""
            {"platform_fee":"4.00","outcome_types":[{"id":"res","price":"0.90","included_units":2}],
             "caps":[{"id":"mine","limit":{"units":3}},{"id":"monthly","limit":{"units":30},"period":"day"}]}
            """);
        Assert.Equal(("4.00", "2.00"),
            ((string?)put["platform_fee"], (string?)put["withdrawn"]!["overage"]!["price"]));
        Assert.Equal(["overage"], put["withdrawn"]!.AsObject().Select(one => one.Key));
        Assert.Equal("1.50", (string?)(await _gateway.Admin.Get("/v1/tenants/dropped/overage").Json())["price"]);

        put = await Put("""{"outcome_types":[{"id":"res","price":"0.80"}],"caps":[{"id":"monthly","limit":{"units":30}}]}""");
        Assert.Equal(
            """{"outcome_types":[{"id":"res","included_units":2}],"platform_fee":"4.00","caps":[{"id":"mine","limit":{"units":3}},{"id":"monthly","period":"day"}]}""",
            put["withdrawn"]!.ToJsonString());
        Assert.Null((await Put(
            """{"outcome_types":[{"id":"res","price":"0.80"}],"caps":[{"id":"monthly","limit":{"units":30}}]}"""))
            ["withdrawn"]); // the same again
        Assert.Null((await _gateway.Admin.Get(terms).Json())["own"]!["withdrawn"]);
        Assert.Equal(["/withdrawn"], (await _gateway.Admin.Put(terms, """{"withdrawn":{}}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());

        Task<JsonObject> Put(string body) => _gateway.Admin.Put(terms, body).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("PUT", "tenants/nobody/caps/c", """{"limit":{"units":1},"at_limit":{"action":"handoff"}}""",
        "/at_limit/to")]
    [InlineData("PUT", "tenants/nobody/caps/c",
        """{"limit":{"units":1},"at_limit":{"action":"handoff","message":"one moment"}}""", "/at_limit/to")]
    [InlineData("POST", "tenants/nobody/caps/preview",
        """{"caps":[{"id":"c","limit":{"units":1},"at_limit":{"action":"handoff"}}]}""", "/caps/0/at_limit/to")]
    [InlineData("POST", "tenants/nobody/caps/preview", """{"caps":[null]}""", "/caps/0")]
    [InlineData("POST", "tenants/nobody/pause", """{"action":"handoff","reason":"incident"}""", "/to")]
    [InlineData("PUT", "tenants/nobody/overage", """{"at_limit":{"action":"handoff","to":null}}""", "/at_limit/to")]
    [InlineData("PUT", "tenants/nobody/terms", """{"overage":{"at_limit":{"action":"handoff"}}}""",
        "/overage/at_limit/to")]
    [InlineData("PUT", "plans/nobody",
        """{"currency":"USD","outcome_types":[{"id":"a","included_units":1,"overage":{"at_limit":{"action":"handoff"}}}],"caps":[{"id":"c","limit":{"units":1},"at_limit":{"action":"handoff"}}]}""",
        "/caps/0/at_limit/to,/outcome_types/0/overage/at_limit/to")]
    public async Task A_handoff_to_nobody_is_refused_wherever_it_is_set(string method, string where, string body,
        string pointers) // C1
    {
        await Tenant("nobody");
        using var sent = method == "PUT" ? await _gateway.Admin.Put($"/v1/{where}", body)
            : await _gateway.Admin.Post($"/v1/{where}", body);
        var problem = await Task.FromResult(sent).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    private async Task Tenant(string name)
    {
        await _gateway.Admin.Put("/v1/plans/left-out", Prepaid);
        await _gateway.Admin.Put($"/v1/tenants/{name}", """{"name":"T","plan":"left-out"}""");
        await _gateway.Admin.Post($"/v1/tenants/{name}/overage/authorize", """{"for":"standing"}""");
    }
}
