using System.Globalization;

namespace MeteringGateway.Api.Tests;

/// <summary>
/// What is measured for those who watch. Figures are of the process, which other tests share: what is compared is how
/// much they grew, or what no other test does. Silos that share a process share its figures, and a request is answered
/// by any of them: there only what is the same everywhere is looked at.
/// </summary>
public class FigureTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [FactInOneProcess]
    public async Task A_request_is_timed_by_its_route_and_status_and_never_by_its_address()
    {
        for (var i = 0; i < 3; i++)
            await _gateway.Admin.Get($"/v1/tenants/nobody-{i}/usage").Is(HttpStatusCode.NotFound);
        for (var i = 0; i < 3; i++)
            await _gateway.Anyone.Get($"/v1/tenants/somebody-{i}/usage").Is(HttpStatusCode.Unauthorized);
        for (var i = 0; i < 3; i++) await _gateway.Anyone.Get($"/nowhere/{i}").Is(HttpStatusCode.NotFound);

        const string usage =
            """metering_http_duration_seconds_count{method="GET",route="/v1/tenants/{tenant}/usage",""";
        var page = await Page();
        Assert.Equal(3, Figure(page, usage + """status="404"}"""));
        Assert.Equal(3, Figure(page, usage + """status="401"}"""));
        Assert.True(Figure(page, """metering_http_duration_seconds_count{method="none",route="none",status="404"}""")
            >= 3);
        Assert.DoesNotContain("nobody-", page, StringComparison.Ordinal);
        Assert.DoesNotContain("nowhere", page, StringComparison.Ordinal);
    }

    [FactInOneProcess]
    public async Task Each_request_is_in_one_bucket_and_their_sum_is_what_they_took()
    {
        await _gateway.Tenant("timed");
        for (var i = 0; i < 20; i++)
            await _gateway.Admin.Post("/v1/tenants/timed/check", """{"outcome_type":"support.resolution"}""")
                .Is(HttpStatusCode.OK);

        var page = await Page();
        const string check = """{method="POST",route="/v1/tenants/{tenant}/check",status="200"}""";
        var count = Figure(page, $"metering_http_duration_seconds_count{check}");
        Assert.True(count >= 20);
        Assert.Equal(count, Figure(page, $"metering_http_duration_seconds_bucket{check[..^1]},le=\"+Inf\"}}"));
        Assert.InRange(Figure(page, $"metering_http_duration_seconds_sum{check}"), double.Epsilon, 60 * count);
        // Read again, nothing is counted twice.
        Assert.Equal(count, Figure(await Page(), $"metering_http_duration_seconds_count{check}"));
    }

    [Fact]
    public async Task A_stream_is_counted_while_it_is_open_and_is_no_request_that_takes_long()
    {
        await _gateway.Tenant("streamed");
        var before = Figure(await Page(), """metering_streams{of="signals"}""");
        using (var reading = await SignalReading.Open(_gateway, "/v1/tenants/streamed/signals"))
        {
            await reading.UntilReady();
            Assert.Equal(before + 1, Figure(await Page(), """metering_streams{of="signals"}"""));
        }
        while (Figure(await Page(), """metering_streams{of="signals"}""") > before) await Task.Yield();
        Assert.DoesNotContain("route=\"/v1/tenants/{tenant}/signals\",status=\"200\"", await Page(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_that_no_tenant_was_asked_about_are_counted_by_code()
    {
        var before = await Page();
        var lines = string.Join('\n', "{", """{"specversion":"1.0"}""", Report.Outcome("u-1", "no-such-tenant"));
        await _gateway.Admin.PostAs("application/x-ndjson", "/v1/events", lines).Is(HttpStatusCode.OK);

        Assert.True(Grown(before, await Page(), """metering_events_unrecognised_total{code="malformed_event"}""") >= 2);
    }

    [Fact]
    public async Task A_signal_is_timed_from_the_disk_to_the_stream_and_to_its_acknowledgement_S3()
    {
        await _gateway.Tenant("signalled");
        using var reading = await SignalReading.Open(_gateway, "/v1/tenants/signalled/signals");
        await reading.UntilReady();
        var before = await Page();
        await Report3("signalled");
        var handoff = await reading.Next();
        Assert.Equal("handoff", handoff.Name);
        while (Grown(before, await Page(), "metering_signal_delay_seconds_count") < 1) await Task.Yield();

        _gateway.Clock.Advance(TimeSpan.FromSeconds(7));
        await _gateway.Admin.Post($"/v1/tenants/signalled/signals/{handoff.Data["sequence"]}/ack", """{"agent":"a"}""")
            .Is(HttpStatusCode.NoContent);

        var after = await Page();
        Assert.True(Grown(before, after, "metering_signal_acknowledgement_seconds_sum") >= 7);
        Assert.True(Grown(before, after, "metering_signals_acknowledged_total") >= 1);
        Assert.True(Grown(before, after, """metering_alerts_total{type="cap.reached"}""") >= 1);
    }

    [FactInOneProcess]
    public async Task Tenants_are_counted_by_state_and_those_in_need_are_told_by_name()
    {
        await _gateway.Tenant("needy");
        await _gateway.Tenant("content");
        await Report3("needy");

        var page = await Page();
        Assert.True(Figure(page, """metering_tenants{state="handoff"}""") >= 1);
        Assert.True(Figure(page, """metering_tenants{state="active"}""") >= 1);
        Assert.Equal(1, Figure(page, """metering_tenant_in_need{state="handoff",tenant="needy"}"""));
        Assert.DoesNotContain("tenant_in_need{state=\"active\"", page, StringComparison.Ordinal);

        await _gateway.Admin.Delete("/v1/tenants/needy/caps/monthly").Is(HttpStatusCode.NoContent);
        Assert.DoesNotContain("tenant=\"needy\"", string.Join('\n', (await Page()).Split('\n')
            .Where(line => line.StartsWith("metering_tenant_in_need", StringComparison.Ordinal))),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_tenant_in_memory_it_is_shown_what_it_spends_and_how_full_its_caps_are()
    {
        await _gateway.Tenant("spending");
        await Report3("spending");
        await _gateway.Admin.Put("/v1/tenants/spending/caps/budget",
            """{"limit":{"amount":"9.90"},"at_limit":{"action":"pause"}}""").Is(HttpStatusCode.Created);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", """
            {"specversion":"1.0","id":"v-1","source":"/crm","type":"outcome.verdict","subject":"spending",
             "data":{"outcome_id":"spending-1","verdict":"accepted"}}
            """).Is(HttpStatusCode.Created);

        var page = await Page();
        Assert.Equal(2.97, Figure(page, """metering_tenant_spend{currency="USD",tenant="spending"}"""), 6);
        Assert.Equal(3, Figure(page, """metering_tenant_units{status="pending",tenant="spending"}""")
            + Figure(page, """metering_tenant_units{status="billable",tenant="spending"}"""));
        Assert.Equal(1, Figure(page, """metering_tenant_cap_used_ratio{cap="monthly",tenant="spending"}"""));
        Assert.Equal(0.3, Figure(page, """metering_tenant_cap_used_ratio{cap="budget",tenant="spending"}"""), 6);
        Assert.Equal(1, Figure(page, """metering_tenant_agreement_ratio{tenant="spending"}"""));
    }

    [FactInOneProcess]
    public async Task So_many_tenants_are_told_by_name_and_the_others_are_counted_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:WatchedTenants"] = "2" });
        for (var i = 0; i < 4; i++)
        {
            await gateway.Tenant($"crowd-{i}");
            for (var k = 0; k < 3; k++)
                await gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                    Report.Outcome($"c-{k}", $"crowd-{i}")).Is(HttpStatusCode.Created);
        }

        var page = await gateway.Anyone.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        var named = page.Split('\n').Where(line => line.Contains("tenant=\"crowd-", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, named.Count(line => line.StartsWith("metering_tenant_in_need{", StringComparison.Ordinal)));
        Assert.Equal(2, named.Count(line => line.StartsWith("metering_tenant_spend{", StringComparison.Ordinal)));
        Assert.True(Figure(page, """metering_tenants{state="handoff"}""") >= 4);
    }

    private async Task Report3(string tenant)
    {
        for (var i = 0; i < 3; i++)
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome($"{tenant}-{i}", tenant)).Is(HttpStatusCode.Created);
    }

    private Task<string> Page() => _gateway.Anyone.GetStringAsync(new Uri("/metrics", UriKind.Relative));

    private static double Grown(string before, string after, string series) =>
        Figure(after, series) - Figure(before, series);

    private static double Figure(string page, string series) => page.Split('\n')
        .Where(line => line.StartsWith(series + " ", StringComparison.Ordinal))
        .Select(line => double.Parse(line.AsSpan(series.Length + 1), CultureInfo.InvariantCulture)).FirstOrDefault();
}
