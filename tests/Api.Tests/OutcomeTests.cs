using System.Text;
using MeteringGateway.Api.Csv;

namespace MeteringGateway.Api.Tests;

public class OutcomeTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task An_outcome_can_be_inspected_with_everything_that_was_said_of_it() // D1
    {
        await _gateway.Tenant("inspect");
        const string data = """
            "session":"conv-77","agent":"fin-3","channel":"chat","workflow":"refund","success_criteria_met":["b","a"],"end_customer":"u-9",
            "verification":{"method":"llm","confidence":0.97,"evidence_url":"https://evidence"},"source_url":"https://source","metadata":{"ticket":[1,2]}
            """;
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("c-1812", "inspect", data))
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs(One, "/v1/events",
            Report.Event("outcome.confirmed", "c-1812-ok", "inspect", """ "outcome_id":"c-1812" """))
                .Is(HttpStatusCode.Created);
        using var auditor = await _gateway.Role("auditor", "inspect");
        var outcome = await auditor.Get("/v1/tenants/inspect/outcomes/c-1812").Is(HttpStatusCode.OK);
        var history = outcome["history"]!.AsArray();
        Assert.Equal("outcome_reported", (string?)history[0]!["kind"]);
        Assert.Contains("fact_reported", history.Select(entry => (string?)entry!["kind"]));
        Assert.Equal(64, ((string)history[0]!["hash"]!).Length);
        // What repeats and end customers are known again by says nothing to a reader.
        Assert.All(history, entry => Assert.Empty(entry!["data"]!.AsObject().Select(member => member.Key)
            .Intersect(["fingerprint", "customer", "is_apart"])));
        outcome.Remove("history");
        outcome.Remove("sequence");
        Assert.Equal(
            """{"outcome_id":"c-1812","tenant":"inspect","timestamp":"2026-11-21T12:00:00.000Z","period":"2026-11-01","outcome_type":"support.resolution","workflow":"refund","channel":"chat","agent":"fin-3","session":"conv-77","no_session":false,"end_customer":"u-9","quantity":1,"success_criteria_met":["a","b"],"handed_off":false,"window":{"status":"closed","closes_at":"2026-11-21T12:00:00.000Z","ended_at":"2026-11-21T12:00:00.000Z"},"verification":{"method":"llm","passed":true,"confidence":0.97,"evidence_url":"https://evidence"},"status":"billable","billable_reason":"confirmed","non_billable_reason":null,"charges":[{"source":"on_demand","units":1,"unit_price":"0.99","amount":"0.99","credits":"0"}],"amount":"0.99","currency":"USD","credits":"0","dispute":null,"credit":null,"event_source":"/helpdesk","source_url":"https://source","metadata":{"ticket":[1,2]}}""",
            outcome.ToJsonString());
        await auditor.Get("/v1/tenants/inspect/outcomes/none").IsProblem(HttpStatusCode.NotFound, "unknown_outcome");
    }

    [Fact]
    public async Task One_without_a_session_of_a_type_that_counts_once_per_session_says_so()
    {
        const string plan =
            """{"currency":"USD","outcome_types":[{"id":"support.resolution"},{"id":"every","once_per_session":false}]}""";
        await _gateway.Tenant("lone", plan);
        foreach (var (id, type, data) in new[] { ("with", "support.resolution", ""","session":"s" """),
            ("without", "support.resolution", ""), ("each", "every", "") })
        {
            var made = await _gateway.Admin.Post("/v1/tenants/lone/outcomes",
                $$"""{"id":"{{id}}","outcome_type":"{{type}}"{{data}}}""").Is(HttpStatusCode.Created);
            Assert.Equal(id == "without", (bool)made["no_session"]!);
        }
        var listed = await _gateway.Admin.Get("/v1/tenants/lone/outcomes").Is(HttpStatusCode.OK);
        Assert.Equal(["each False", "without True", "with False"],
            listed["data"]!.AsArray().Select(row => $"{row!["outcome_id"]} {(bool)row["no_session"]!}"));
        var inspected = await _gateway.Admin.Get("/v1/tenants/lone/outcomes/without").Is(HttpStatusCode.OK);
        Assert.True((bool)inspected["no_session"]!);
        var quality = await _gateway.Admin.Get("/v1/tenants/lone/quality").Is(HttpStatusCode.OK);
        Assert.Equal(1, (int)quality["all"]!["no_session"]!);
    }

    [Fact]
    public async Task Outcomes_are_listed_newest_first_filtered_and_page_by_page()
    {
        await _gateway.Tenant("list");
        for (var i = 0; i < 5; i++)
            await _gateway.Admin.PostAs(One, "/v1/events",
                Report.Outcome($"l-{i}", "list", i == 2 ? "\"result\":\"escalated\"" : $"\"session\":\"s-{i}\""))
                    .Is(HttpStatusCode.Created);
        var first = await _gateway.Admin.Get("/v1/tenants/list/outcomes?limit=3").Is(HttpStatusCode.OK);
        var second = await _gateway.Admin.Get($"/v1/tenants/list/outcomes?limit=3&cursor={first["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        Assert.Equal(["l-4", "l-3", "l-2", "l-1", "l-0"], Ids(first).Concat(Ids(second)));
        Assert.Equal(["l-2"],
            Ids(await _gateway.Admin.Get("/v1/tenants/list/outcomes?status=non_billable&reason=escalated")
                .Is(HttpStatusCode.OK)));
        Assert.Equal(["l-3"],
            Ids(
                await _gateway.Admin.Get(
                    "/v1/tenants/list/outcomes?session=s-3&outcome_type=support.resolution&period=2026-11-01")
                        .Is(HttpStatusCode.OK)));
        Assert.Equal("l-0",
            Ids(await _gateway.Admin.Get("/v1/tenants/list/outcomes?changed_after=0").Is(HttpStatusCode.OK)).First());
        await _gateway.Admin.Get("/v1/tenants/list/outcomes?status=great")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Get("/v1/tenants/list/outcomes?period=november")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task As_CSV_all_of_them_come_with_the_members_in_their_order()
    {
        await _gateway.Tenant("csv");
        await _gateway.Admin.PostAs(One, "/v1/events",
            Report.Outcome("=cmd", "csv", """ "agent":"a,\"b\"","result":"failed" """)).Is(HttpStatusCode.Created);
        using var response = await _gateway.Admin.Send(HttpMethod.Get, "/v1/tenants/csv/outcomes", null, "",
            ("Accept", "text/csv"));
        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment; filename=\"outcomes-csv.csv\"",
            response.Content.Headers.ContentDisposition!.ToString());
        Assert.Equal("Accept", response.Headers.Vary.Single());
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal([0xef, 0xbb, 0xbf], bytes[..3]); // a spreadsheet takes it for UTF-8
        var lines = Encoding.UTF8.GetString(bytes[3..]).Split("\r\n");
        Assert.Equal(
            "outcome_id,tenant,timestamp,period,outcome_type,workflow,channel,agent,session,no_session,end_customer,quantity,success_criteria_met,handed_off,window.status,window.closes_at,window.ended_at,verification.method,verification.passed,verification.confidence,verification.evidence_url,status,billable_reason,non_billable_reason,charges,amount,currency,credits,dispute.id,dispute.outcome_id,dispute.reason,dispute.status,dispute.note,dispute.opened_at,dispute.resolved_at,dispute.amount,credit.amount,credit.credits,credit.reason,credit.at,credit.period,event_source,source_url,metadata,sequence", lines[0]);
        Assert.StartsWith(
            "'=cmd,csv,2026-11-21T12:00:00.000Z,2026-11-01,support.resolution,,,\"a,\"\"b\"\"\",,true,,1,[],false,none,,",
            lines[1], StringComparison.Ordinal);
        Assert.Equal(3, lines.Length);
    }

    [Fact]
    public async Task As_CSV_each_cell_is_what_the_JSON_form_has()
    {
        await _gateway.Tenant("cells");
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("full", "cells", """
            "agent":"a","channel":"chat","workflow":"w","session":"s","end_customer":"mary \"x\"","quantity":2,
            "verification":{"method":"llm_judge","passed":true,"confidence":0.95,"evidence_url":"https://a.example/1"},
            "source_url":"https://a.example/2","metadata":{"b":1,"a":"=1"}
            """)).Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("plain", "cells", "")).Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("failed", "cells", """ "result":"failed" """))
            .Is(HttpStatusCode.Created);
        var rows = (await _gateway.Admin.Get("/v1/tenants/cells/outcomes").Is(HttpStatusCode.OK))
            ["data"]!.AsArray().Select(row => JsonSerializer.Deserialize<JsonElement>(row!.ToJsonString())).ToList();
        using var response = await _gateway.Admin.Send(HttpMethod.Get, "/v1/tenants/cells/outcomes", null, "",
            ("Accept", "text/csv"));
        var lines = (await response.Content.ReadAsStringAsync()).TrimStart('\ufeff').Split("\r\n");
        var columns = lines[0].Split(',');

        Assert.Equal(3, rows.Count);
        for (var i = 0; i < rows.Count; i++)
            Assert.Equal(string.Join(',', columns.Select(column => Cell(rows[i], column))), lines[i + 1]);

        static string Cell(JsonElement row, string column)
        {
            foreach (var name in column.Split('.'))
                if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty(name, out row)) return "";
            var text = row.ValueKind switch
            {
                JsonValueKind.Null => "",
                JsonValueKind.String => row.GetString()!,
                _ => row.GetRawText(),
            };
            return text.AsSpan().ContainsAny(",\"") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
        }
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("@x", "'@x")]
    [InlineData("-1", "'-1")]
    [InlineData("\tx", "'\tx")]
    [InlineData("a\r\nb", "\"a\r\nb\"")]
    [InlineData("\rx", "\"'\rx\"")]
    [InlineData("=\"a\"", "\"'=\"\"a\"\"\"")]
    [InlineData("+1", "'+1")]
    [InlineData(" =1", "' =1")]
    [InlineData("\u00a0=1", "'\u00a0=1")]
    [InlineData("\u200b=1", "'\u200b=1")]
    [InlineData("\ufeff=1", "'\ufeff=1")]
    [InlineData("\u3000\u2060 \u00ad+1", "'\u3000\u2060 \u00ad+1")]
    [InlineData("\u202e@x", "'\u202e@x")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData(" \t-1", "' \t-1")]
    [InlineData("＝1", "'＝1")]
    [InlineData("＋1", "'＋1")]
    [InlineData("－1", "'－1")]
    [InlineData("＠x", "'＠x")]
    [InlineData("﹦1", "'﹦1")]
    [InlineData("−1", "'−1")]
    [InlineData(" ＝1,2", "\"' ＝1,2\"")]
    [InlineData("a=1", "a=1")]
    [InlineData(" a", " a")]
    [InlineData("’=1", "’=1")]
    [InlineData("", "")]
    [InlineData(" ", " ")]
    public void A_cell_that_a_spreadsheet_would_run_is_disarmed(string text, string cell)
    {
        var line = new StringBuilder();
        CsvText.Cell(line, text);
        Assert.Equal(cell, line.ToString());
    }

    [Fact]
    public async Task Those_who_do_not_speak_CloudEvents_report_outcomes_directly()
    {
        await _gateway.Tenant("direct");
        using var agent = await _gateway.Role("agent", "direct");
        const string body =
            """{"id":"d-1","time":"2026-11-21T11:00:00Z","outcome_type":"support.resolution","agent":"a"}""";
        using var made = await agent.Post("/v1/tenants/direct/outcomes", body);
        var outcome = await Task.FromResult(made).Is(HttpStatusCode.Created);
        Assert.Equal("/v1/tenants/direct/outcomes/d-1", made.Headers.Location!.ToString());
        Assert.Equal("2026-11-21T11:00:00.000Z", (string?)outcome["timestamp"]);
        await agent.Post("/v1/tenants/direct/outcomes", body).Is(HttpStatusCode.OK);
        Assert.Equal(["/subject"],
            (await agent.Post("/v1/tenants/direct/outcomes", """{"outcome_type":"support.resolution","subject":"x"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers());
        Assert.Equal(["/outcome_type"],
            (await agent.Post("/v1/tenants/direct/outcomes", "{}")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "malformed_event")).Pointers());

        // Without an id, the Idempotency-Key alone makes it one.
        const string nameless = """{"outcome_type":"support.resolution"}""";
        var first = await agent.Post("/v1/tenants/direct/outcomes", nameless, ("Idempotency-Key", "n-1"))
            .Is(HttpStatusCode.Created);
        var again = await agent.Post("/v1/tenants/direct/outcomes", nameless, ("Idempotency-Key", "n-1"))
            .Is(HttpStatusCode.Created);
        Assert.Equal((string?)first["outcome_id"], (string?)again["outcome_id"]);
        await agent.Post("/v1/tenants/direct/outcomes", body, ("Idempotency-Key", "n-1"))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Theory]
    [InlineData("""{"outcome_id":"named","outcome_type":"support.resolution"}""")]
    [InlineData("""{"outcome_id":"named","outcome_type":"support.resolution","time":"2026-11-21T11:00:00Z","session":"s"}""")]
    [InlineData("""{"id":"event","outcome_id":"named","outcome_type":"support.resolution"}""")]
    [InlineData("""{"id":"named","outcome_type":"support.resolution"}""")]
    public async Task A_report_is_recognised_by_whichever_id_it_has(string body) // I1
    {
        await _gateway.Admin.Put("/v1/plans/recognised",
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}]}""");
        var tenant = $"recognised-{Math.Abs(body.Length)}";
        await _gateway.Admin.Put($"/v1/tenants/{tenant}", """{"name":"R","plan":"recognised"}""")
            .Is(HttpStatusCode.Created);
        var outcomes = $"/v1/tenants/{tenant}/outcomes";

        await _gateway.Admin.Post(outcomes, body).Is(HttpStatusCode.Created);
        await _gateway.Admin.Post(outcomes, body).Is(HttpStatusCode.OK);
        await _gateway.Admin.Post(outcomes, body.Replace("{", "{ ", StringComparison.Ordinal)).Is(HttpStatusCode.OK);

        // Another thing said of the same outcome is no repetition (I3).
        using var other = await _gateway.Admin.Post(outcomes,
            body.Replace("}", ",\"quantity\":2}", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Single((await _gateway.Admin.Get(outcomes).Json())["data"]!.AsArray());
    }

    [Fact]
    public async Task The_buyer_gives_a_verdict_of_its_own() // O8
    {
        await _gateway.Tenant("verdict");
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("v-1", "verdict")).Is(HttpStatusCode.Created);
        using var customer = await _gateway.Role("customer", "verdict");
        var rejected = await customer.Post("/v1/tenants/verdict/outcomes/v-1/verdict",
            """{"verdict":"rejected","csat":2}""").Is(HttpStatusCode.Created);
        Assert.Equal(("non_billable", "rejected"),
            ((string?)rejected["status"], (string?)rejected["non_billable_reason"]));
        await customer.Post("/v1/tenants/verdict/outcomes/v-1/verdict", """{"verdict":"rejected","csat":2}""")
            .Is(HttpStatusCode.OK);
        await customer.Post("/v1/tenants/verdict/outcomes/none/verdict", """{"verdict":"rejected"}""")
            .IsProblem(HttpStatusCode.NotFound, "unknown_outcome");
        Assert.Equal(["/verdict", "/csat"],
            (await customer.Post("/v1/tenants/verdict/outcomes/v-1/verdict", """{"verdict":"meh","csat":6}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
    }

    [Fact]
    public async Task The_buyers_last_word_holds_and_only_the_same_again_changes_nothing() // O8, Q1
    {
        await _gateway.Tenant("minds", """
            {"currency":"USD","outcome_types":[{"id":"a","price":"1.00","measurement_window":"PT0S"}]}
            """);
        using var customer = await _gateway.Role("customer", "minds");
        string[] said = ["""{"verdict":"accepted"}""", """{"verdict":"rejected"}""",
            """{"verdict":"rejected","csat":1}"""];
        var (accepted, all) = (0, 0);
        foreach (var words in
            from first in said from second in said from third in said select new[] { first, second, third })
        {
            var id = $"m-{all++}";
            await _gateway.Admin.PostAs(One, "/v1/events", Report.Event("outcome.reported", id, "minds",
                "\"outcome_type\":\"a\"")).Is(HttpStatusCode.Created);
            for (var i = 0; i < words.Length; i++)
                await customer.Post($"/v1/tenants/minds/outcomes/{id}/verdict", words[i])
                    .Is(i > 0 && words[i] == words[i - 1] ? HttpStatusCode.OK : HttpStatusCode.Created);
            if (words[^1] == said[0]) accepted++;
        }
        // What a rejection opened is no agreement until it is decided.
        Assert.Equal((1, all), await Agreement());
        foreach (var dispute in (await _gateway.Admin.Get("/v1/tenants/minds/disputes?status=open&limit=100")
            .Is(HttpStatusCode.OK))["data"]!.AsArray())
            await _gateway.Admin.Post($"/v1/tenants/minds/disputes/{(string)dispute!["id"]!}/resolve",
                """{"resolution":"upheld","note":"it was answered"}""").Is(HttpStatusCode.OK);
        Assert.Equal((accepted, all), await Agreement());

        async Task<(int, int)> Agreement()
        {
            var share = (await _gateway.Admin.Get("/v1/tenants/minds/quality").Json())["all"]!["agreement"]!;
            return ((int)share["numerator"]!, (int)share["denominator"]!);
        }
    }

    [Fact]
    public async Task A_verdict_sent_again_under_its_idempotency_key_is_answered_as_the_first_time()
    {
        await _gateway.Tenant("verdict-once");
        await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome("v-1", "verdict-once"))
            .Is(HttpStatusCode.Created);
        using var customer = await _gateway.Role("customer", "verdict-once");
        Task<HttpResponseMessage> Say(string verdict) => customer.Post(
            "/v1/tenants/verdict-once/outcomes/v-1/verdict", $$"""{"verdict":"{{verdict}}"}""",
            ("Idempotency-Key", "v-1"));
        var first = await Say("accepted").Is(HttpStatusCode.Created);
        Assert.True(JsonNode.DeepEquals(first, await Say("accepted").Is(HttpStatusCode.Created)));
        await Say("rejected").IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Fact]
    public async Task The_journal_can_be_read_by_an_auditor_every_kind_of_entry_in_it()
    {
        await _gateway.Tenant("journal");
        await _gateway.Admin.PostAs(One, "/v1/events",
            Report.Outcome("j-1", "journal", """ "verification":{"method":"llm"},"metadata":{"a":1} """))
                .Is(HttpStatusCode.Created);
        await _gateway.Admin.Put("/v1/tenants/journal/caps/extra", """{"limit":{"units":9}}""")
            .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/tenants/journal/pause", """{"action":"pause","reason":"x"}""")
            .Is(HttpStatusCode.NoContent);
        await _gateway.Admin.Post("/v1/tenants/journal/check",
            """{"outcome_type":"support.resolution","record":true}""").Is(HttpStatusCode.OK);
        using var auditor = await _gateway.Role("auditor", "journal");
        var all = new List<JsonNode>();
        for (var path = "/v1/tenants/journal/entries?limit=2"; path is not null;)
        {
            var page = await auditor.Get(path).Is(HttpStatusCode.OK);
            all.AddRange(page["data"]!.AsArray().Select(entry => entry!));
            path = (string?)page["next_cursor"] is { } next ? $"/v1/tenants/journal/entries?limit=2&cursor={next}"
                : null;
        }
        Assert.Equal(Enumerable.Range(1, all.Count), all.Select(entry => (int)entry["sequence"]!));
        // D2
        for (var i = 1; i < all.Count; i++) Assert.Equal((string?)all[i - 1]["hash"], (string?)all[i]["previous_hash"]);
        var created = all[0];
        Assert.Equal("tenant_created", (string?)created["kind"]);
        Assert.Equal("admin", (string?)created["actor"]!["role"]); // D4
        Assert.Equal("PT72H", (string?)created["data"]!["terms"]!["max_lateness"]);
        Assert.Null(created["data"]!["at"]);
        Assert.Contains("cap_set", all.Select(entry => (string?)entry["kind"]));
        await auditor.Get("/v1/tenants/journal/entries?after=x")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task A_period_that_is_not_there_is_told_apart_from_a_tenant_that_is_not()
    {
        await _gateway.Tenant("periods");
        await _gateway.Admin.Get("/v1/tenants/periods/usage?period=2020-01-01")
            .IsProblem(HttpStatusCode.NotFound, "unknown_period");
        await _gateway.Admin.Get("/v1/tenants/nobody/usage").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        var usage = await _gateway.Admin.Get("/v1/tenants/periods/usage?period=2026-11-01").Is(HttpStatusCode.OK);
        Assert.Equal(("open", "active", "USD"),
            ((string?)usage["status"], (string?)usage["state"], (string?)usage["currency"]));
        Assert.Equal(3, (int?)usage["caps"]![0]!["remaining"]);
    }

    [Fact]
    public async Task N4_a_page_of_outcomes_ends_where_its_detail_is_large()
    {
        await _gateway.Tenant("large");
        var metadata = $"\"metadata\":{{\"text\":\"{new string('x', 4000)}\"}}";
        await _gateway.Admin.PostAs("application/x-ndjson", "/v1/events?results=rejected",
            string.Join('\n', Enumerable.Range(0, 450).Select(i => Report.Outcome($"large-{i}", "large", metadata))))
                .Is(HttpStatusCode.OK);
        var first = await _gateway.Admin.Get("/v1/tenants/large/outcomes?limit=1000").Is(HttpStatusCode.OK);
        var second = await _gateway.Admin.Get($"/v1/tenants/large/outcomes?limit=1000&cursor={first["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        Assert.Equal((300, 150, null), (Ids(first).Count(), Ids(second).Count(), second["next_cursor"]));
        Assert.Equal(450, Ids(first).Concat(Ids(second)).Distinct().Count());
    }

    private static IEnumerable<string> Ids(JsonObject list) =>
        list["data"]!.AsArray().Select(outcome => (string)outcome!["outcome_id"]!);
}
