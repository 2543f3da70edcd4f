using System.Globalization;

namespace MeteringGateway.Api.Tests;

/// <summary>The outcomes behind each line of a statement (F10, D1): on all pages they add up to it.</summary>
public class StatementOutcomesTests(Started started) : IClassFixture<Started>
{
    private const string Plan = """
        {"currency":"USD","platform_fee":"50","outcome_types":[{"id":"support.resolution","price":"0.985",
         "included_units":1,"measurement_window":"PT1H","after_window":"credit"}],
         "activities":[{"id":"ticket","price":"0.40"}],
         "commitments":[{"outcome_type":"support.resolution","units":3,"price":"0.80"}]}
        """;
    private const string Clock = ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task F10_the_outcomes_behind_each_line_add_up_to_it_on_pages_of_any_size()
    {
        await Used("behind", 9);
        foreach (var limit in new[] { 1, 2, 4, 1000 })
        {
            var (lines, behind) = await All("behind", "current", limit);
            Assert.Equal(["platform_fee", "outcomes", "outcomes", "overage", "activities"], lines.Select(Kind));
            Assert.Equal(new[] { 1, 3, 5 }, behind.Skip(1).Take(3).Select(list => list.Count));
            Assert.All(Enumerable.Range(1, 3), i => Assert.Equal(Amount(lines[i]), Rounded(behind[i])));
            Assert.Empty(behind[0]); // a fee is of no outcome
            Assert.Equal(9,
                behind.SelectMany(list => list).Select(one => (string)one["outcome_id"]!).Distinct().Count());
        }
    }

    [Fact]
    public async Task F10_one_outcome_of_many_units_stands_behind_every_line_that_funds_it()
    {
        await _gateway.Tenant("split", Plan, Clock);
        await Sent(Report.Event("outcome.reported", "many", "split",
            "\"outcome_type\":\"support.resolution\",\"quantity\":7"));
        var (lines, behind) = await All("split", "current", 100);
        Assert.Equal(["1", "3", "3"], behind.Skip(1).Select(list => list.Single()["units"]!.ToString()));
        Assert.All(Enumerable.Range(1, 3), i => Assert.Equal(Amount(lines[i]), Rounded(behind[i])));
    }

    [Fact]
    public async Task F10_whatever_prices_them_units_amounts_and_credits_of_outcomes_add_up_to_their_lines()
    {
        await _gateway.Tenant("mixed", """
            {"currency":"USD","credits":{"period_grant":"50"},"outcome_types":[
             {"id":"tiered","tiers":[{"up_to":7,"price":"0.995"},{"up_to":15,"price":"0.3333"},{"price":"0.1"}],
              "measurement_window":"PT0S"},
             {"id":"prepaid","credits":"3","price":"1.25","measurement_window":"PT0S"},
             {"id":"classed","price":"2","prices":[{"when":{"workflow":"hard"},"price":"2.505"}],"included_units":4,
              "measurement_window":"PT72H"}]}
            """, Clock);
        var random = new Random(10);
        string[] types = ["tiered", "prepaid", "classed"];
        for (var i = 0; i < 60; i++)
        {
            var hard = random.Next(2) == 0 ? ",\"workflow\":\"hard\"" : "";
            await Sent(Report.Event("outcome.reported", $"m-{i}", "mixed",
                $"\"outcome_type\":\"{types[random.Next(3)]}\",\"quantity\":{random.Next(1, 4)}{hard}"));
            if (i % 9 == 8) await Sent(Fact("outcome.failed", $"f-{i}", "mixed", $"m-{random.Next(i)}"));
        }
        foreach (var period in new[] { "current", "2026-11-01" })
        {
            var (lines, behind) = await All("mixed", period, 7);
            Assert.True(lines.Count > 7, $"{lines.Count} lines");
            for (var i = 0; i < lines.Count; i++)
            {
                Assert.Equal(Amount(lines[i]), Rounded(behind[i]));
                Assert.Equal((long)lines[i]["quantity"]!, behind[i].Sum(one => (long)one["units"]!));
            }
            var used = await _gateway.Admin.Get($"/v1/tenants/mixed/statements/{period}").Is(HttpStatusCode.OK);
            Assert.Equal(Number((string)used["credits_used"]!),
                behind.SelectMany(list => list).Sum(one => Number((string)one["credits"]!)));
            if (period == "current") await Move("mixed", "2026-12-10T00:00:00Z"); // November is closed
        }
    }

    [Fact]
    public async Task D1_a_correction_names_the_outcomes_that_it_takes_back_with_when_why_and_how_much()
    {
        await Used("taken-back", 9);
        await Move("taken-back", "2026-12-10T00:00:00Z"); // November is closed
        await Sent(Fact("outcome.escalated", "e-1", "taken-back", "o-7"));
        await Move("taken-back", "2026-12-12T00:00:00Z");
        await Sent(Fact("outcome.reopened", "e-2", "taken-back", "o-8"));
        await Used("taken-back", 1, "later");
        await Move("taken-back", "2027-01-20T00:00:00Z"); // December is closed, too
        await Sent(Fact("outcome.rejected", "e-3", "taken-back", "o-6"));

        foreach (var limit in new[] { 1, 100 })
        {
            var (lines, behind) = await All("taken-back", "2026-12-01", limit);
            var at = lines.FindIndex(line => Kind(line) == "correction");
            Assert.Equal(
                ["o-8 2026-12-12T00:00:00.000Z reopened -0.985", "o-7 2026-12-10T00:00:00.000Z escalated -0.985"],
                behind[at].Select(one => $"{one["outcome_id"]} {one["at"]} {one["reason"]} {one["amount"]}"));
            Assert.Equal(Amount(lines[at]), Rounded(behind[at]));
            Assert.Equal(2, (int)lines[at]["quantity"]!);
        }
        var (of, january) = await All("taken-back", "current", 100);
        Assert.Equal("o-6", (string?)january[of.FindIndex(line => Kind(line) == "correction")].Single()["outcome_id"]);
        // What was stated in November stays behind its lines.
        var (first, november) = await All("taken-back", "2026-11-01", 100);
        Assert.All(Enumerable.Range(1, 3), i => Assert.Equal(Amount(first[i]), Rounded(november[i])));
    }

    [Fact]
    public async Task As_CSV_all_outcomes_follow_the_lines_with_the_number_of_theirs_and_the_total_is_last()
    {
        await Used("csv-behind", 9);
        using var response = await _gateway.Admin.Send(HttpMethod.Get,
            "/v1/tenants/csv-behind/statements/current?lines=outcomes&limit=1", null, "", ("Accept", "text/csv"));
        Assert.Equal("attachment; filename=\"statement-csv-behind-2026-11-01-outcomes.csv\"",
            response.Content.Headers.ContentDisposition!.ToString());
        var rows = (await response.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(row => row.Replace("\"support.resolution, ", "\"", StringComparison.Ordinal).Split(',')).ToList();
        var names = rows[0];
        Assert.All(rows, row => Assert.Equal(names.Length, row.Length));
        string Of(string[] row, string name) => row[Array.IndexOf(names, name)];
        var (lines, outcomes) = (rows.Skip(1).Where(row => Of(row, "outcome_id").Length == 0).ToList(),
            rows.Skip(1).Where(row => Of(row, "outcome_id").Length > 0).ToList());
        Assert.Equal(9, outcomes.Count);
        Assert.Equal("total", Of(rows[^1], "kind"));
        foreach (var line in lines.Where(line => Of(line, "kind") is "outcomes" or "overage"))
            Assert.Equal(Number(Of(line, "amount")), decimal.Round(outcomes.Where(one => Of(one, "line")
                == Of(line, "line")).Sum(one => Number(Of(one, "outcome_amount"))), 2, MidpointRounding.ToEven));
        Assert.Equal(Number(Of(rows[^1], "amount")),
            lines.SkipLast(1).Sum(line => Number(Of(line, "amount")))); // outcomes have a column of their own
    }

    [Fact]
    public async Task As_a_page_it_shows_the_credits_of_outcomes_that_took_some_and_of_what_is_taken_back()
    {
        await _gateway.Tenant("paid-in-credits", """
            {"currency":"USD","credits":{"period_grant":"5000"},
             "outcome_types":[{"id":"t","credits":"1234.5","measurement_window":"PT0S"}]}
            """, Clock);
        await Sent(Report.Event("outcome.reported", "c-1", "paid-in-credits", "\"outcome_type\":\"t\""));
        const string cell = "<td class=\"number\" data-label=\"Credits\">1,234.5</td>";
        Assert.Contains(cell, await Page("2026-11-01"), StringComparison.Ordinal);
        await Move("paid-in-credits", "2026-12-20T00:00:00Z"); // November is closed
        var id = (string)(await _gateway.Admin.Post("/v1/tenants/paid-in-credits/outcomes/c-1/disputes",
            """{"reason":"not solved"}""").Is(HttpStatusCode.Created))["id"]!;
        await _gateway.Admin.Post($"/v1/tenants/paid-in-credits/disputes/{id}/resolve",
            """{"resolution":"credited","note":"sorry"}""").Is(HttpStatusCode.OK);
        var page = await Page("current");
        Assert.Contains(cell, page, StringComparison.Ordinal);
        Assert.Contains($"t, taken back from 2026-11-01: c-1 (dispute {id}); 1234.5 credits taken back", page,
            StringComparison.Ordinal);

        async Task<string> Page(string period)
        {
            using var answer = await _gateway.Admin.Send(HttpMethod.Get,
                $"/v1/tenants/paid-in-credits/statements/{period}?lines=outcomes", null, "", ("Accept", "text/html"));
            return await answer.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task As_a_page_it_lists_a_page_of_outcomes_as_text_and_links_the_next()
    {
        await Used("page-behind", 3, "<i>");
        var path = "/v1/tenants/page-behind/statements/2026-11-01?lines=outcomes&limit=2";
        using var first = await _gateway.Admin.Send(HttpMethod.Get, path, null, "", ("Accept", "text/html"));
        var page = await first.Content.ReadAsStringAsync();
        Assert.Contains("&lt;i&gt;-2", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Credits</th>", page, StringComparison.Ordinal); // nothing took any
        var more = page.Split("href=\"")[^1].Split('"')[0].Replace("&amp;", "&", StringComparison.Ordinal);
        using var second = await _gateway.Admin.Send(HttpMethod.Get,
            more, null, "", ("Accept", "text/html"));
        var last = await second.Content.ReadAsStringAsync();
        Assert.Contains("&lt;i&gt;-0", last, StringComparison.Ordinal);
        Assert.DoesNotContain("More outcomes", last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_a_page_times_are_the_tenants_own_and_reasons_are_words()
    {
        await _gateway.Tenant("tokyo", Plan.Replace("\"0.80\"", "\"1234.56\"", StringComparison.Ordinal),
            Clock + ",\"time_zone\":\"Asia/Tokyo\"");
        for (var i = 0; i < 3; i++) await Sent(Report.Outcome($"t-{i}", "tokyo"));
        async Task<string> Page()
        {
            using var answer = await _gateway.Admin.Send(HttpMethod.Get,
                "/v1/tenants/tokyo/statements/current?lines=outcomes", null, "", ("Accept", "text/html"));
            return await answer.Content.ReadAsStringAsync();
        }

        var open = await Page();
        Assert.Contains(">21 Nov 2026, 21:00 <span class=\"zone\">UTC&#x2B;9:00</span>", open, StringComparison.Ordinal);
        Assert.Contains(">Pending: it may still be taken back<", open, StringComparison.Ordinal);
        Assert.Contains(">2,469.12<", open, StringComparison.Ordinal);
        Assert.DoesNotContain("is rounded", open, StringComparison.Ordinal); // it is what it comes to
        await Move("tokyo", "2026-11-21T14:00:00Z");
        var closed = await Page();
        Assert.Contains(">Achieved, and not taken back in time<", closed, StringComparison.Ordinal);
        Assert.DoesNotContain("window_closed", closed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outcomes_are_for_whoever_may_read_them_and_only_where_they_are_asked_for()
    {
        await Used("asked-behind", 1);
        var made = await _gateway.Admin.Post("/v1/keys",
            """{"role":"customer","tenants":["asked-behind"],"permissions":["usage:read"]}""")
            .Is(HttpStatusCode.Created);
        using var figures = _gateway.As((string)made["key"]!);
        const string Path = "/v1/tenants/asked-behind/statements/current";
        await figures.Get(Path).Is(HttpStatusCode.OK);
        await figures.Get(Path + "?lines=outcomes").IsProblem(HttpStatusCode.Forbidden, "forbidden");
        foreach (var wrong in new[] { "lines=all", "limit=1", "cursor=MA", "lines=outcomes&cursor=LTE6MQ",
            "lines=outcomes&cursor=OTk6", "lines=outcomes&limit=0" })
            await _gateway.Admin.Get($"{Path}?{wrong}").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        var plain = await _gateway.Admin.Get(Path).Is(HttpStatusCode.OK);
        Assert.False(plain.ContainsKey("next_cursor"));
        Assert.All(plain["lines"]!.AsArray(), line => Assert.False(line!.AsObject().ContainsKey("outcomes")));
    }

    private async Task<(List<JsonNode> Lines, List<List<JsonNode>> Behind)> All(string tenant, string period, int limit)
    {
        List<JsonNode> lines = [];
        List<List<JsonNode>> behind = [];
        for (string? cursor = null; ;)
        {
            var page = await _gateway.Admin.Get($"/v1/tenants/{tenant}/statements/{period}?lines=outcomes&limit={limit}"
                + (cursor is null ? "" : $"&cursor={cursor}")).Is(HttpStatusCode.OK);
            lines = [.. page["lines"]!.AsArray().Select(line => line!)];
            if (behind.Count == 0) behind = [.. lines.Select(_ => new List<JsonNode>())];
            var there = lines.Select(line => line["outcomes"]!.AsArray()).ToList();
            Assert.InRange(there.SelectMany(list => list).Select(one => (string?)one!["outcome_id"]).Distinct().Count(),
                0, limit);
            for (var i = 0; i < lines.Count; i++) behind[i].AddRange(there[i].Select(one => one!));
            cursor = (string?)page["next_cursor"];
            if (cursor is null) return (lines, behind);
        }
    }

    private static string Kind(JsonNode line) => (string)line["kind"]!;
    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
    private static decimal Amount(JsonNode line) => Number((string)line["amount"]!);
    private static decimal Rounded(IEnumerable<JsonNode> behind) =>
        decimal.Round(behind.Sum(Amount), 2, MidpointRounding.ToEven);

    private Task Move(string tenant, string to) =>
        _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", $$"""{"to":"{{to}}"}""").Is(HttpStatusCode.OK);

    private static string Fact(string type, string id, string tenant, string outcome) =>
        Report.Event(type, id, tenant, $"\"outcome_id\":\"{outcome}\"");

    private async Task Sent(string e) =>
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", e).Is(HttpStatusCode.Created);

    /// <summary>So many outcomes, one that is free, and an activity.</summary>
    private async Task Used(string tenant, int outcomes, string prefix = "o")
    {
        if ((await _gateway.Admin.Get($"/v1/tenants/{tenant}")).StatusCode == HttpStatusCode.NotFound)
            await _gateway.Tenant(tenant, Plan, Clock);
        for (var i = 0; i < outcomes; i++) await Sent(Report.Outcome($"{prefix}-{i}", tenant));
        await Sent(Report.Event("outcome.reported", $"{prefix}-free", tenant,
            "\"outcome_type\":\"support.resolution\",\"result\":\"failed\""));
        await Sent(Report.Event("activity.reported", $"{prefix}-a", tenant, "\"activity\":\"ticket\""));
    }
}
