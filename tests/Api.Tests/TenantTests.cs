namespace MeteringGateway.Api.Tests;

public class TenantTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_tenant_is_made_changed_and_closed()
    {
        await _gateway.Admin.Put("/v1/plans/small", Gateway.Plan);
        var made = await _gateway.Admin.Put("/v1/tenants/life",
            """{"name":"Life","plan":"small","time_zone":"Europe/Berlin","anchor_day":31}""")
                .Is(HttpStatusCode.Created);
        Assert.Equal("Europe/Berlin", (string?)made["time_zone"]);
        Assert.Equal("2026-10-31", (string?)made["period"]!["id"]); // T2
        Assert.Equal("open", (string?)made["period"]!["status"]);
        Assert.Equal("active", (string?)made["caps"]![0]!["state"]);
        Assert.Null(made["test_clock"]);

        var changed = await _gateway.Admin.Put("/v1/tenants/life", """{"name":"Life Ltd","plan":"small"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("Life Ltd", (string?)changed["name"]);
        Assert.Equal("Europe/Berlin", (string?)changed["time_zone"]); // what is absent stays

        var closed = await _gateway.Admin.Send(HttpMethod.Delete, "/v1/tenants/life", null, "").Is(HttpStatusCode.OK);
        Assert.NotNull(closed["closed_at"]);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("late", "life"))
            .IsProblem(HttpStatusCode.Conflict, "tenant_closed");
    }

    [Fact]
    public async Task A_new_version_of_its_plan_reaches_a_tenant_when_it_is_asked_for()
    {
        await _gateway.Tenant("pinned");
        await _gateway.Admin.Put("/v1/plans/pinned", Gateway.Plan.Replace("0.99", "1.09", StringComparison.Ordinal))
            .Is(HttpStatusCode.Created);

        Assert.Equal(1,
            (int?)(await _gateway.Admin.Put("/v1/tenants/pinned", """{"name":"pinned","plan":"pinned"}""")
                .Is(HttpStatusCode.OK))["plan_version"]);
        Assert.Equal(2,
            (int?)(await _gateway.Admin.Put("/v1/tenants/pinned",
                """{"name":"pinned","plan":"pinned","plan_version":2}""").Is(HttpStatusCode.OK))["plan_version"]);
    }

    [Fact]
    public async Task A_tenant_keeps_its_currency_for_good() // N2
    {
        await _gateway.Tenant("money");
        await _gateway.Admin.Put("/v1/plans/euro", Gateway.Plan.Replace("USD", "EUR", StringComparison.Ordinal))
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Put("/v1/tenants/money", """{"name":"money","plan":"euro"}""")
            .IsProblem(HttpStatusCode.Conflict, "currency_fixed");
    }

    [Fact]
    public async Task Negotiated_terms_lie_over_the_plan_member_by_member() // F7
    {
        await _gateway.Tenant("terms");
        using var billing = await _gateway.Role("billing", "terms");
        const string own =
            """{"outcome_types":[{"id":"support.resolution","price":"0.50"}],"caps":[{"id":"own","limit":{"units":9}}]}""";
        using var set = await billing.Put("/v1/tenants/terms/terms", own);
        await Task.FromResult(set).Is(HttpStatusCode.OK);

        using var agent = await _gateway.Role("agent", "terms");
        var check = await agent.Post("/v1/tenants/terms/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("0.50", (string?)check["unit_price"]);
        Assert.Equal(3, (int?)check["remaining"]); // the plan's cap is still there
        await billing.Put("/v1/tenants/terms/terms", own, ("If-Match", "\"other\""))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        await billing.Put("/v1/tenants/terms/terms", own, ("If-Match", set.Headers.ETag!.ToString()))
            .Is(HttpStatusCode.OK);
        var problem = await billing.Put("/v1/tenants/terms/terms", """{"currency":"EUR"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/currency"], problem.Pointers());
    }

    [Fact]
    public async Task A_tenants_terms_are_read_its_own_what_they_come_to_and_the_plan_that_is_to_come() // F7
    {
        const string terms = "/v1/tenants/reads-terms/terms";
        await _gateway.Tenant("reads-terms");
        await _gateway.Admin.Put("/v1/plans/reads-terms-next",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"2.00"}]}""")
            .Is(HttpStatusCode.Created);
        Assert.Equal("{}", (await _gateway.Admin.Get(terms).Is(HttpStatusCode.OK))["own"]!.ToJsonString());
        const string own = """{"outcome_types":[{"id":"support.resolution","price":"0.50"}]}""";
        using var put = await _gateway.Admin.Put(terms, own);
        await _gateway.Admin.Put("/v1/tenants/reads-terms",
            """{"plan":"reads-terms-next","effective":"next_period"}""").Is(HttpStatusCode.OK);

        using var finance = await _gateway.Role("finance", "reads-terms");
        foreach (var reader in new[] { _gateway.Admin, finance })
        {
            using var response = await reader.Get(terms);
            var read = await Task.FromResult(response).Is(HttpStatusCode.OK);
            Assert.Equal(("reads-terms", 1, own), ((string?)read["plan"], (int?)read["plan_version"],
                read["own"]!.ToJsonString()));
            Assert.Equal(("0.50", "0.40"), ((string?)read["in_force"]!["outcome_types"]![0]!["price"],
                (string?)read["in_force"]!["activities"]![0]!["price"]));
            Assert.Equal("reads-terms-next", (string?)Assert.Single(read["scheduled"]!.AsArray())!["change"]!["plan"]);
            Assert.Equal(put.Headers.ETag, response.Headers.ETag);
        }
        using var agent = await _gateway.Role("agent", "reads-terms");
        await agent.Get(terms).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await _gateway.Tenant("reads-no-terms");
        using var stranger = await _gateway.Role("finance", "reads-no-terms");
        await stranger.Get(terms).IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        await _gateway.Admin.Get("/v1/tenants/nobody/terms").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
    }

    [Fact]
    public async Task A_test_clock_is_set_once_and_moved_by_hand() // T5
    {
        await _gateway.Tenant("clock", more: ""","test_clock":{"start":"2016-02-29T00:00:00Z"}""");
        var now = await _gateway.Admin.Post("/v1/tenants/clock/clock", """{"advance":"P1DT12H"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("2016-03-01T12:00:00.000Z", (string?)now["now"]);
        await _gateway.Admin.Post("/v1/tenants/clock/clock", """{"to":"2016-03-02T00:00:00+02:00"}""")
            .Is(HttpStatusCode.OK);
        await _gateway.Admin.Post("/v1/tenants/clock/clock", """{"to":"2016-02-01T00:00:00Z"}""")
            .IsProblem(HttpStatusCode.Conflict, "clock_runs_back");
        await _gateway.Admin.Post("/v1/tenants/clock/clock", "{}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Put("/v1/tenants/clock",
            """{"name":"clock","plan":"clock","test_clock":{"start":"2017-01-01T00:00:00Z"}}""")
            .IsProblem(HttpStatusCode.Conflict, "test_clock_fixed");

        await _gateway.Tenant("real");
        await _gateway.Admin.Post("/v1/tenants/real/clock", """{"advance":"PT1H"}""")
            .IsProblem(HttpStatusCode.Conflict, "not_a_test_clock");
    }

    [Theory]
    [InlineData("""{"to":"2026-03-09T00:00:00.001Z"}""", "/to")] // 3,660 days and a moment
    [InlineData("""{"to":"9999-12-31T00:00:00Z"}""", "/to")]
    [InlineData("""{"advance":"P3661D"}""", "/advance")]
    public async Task A_test_clock_moves_so_far_at_a_time_and_no_further(string move, string pointer) // T5
    {
        var name = $"far-{Math.Abs(StringComparer.Ordinal.GetHashCode(move))}";
        await _gateway.Tenant(name, more: ""","test_clock":{"start":"2016-03-01T00:00:00Z"}""");
        var problem = await _gateway.Admin.Post($"/v1/tenants/{name}/clock", move)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Contains(pointer, problem.Pointers());

        var now = await _gateway.Admin.Post($"/v1/tenants/{name}/clock", """{"advance":"P3660D"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("2026-03-09T00:00:00.000Z", (string?)now["now"]);
        Assert.Equal("2026-03-01", (string?)(await _gateway.Admin.Get($"/v1/tenants/{name}").Json())["period"]!["id"]);
    }

    [Fact]
    public async Task A_test_clock_moves_a_hundred_years_in_all_N4()
    {
        await _gateway.Tenant("century", more: ""","test_clock":{"start":"2016-03-01T00:00:00Z"}""");
        Task<HttpResponseMessage> Move(string to) =>
            _gateway.Admin.Post("/v1/tenants/century/clock", $$"""{"to":"{{to}}"}""");
        for (var year = 2026; year <= 2106; year += 10) await Move($"{year}-03-01T00:00:00Z").Is(HttpStatusCode.OK);
        // 36,525 days: of these hundred years 24 have a leap day.
        await Move("2116-03-02T00:00:00.001Z").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await Move("2116-03-02T00:00:00Z").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_clock_that_follows_stays_where_it_is_when_an_event_is_more_than_a_year_ahead() // T4, T5
    {
        await _gateway.Tenant("follows",
            more: ""","test_clock":{"start":"2030-01-10T12:00:00Z","follow_events":true}""");
        async Task<string?> Now() => (string?)(await _gateway.Admin.Get("/v1/tenants/follows").Json())["now"];
        static string At(string id, string time) => Report.Outcome(id, "follows")
            .Replace("\"data\"", $"\"time\":\"{time}\",\"data\"", StringComparison.Ordinal);

        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
            At("far", "4026-01-01T00:00:00Z"))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "event_in_future");
        Assert.Equal("2030-01-10T12:00:00.000Z", await Now());
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
            At("near", "2031-01-10T12:00:00Z")).Is(HttpStatusCode.Created);
        Assert.Equal("2031-01-10T12:00:00.000Z", await Now());
    }

    [Fact]
    public async Task A_change_with_an_old_tag_is_refused()
    {
        await _gateway.Tenant("tags");
        using var before = await _gateway.Admin.Get("/v1/tenants/tags");
        var tag = before.Headers.ETag!.ToString();
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("o", "tags"))
            .Is(HttpStatusCode.Created);

        // events do not change it
        using var put = await _gateway.Admin.Put("/v1/tenants/tags", """{"name":"new","plan":"tags"}""",
            ("If-Match", tag));
        await Task.FromResult(put).Is(HttpStatusCode.OK);
        await _gateway.Admin.Put("/v1/tenants/tags", """{"name":"newer","plan":"tags"}""", ("If-Match", tag))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        await _gateway.Admin.Put("/v1/tenants/tags", """{"name":"newer","plan":"tags"}""",
            ("If-Match", put.Headers.ETag!.ToString())).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("""{"plan":"small","anchor_day":32,"time_zone":"Mars/Olympus"}""", "/anchor_day,/name,/time_zone")]
    [InlineData("""{"name":"x","plan":"nowhere"}""", "/plan")]
    [InlineData("""{"name":"x","plan":"small","time_zone":"../../etc/passwd"}""", "/time_zone")]
    [InlineData("""{"name":"x","plan":"small","test_clock":{}}""", "/test_clock/start")]
    [InlineData("""{"name":"x","plan":"small","test_clock":{"start":"0001-01-01T00:00:00Z"}}""", "/test_clock/start")]
    [InlineData("""{"name":"x","plan":"small","test_clock":{"start":"9999-12-31T00:00:00Z"}}""", "/test_clock/start")]
    [InlineData("""{"name":"x","plan":"small","plan_version":7}""", "/plan_version")]
    public async Task What_is_wrong_with_a_tenant_is_named(string body, string pointers)
    {
        await _gateway.Admin.Put("/v1/plans/small", Gateway.Plan);
        var problem = await _gateway.Admin.Put("/v1/tenants/wrong", body)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Tenants_are_listed_page_by_page()
    {
        foreach (var tenant in new[] { "page-a", "page-b", "page-c" }) await _gateway.Tenant(tenant);
        using var client = await _gateway.Role("auditor", "page-a", "page-b", "page-c");
        var first = await client.Get("/v1/tenants?limit=2").Is(HttpStatusCode.OK);
        var second = await client.Get($"/v1/tenants?limit=2&cursor={first["next_cursor"]}").Is(HttpStatusCode.OK);
        Assert.Equal(["page-a", "page-b", "page-c"],
            first["data"]!.AsArray().Concat(second["data"]!.AsArray()).Select(tenant => (string)tenant!["id"]!));
        await client.Get("/v1/tenants?limit=0").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await client.Get("/v1/tenants?cursor=!").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [FactInOneProcess]
    public async Task Terms_that_change_too_often_are_refused_by_a_code_of_their_own()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:TermChanges"] = "2" });
        await gateway.Tenant("often");
        Task<HttpResponseMessage> Put(int hours) =>
            gateway.Admin.Put("/v1/tenants/often/terms", $$"""{"max_lateness":"PT{{hours}}H"}""");

        await Put(1).Is(HttpStatusCode.OK);
        await Put(2).Is(HttpStatusCode.OK);
        await Put(2).Is(HttpStatusCode.OK);
        await Put(3).IsProblem(HttpStatusCode.Conflict, "too_many_changes");
        var terms = await gateway.Admin.Get("/v1/tenants/often/terms").Is(HttpStatusCode.OK);
        Assert.Equal("PT2H", (string?)terms["own"]!["max_lateness"]);
    }
}
