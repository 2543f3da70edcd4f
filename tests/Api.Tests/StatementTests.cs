namespace MeteringGateway.Api.Tests;

/// <summary>What is owed, period by period (F8, N3): as JSON, as a page to print, as CSV.</summary>
public class StatementTests(Started started) : IClassFixture<Started>
{
    private const string Plan = """
        {"currency":"USD","platform_fee":"50","implementation_fee":"10","outcome_types":[{"id":"support.resolution","price":"0.985","included_units":1,"measurement_window":"PT1H"}],
         "activities":[{"id":"=cmd()","price":"0.40"}],"commitments":[{"outcome_type":"support.resolution","units":3,"price":"0.80"}]}
        """;
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task An_open_period_says_what_would_be_owed_now_line_by_line()
    {
        await Used("open-statement");
        using var customer = await _gateway.Role("customer", "open-statement");
        var statement = await customer.Get("/v1/tenants/open-statement/statements/current").Is(HttpStatusCode.OK);
        var head = statement["head"]!;
        statement.Remove("head");
        Assert.Equal(
            """
            {"tenant":"open-statement","period":"2026-11-01","starts_at":"2026-11-01T00:00:00.000Z","ends_at":"2026-12-01T00:00:00.000Z","time_zone":"UTC","status":"open","final_at":null,"currency":"USD","lines":[
            {"kind":"platform_fee","description":"Platform fee","outcome_type":null,"quantity":1,"unit_price":"50.00","amount":"50.00"},
            {"kind":"implementation_fee","description":"Implementation fee","outcome_type":null,"quantity":1,"unit_price":"10.00","amount":"10.00"},
            {"kind":"outcomes","description":"support.resolution, included","outcome_type":"support.resolution","quantity":1,"unit_price":"0.00","amount":"0.00"},
            {"kind":"outcomes","description":"support.resolution, committed","outcome_type":"support.resolution","quantity":3,"unit_price":"0.80","amount":"2.40"},
            {"kind":"overage","description":"support.resolution, overage","outcome_type":"support.resolution","quantity":1,"unit_price":"0.985","amount":"0.98"},
            {"kind":"activities","description":"=cmd()","outcome_type":null,"quantity":1,"unit_price":"0.40","amount":"0.40"}],
            "total":"63.78","unrounded_total":"63.785","credits_used":"0"}
            """.ReplaceLineEndings(""),
            statement.ToJsonString(Relaxed));
        var newest = (await _gateway.Admin.Get("/v1/tenants/open-statement/entries?limit=1000")
            .Is(HttpStatusCode.OK))["data"]!.AsArray().Last()!;
        Assert.Equal(((long?)newest["sequence"], (string?)newest["hash"]),
            ((long?)head["sequence"], (string?)head["hash"]));
        await customer.Get("/v1/tenants/open-statement/statements/2020-01-01")
            .IsProblem(HttpStatusCode.NotFound, "unknown_period");
        await customer.Get("/v1/tenants/open-statement/statements/may")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task A_page_has_a_hundred_statements_at_most()
    {
        await _gateway.Tenant("many-months", more: ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        for (var year = 2027; year <= 2035; year++)
            await _gateway.Admin.Post("/v1/tenants/many-months/clock", $$"""{"to":"{{year}}-11-02T00:00:00Z"}""")
                .Is(HttpStatusCode.OK);
        var first = await _gateway.Admin.Get("/v1/tenants/many-months/statements?limit=1000").Is(HttpStatusCode.OK);
        Assert.Equal(100, first["data"]!.AsArray().Count);
        var rest = await _gateway.Admin.Get($"/v1/tenants/many-months/statements?cursor={first["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        Assert.Equal((9, null), (rest["data"]!.AsArray().Count, rest["next_cursor"]));
    }

    [Fact]
    public async Task A_final_statement_never_changes_and_names_the_entry_that_closed_it()
    {
        await Used("final-statement", ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        await _gateway.Admin.Post("/v1/tenants/final-statement/clock", """{"to":"2026-12-02T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal("settling",
            (string?)(await _gateway.Admin.Get("/v1/tenants/final-statement/statements/2026-11-01")
                .Is(HttpStatusCode.OK))["status"]);
        await _gateway.Admin.Post("/v1/tenants/final-statement/clock", """{"to":"2026-12-05T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        var final = await _gateway.Admin.Get("/v1/tenants/final-statement/statements/2026-11-01").Is(HttpStatusCode.OK);
        Assert.Equal(("final", "63.78"), ((string?)final["status"], (string?)final["total"]));
        Assert.Equal("2026-12-04T00:00:00.000Z", (string?)final["final_at"]);
        var closed = (await _gateway.Admin.Get("/v1/tenants/final-statement/entries?limit=1000")
            .Is(HttpStatusCode.OK))["data"]!.AsArray().Single(entry => (string?)entry!["kind"] == "period_closed")!;
        Assert.Equal(((long?)closed["sequence"], (string?)closed["hash"]),
            ((long?)final["head"]!["sequence"], (string?)final["head"]!["hash"]));

        await _gateway.Admin.Post("/v1/tenants/final-statement/clock", """{"to":"2027-02-20T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
        Assert.True(JsonNode.DeepEquals(final,
            await _gateway.Admin.Get("/v1/tenants/final-statement/statements/2026-11-01").Is(HttpStatusCode.OK)));
        var december = await _gateway.Admin.Get("/v1/tenants/final-statement/statements/2026-12-01")
            .Is(HttpStatusCode.OK);
        // F8
        Assert.Equal(["platform_fee", "commitment_shortfall"],
            december["lines"]!.AsArray().Select(line => (string)line!["kind"]!));
        Assert.Equal(("52.40", 3), ((string?)december["total"], (int?)december["lines"]![1]!["quantity"]));

        var first = await _gateway.Admin.Get("/v1/tenants/final-statement/statements?limit=3").Is(HttpStatusCode.OK);
        var second = await _gateway.Admin.Get(
            $"/v1/tenants/final-statement/statements?limit=3&cursor={first["next_cursor"]}").Is(HttpStatusCode.OK);
        Assert.Equal(
            ["2027-02-01 open", "2027-01-01 final", "2026-12-01 final", "2026-11-01 final"],
            first["data"]!.AsArray().Concat(second["data"]!.AsArray())
                .Select(one => $"{one!["period"]} {one["status"]}"));
        Assert.Null(second["next_cursor"]);
        await _gateway.Admin.Get("/v1/tenants/final-statement/statements?cursor=LTE")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task A_statement_names_the_zone_that_its_period_ran_under() // T2
    {
        await Used("zone-statement", ""","time_zone":"Europe/Berlin","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        Task<HttpResponseMessage> Move(string to) =>
            _gateway.Admin.Post("/v1/tenants/zone-statement/clock", $$"""{"to":"{{to}}"}""");
        async Task Zone(string zone) => await _gateway.Admin.Put("/v1/tenants/zone-statement",
            $$"""{"name":"z","plan":"zone-statement","time_zone":"{{zone}}"}""").Is(HttpStatusCode.OK);
        async Task<string?> Of(string period) => (string?)(await _gateway.Admin
            .Get($"/v1/tenants/zone-statement/statements/{period}").Is(HttpStatusCode.OK))["time_zone"];
        await Move("2026-12-20T00:00:00Z").Is(HttpStatusCode.OK);
        await Zone("Europe/London");
        await Zone("Asia/Tokyo");
        Assert.Equal(("Europe/Berlin", "Europe/Berlin"), (await Of("2026-11-01"), await Of("current")));
        await Move("2027-01-20T00:00:00Z").Is(HttpStatusCode.OK);
        Assert.Equal(("Europe/Berlin", "Asia/Tokyo"), (await Of("2026-12-01"), await Of("current")));
    }

    [Fact]
    public async Task As_CSV_its_lines_add_up_to_the_total_and_no_cell_runs()
    {
        await Used("csv-statement");
        using var response = await _gateway.Admin.Send(HttpMethod.Get, "/v1/tenants/csv-statement/statements/current",
            null, "", ("Accept", "text/csv"));
        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment; filename=\"statement-csv-statement-2026-11-01.csv\"",
            response.Content.Headers.ContentDisposition!.ToString());
        var bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal([0xef, 0xbb, 0xbf], bytes[..3]); // a spreadsheet takes it for UTF-8
        var lines = System.Text.Encoding.UTF8.GetString(bytes[3..]).Split("\r\n");
        Assert.Equal(
            "tenant,period,starts_at,ends_at,time_zone,status,final_at,currency,kind,description,outcome_type,quantity,"
            + "unit_price,amount",
            lines[0]);
        Assert.Equal(
            "csv-statement,2026-11-01,2026-11-01T00:00:00.000Z,2026-12-01T00:00:00.000Z,UTC,open,,USD,overage,\"support.resolution, overage\",support.resolution,1,0.985,0.98",
            lines[5]);
        Assert.Equal(
            "csv-statement,2026-11-01,2026-11-01T00:00:00.000Z,2026-12-01T00:00:00.000Z,UTC,open,,USD,activities,'=cmd(),,1,0.40,0.40", lines[6]);
        Assert.Equal(
            ["csv-statement,2026-11-01,2026-11-01T00:00:00.000Z,2026-12-01T00:00:00.000Z,UTC,open,,USD,total,Total,,,,63.78", ""], lines[^2..]);
        Assert.Equal(63.78m, lines.Skip(1).SkipLast(2)
            .Sum(line => decimal.Parse(line.Split(',')[^1], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task No_tenant_is_called_so_that_its_statement_runs()
    {
        await Used("-1-1");
        using var response = await _gateway.Admin.Send(HttpMethod.Get, "/v1/tenants/-1-1/statements/current", null,
            "", ("Accept", "text/csv"));
        var lines = (await response.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines.Skip(1), line => Assert.StartsWith("'-1", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task As_a_page_it_can_be_printed_needs_no_script_and_shows_names_as_text()
    {
        await Used("page-statement", name: "<script>alert(1)</script> & Söhne");
        using var response = await _gateway.Admin.Send(
            HttpMethod.Get, "/v1/tenants/page-statement/statements/2026-11-01", null, "",
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("default-src 'self';", response.Headers.GetValues("Content-Security-Policy").Single(),
            StringComparison.Ordinal);
        var page = await response.Content.ReadAsStringAsync();
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; S&#xF6;hne", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("1 Nov 2026, 00:00", page, StringComparison.Ordinal);
        Assert.Contains("63.78&#xA0;USD", page, StringComparison.Ordinal);
        Assert.Contains("63.785&#xA0;USD", page, StringComparison.Ordinal);
        Assert.Contains("<code>", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json, text/plain, */*", "application/json")]
    [InlineData("text/html;q=0.5, text/csv", "text/csv")]
    [InlineData("text/*", "text/html")]
    [InlineData("image/png", "application/json")]
    [InlineData("*/*;q=0.1, text/html;q=0", "application/json")]
    public async Task The_caller_chooses_the_form(string accept, string media)
    {
        await _gateway.Admin.Put("/v1/plans/forms", Plan);
        await _gateway.Admin.Put("/v1/tenants/forms", """{"name":"f","plan":"forms"}""");
        using var response = await _gateway.Admin.Send(HttpMethod.Get, "/v1/tenants/forms/statements/current", null, "",
            ("Accept", accept));
        Assert.Equal(media, response.Content.Headers.ContentType!.MediaType);
    }

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder =
        System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Five outcomes and an activity.</summary>
    private async Task Used(string tenant, string more = "", string? name = null)
    {
        await _gateway.Admin.Put($"/v1/plans/{tenant}", Plan).Is(HttpStatusCode.Created);
        await _gateway.Admin.Put($"/v1/tenants/{tenant}",
            $$"""{"name":{{JsonSerializer.Serialize(name ?? tenant)}},"plan":"{{tenant}}"{{more}}}""")
                .Is(HttpStatusCode.Created);
        for (var i = 0; i < 5; i++)
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"o-{i}", tenant))
                .Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
            Report.Event("activity.reported", "a-1", tenant, "\"activity\":\"=cmd()\"")).Is(HttpStatusCode.Created);
    }
}
