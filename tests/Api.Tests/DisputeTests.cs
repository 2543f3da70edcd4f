namespace MeteringGateway.Api.Tests;

/// <summary>Disputes: the buyer contests, the vendor decides, both see what came of it (D3, O8).</summary>
public class DisputeTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1.00","measurement_window":"PT1H"}],
         "caps":[{"id":"monthly","limit":{"units":2},"at_limit":{"action":"pause"}}]}
        """;
    private const string Uncapped = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1.00","measurement_window":"PT1H",
          "after_window":"credit"}]}
        """;
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_dispute_is_opened_by_the_buyer_and_credited_by_the_vendor_and_room_comes_back_D3()
    {
        await Billable("contested", "c-1", "c-2");
        using var buyer = await _gateway.Role("customer", "contested");
        using var vendor = await _gateway.Role("billing", "contested");
        using var agent = await _gateway.Role("agent", "contested");
        Assert.Equal("pause", (string?)(await Check(agent, "contested"))["decision"]);

        var dispute = await buyer.Post("/v1/tenants/contested/outcomes/c-1/disputes", """{"reason":"not answered"}""")
            .Is(HttpStatusCode.Created);
        var id = (string)dispute["id"]!;
        Assert.Equal(
            $$"""{"id":"{{id}}","outcome_id":"c-1","reason":"not answered","status":"open","note":null,"opened_at":"2026-11-01T11:00:00.000Z","resolved_at":null,"amount":null}""",
            dispute.ToJsonString());
        await buyer.Post($"/v1/tenants/contested/disputes/{id}/resolve", """{"resolution":"credited","note":"mine"}""")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await vendor.Post("/v1/tenants/contested/outcomes/c-2/disputes", """{"reason":"theirs"}""")
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");

        var resolved = await vendor.Post($"/v1/tenants/contested/disputes/{id}/resolve",
            """{"resolution":"credited","note":"you are right"}""").Is(HttpStatusCode.OK);
        Assert.Equal(
            $$"""{"id":"{{id}}","outcome_id":"c-1","reason":"not answered","status":"credited","note":"you are right","opened_at":"2026-11-01T11:00:00.000Z","resolved_at":"2026-11-01T11:00:00.000Z","amount":"1.00"}""",
            resolved.ToJsonString());
        Assert.Equal("allow", (string?)(await Check(agent, "contested"))["decision"]); // C5
        Assert.Equal("1.00", (string?)(await buyer.Get("/v1/tenants/contested/usage").Is(HttpStatusCode.OK))["total"]);

        // D1: as it stands now, and its history.
        var outcome = await buyer.Get("/v1/tenants/contested/outcomes/c-1").Is(HttpStatusCode.OK);
        Assert.Equal("credited", (string?)outcome["status"]);
        Assert.Equal(
            """{"amount":"1.00","credits":"0","reason":"disputed","at":"2026-11-01T11:00:00.000Z","period":"2026-11-01"}""",
            outcome["credit"]!.ToJsonString());
        Assert.Equal(resolved.ToJsonString(), outcome["dispute"]!.ToJsonString());
        Assert.Equal(["outcome_reported", "outcome_changed", "dispute_opened", "dispute_resolved", "outcome_changed"],
            outcome["history"]!.AsArray().Select(entry => (string?)entry!["kind"]));
        // D4: who, and what it was before.
        var entry = outcome["history"]![3]!;
        Assert.Equal("billing", (string?)entry["actor"]!["role"]);
        Assert.Equal(("open", "credited", "1.00"), ((string?)entry["data"]!["before"]!["status"],
            (string?)entry["data"]!["status"], (string?)entry["data"]!["credit"]!["amount"]));
    }

    [Fact]
    public async Task What_cannot_be_disputed_or_decided_is_said_with_its_code_D3()
    {
        await Billable("undisputable", "u-1");
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("u-2", "undisputable")).Is(HttpStatusCode.Created);
        const string tenant = "/v1/tenants/undisputable";
        async Task Refused(string path, string body, HttpStatusCode status, string code) =>
            await _gateway.Admin.Post($"{tenant}/{path}", body).IsProblem(status, code);

        await Refused("outcomes/u-2/disputes", """{"reason":"early"}""", HttpStatusCode.Conflict, "not_disputable");
        await Refused("outcomes/none/disputes", """{"reason":"x"}""", HttpStatusCode.NotFound, "unknown_outcome");
        await Refused("disputes/d1/resolve", """{"resolution":"upheld","note":"x"}""", HttpStatusCode.NotFound,
            "unknown_dispute");
        Assert.Equal(["/reason"], (await _gateway.Admin.Post($"{tenant}/outcomes/u-1/disputes", "{}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        Assert.Equal(["/resolution", "/note"], (await _gateway.Admin.Post($"{tenant}/disputes/d1/resolve",
            """{"resolution":"maybe"}""").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        await _gateway.Admin.Get($"{tenant}/disputes?status=lost")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");

        var id = (string)(await _gateway.Admin.Post($"{tenant}/outcomes/u-1/disputes", """{"reason":"wrong"}""",
            ("Idempotency-Key", "dispute-1")).Is(HttpStatusCode.Created))["id"]!;
        Assert.Equal(id, (string?)(await _gateway.Admin.Post($"{tenant}/outcomes/u-1/disputes",
            """{"reason":"wrong"}""", ("Idempotency-Key", "dispute-1")).Is(HttpStatusCode.Created))["id"]);
        await Refused("outcomes/u-1/disputes", """{"reason":"again"}""", HttpStatusCode.Conflict, "dispute_exists");
        const string upheld = """{"resolution":"upheld","note":"it was"}""";
        for (var i = 0; i < 2; i++) // sent twice, the same answer
            Assert.Equal("upheld", (string?)(await _gateway.Admin.Post($"{tenant}/disputes/{id}/resolve", upheld,
                ("Idempotency-Key", "resolve-1")).Is(HttpStatusCode.OK))["status"]);
        await Refused($"disputes/{id}/resolve", upheld, HttpStatusCode.Conflict, "dispute_resolved");
        await Refused("outcomes/u-1/disputes", """{"reason":"again"}""", HttpStatusCode.Conflict, "dispute_exists");
    }

    [Fact]
    public async Task A_correction_names_what_late_reversals_took_back_as_it_names_disputes_F10()
    {
        await Agreed("reversed", Uncapped, "b-1", "b-2", "b-3");
        await Move("reversed", "2026-12-20T00:00:00Z");
        foreach (var (kind, id) in new[] { ("outcome.reopened", "b-1"), ("outcome.escalated", "b-2") })
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Event(kind, id + "-late", "reversed", $"\"outcome_id\":\"{id}\"")).Is(HttpStatusCode.Created);
        var dispute = (string)(await _gateway.Admin.Post("/v1/tenants/reversed/outcomes/b-3/disputes",
            """{"reason":"not solved"}""").Is(HttpStatusCode.Created))["id"]!;
        await _gateway.Admin.Post($"/v1/tenants/reversed/disputes/{dispute}/resolve",
            """{"resolution":"credited","note":"sorry"}""").Is(HttpStatusCode.OK);

        var statement = await _gateway.Admin.Get("/v1/tenants/reversed/statements/current").Is(HttpStatusCode.OK);
        var line = statement["lines"]!.AsArray().Single(one => (string?)one!["kind"] == "correction")!;
        Assert.Equal("support.resolution, taken back from 2026-11-01: b-1 (reopened), b-2 (escalated), "
            + $"b-3 (dispute {dispute})", (string?)line["description"]);
    }

    [Fact]
    public async Task A_rejection_that_comes_to_nothing_says_so_and_why_O8()
    {
        await Agreed("too-late", Uncapped, "v-1", "v-2", "v-3");
        using var buyer = await _gateway.Role("customer", "too-late");
        const string rejected = """{"verdict":"rejected"}""";
        var opened = await buyer.Post("/v1/tenants/too-late/outcomes/v-1/verdict", rejected)
            .Is(HttpStatusCode.Created);
        Assert.Equal("open", (string?)opened["dispute"]!["status"]);
        Assert.False(opened.AsObject().ContainsKey("no_dispute"));
        await _gateway.Admin.Post($"/v1/tenants/too-late/disputes/{(string)opened["dispute"]!["id"]!}/resolve",
            """{"resolution":"upheld","note":"it was answered"}""").Is(HttpStatusCode.OK);
        using var other = await _gateway.Role("finance", "too-late");
        var again = await other.Post("/v1/tenants/too-late/outcomes/v-1/verdict", rejected).Is(HttpStatusCode.Created);
        Assert.Equal("dispute_exists", (string?)again["no_dispute"]);

        await Move("too-late", "2027-02-02T00:00:00Z"); // closed on 4 December, 60 days before
        var late = await buyer.Post("/v1/tenants/too-late/outcomes/v-2/verdict", rejected).Is(HttpStatusCode.Created);
        Assert.Equal(("billable", null, "dispute_too_late"),
            ((string?)late["status"], (string?)late["dispute"], (string?)late["no_dispute"]));
        late = await buyer.Post("/v1/tenants/too-late/outcomes/v-2/verdict", rejected).Is(HttpStatusCode.OK);
        Assert.Equal("dispute_too_late", (string?)late["no_dispute"]);
        // As an event, alone or among others, too.
        var rejection = Report.Event("outcome.verdict", "v-2-again", "too-late",
            """ "outcome_id":"v-2","verdict":"rejected" """);
        Assert.Equal("dispute_too_late",
            (string?)(await buyer.PostAs(One, "/v1/events", rejection).Is(HttpStatusCode.Created))["no_dispute"]);
        var batch = await buyer.PostAs("application/cloudevents-batch+json", "/v1/events", $"[{rejection}]")
            .Is(HttpStatusCode.OK);
        Assert.Equal("dispute_too_late", (string?)batch["results"]![0]!["no_dispute"]);
        var accepted = await buyer.Post("/v1/tenants/too-late/outcomes/v-3/verdict", """{"verdict":"accepted"}""")
            .Is(HttpStatusCode.Created);
        Assert.False(accepted.AsObject().ContainsKey("no_dispute"));
        Assert.False((await Outcome("too-late", "v-2")).AsObject().ContainsKey("no_dispute"));
    }

    [Fact]
    public async Task What_left_memory_is_disputed_until_60_days_after_its_period_and_corrected_by_name_D3()
    {
        await Billable("archived", "a-1", "a-2");
        await Move("archived", "2026-12-20T00:00:00Z"); // November is closed, and nothing refers to its outcomes
        var id = (string)(await _gateway.Admin.Post("/v1/tenants/archived/outcomes/a-1/disputes",
            """{"reason":"not solved"}""").Is(HttpStatusCode.Created))["id"]!;
        Assert.Equal("open", (string?)(await Outcome("archived", "a-1"))["dispute"]!["status"]);
        var resolved = await _gateway.Admin.Post($"/v1/tenants/archived/disputes/{id}/resolve",
            """{"resolution":"credited","note":"sorry"}""").Is(HttpStatusCode.OK);
        Assert.Equal("1.00", (string?)resolved["amount"]);

        var outcome = await Outcome("archived", "a-1");
        Assert.Equal(("credited", "1.00", "2026-12-01", "1.00"), ((string?)outcome["status"],
            (string?)outcome["amount"], (string?)outcome["credit"]!["period"], (string?)outcome["credit"]!["amount"]));
        Assert.Equal("dispute_resolved", (string?)outcome["history"]!.AsArray()[^2]!["kind"]);
        // The next statement says what came of it.
        var statement = await _gateway.Admin.Get("/v1/tenants/archived/statements/current?lines=outcomes")
            .Is(HttpStatusCode.OK);
        var line = statement["lines"]!.AsArray().Single(one => (string?)one!["kind"] == "correction")!;
        Assert.Equal(($"support.resolution, taken back from 2026-11-01: a-1 (dispute {id})", "-1.00"),
            ((string?)line["description"], (string?)line["amount"]));
        Assert.Equal(("a-1", "disputed"),
            ((string?)line["outcomes"]![0]!["outcome_id"], (string?)line["outcomes"]![0]!["reason"]));
        var usage = await _gateway.Admin.Get("/v1/tenants/archived/usage").Is(HttpStatusCode.OK);
        Assert.Equal(("0.00", "-1.00", "-1.00"),
            ((string?)usage["spend"], (string?)usage["corrections"], (string?)usage["total"]));
        await _gateway.Admin.Post("/v1/tenants/archived/outcomes/a-1/disputes", """{"reason":"again"}""")
            .IsProblem(HttpStatusCode.Conflict, "dispute_exists");

        await Move("archived", "2027-02-02T00:00:00Z"); // closed on 4 December
        await _gateway.Admin.Post("/v1/tenants/archived/outcomes/a-2/disputes", """{"reason":"late"}""")
            .IsProblem(HttpStatusCode.Conflict, "dispute_too_late");
    }

    [Fact]
    public async Task Disputes_are_listed_newest_first_by_status_and_page_by_page()
    {
        await _gateway.Tenant("listed", Plan.Replace("\"units\":2", "\"units\":9", StringComparison.Ordinal),
            ""","test_clock":{"start":"2026-11-01T09:00:00Z"}""");
        for (var i = 0; i < 5; i++)
            await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome($"l-{i}", "listed"))
                .Is(HttpStatusCode.Created);
        await Move("listed", "2026-11-01T11:00:00Z");
        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
            ids.Add((string)(await _gateway.Admin.Post($"/v1/tenants/listed/outcomes/l-{i}/disputes",
                """{"reason":"no"}""").Is(HttpStatusCode.Created))["id"]!);
        // O8: a rejection after the window opens one by itself.
        await _gateway.Admin.Post("/v1/tenants/listed/outcomes/l-4/verdict", """{"verdict":"rejected"}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post($"/v1/tenants/listed/disputes/{ids[1]}/resolve",
            """{"resolution":"upheld","note":"no"}""").Is(HttpStatusCode.OK);

        Assert.Equal(["l-4", "l-3", "l-2", "l-1", "l-0"], await Listed(""));
        Assert.Equal(["l-4", "l-3", "l-2", "l-0"], await Listed("status=open"));
        Assert.Equal(["l-1"], await Listed("status=upheld"));
        Assert.Empty(await Listed("status=credited"));

        async Task<List<string?>> Listed(string filter)
        {
            var found = new List<string?>();
            for (var cursor = ""; ;)
            {
                var page = await _gateway.Admin.Get($"/v1/tenants/listed/disputes?limit=2&{filter}{cursor}")
                    .Is(HttpStatusCode.OK);
                found.AddRange(page["data"]!.AsArray().Select(one => (string?)one!["outcome_id"]));
                if ((string?)page["next_cursor"] is not { } next) return found;
                cursor = $"&cursor={next}";
            }
        }
    }

    private Task Billable(string tenant, params string[] outcomes) => Agreed(tenant, Plan, outcomes);

    private async Task Agreed(string tenant, string plan, params string[] outcomes)
    {
        await _gateway.Tenant(tenant, plan, ""","test_clock":{"start":"2026-11-01T09:00:00Z"}""");
        foreach (var id in outcomes)
            await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome(id, tenant)).Is(HttpStatusCode.Created);
        await Move(tenant, "2026-11-01T11:00:00Z");
    }

    private Task Move(string tenant, string to) =>
        _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", $$"""{"to":"{{to}}"}""").Is(HttpStatusCode.OK);

    private async Task<JsonObject> Outcome(string tenant, string id) =>
        await _gateway.Admin.Get($"/v1/tenants/{tenant}/outcomes/{id}").Is(HttpStatusCode.OK);

    private static async Task<JsonObject> Check(HttpClient agent, string tenant) =>
        await agent.Post($"/v1/tenants/{tenant}/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
}
