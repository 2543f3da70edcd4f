using Microsoft.Extensions.DependencyInjection;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Core;

namespace MeteringGateway.Api.Tests;

/// <summary>Signed heads (D2): history cannot be told otherwise between two of them.</summary>
public class HeadTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task The_last_entry_of_each_day_that_is_over_is_signed_newest_first_page_by_page()
    {
        await Lived("heads");
        using var customer = await _gateway.Role("customer", "heads");
        var entries = (await _gateway.Admin.Get("/v1/tenants/heads/entries?limit=1000").Is(HttpStatusCode.OK))
            ["data"]!.AsArray();
        var expected = entries.GroupBy(entry => ((string)entry!["at"]!)[..10]).Select(day => day.Last()!)
            .Where(last => string.CompareOrdinal((string)last["at"]!, "2026-12-20") < 0).Reverse().ToList();
        Assert.True(expected.Count > 5);

        var (heads, pages) = (new List<JsonNode>(), 0);
        for (var cursor = ""; ; pages++)
        {
            var page = await customer.Get($"/v1/tenants/heads/heads?limit=2{cursor}").Is(HttpStatusCode.OK);
            heads.AddRange(page["data"]!.AsArray().Select(head => head!));
            if ((string?)page["next_cursor"] is not { } next) break;
            cursor = "&cursor=" + next;
        }

        Assert.Equal((expected.Count - 1) / 2, pages);
        Assert.Equal(expected.Select(entry => $"{entry["sequence"]} {entry["at"]} {entry["hash"]}"),
            heads.Select(head => $"{head["sequence"]} {head["at"]} {head["hash"]}"));
        var (keys, journal) = (await Support.Signed.Keys(_gateway), await Support.Signed.Journal(_gateway, "heads"));
        foreach (var head in heads)
        {
            var payload = Support.Signed.Payload((string)head["signed"]!);
            foreach (var member in (string[])["day", "sequence", "at", "hash"])
                Assert.True(JsonNode.DeepEquals(head[member], payload[member]), member);
            Support.Signed.Replay((string)head["signed"]!, keys, journal);
        }
        // Who changes an entry and chains all that follows anew is told apart by the first head that somebody kept.
        var reported = journal.FindIndex(bytes => EntryCodec.Read(bytes) is Entry.OutcomeReported);
        var to = new System.Buffers.ArrayBufferWriter<byte>();
        EntryCodec.Write(to, (Entry.OutcomeReported)EntryCodec.Read(journal[reported]) with { HandedOff = true });
        List<byte[]> rewritten = [.. journal];
        rewritten[reported] = to.WrittenSpan.ToArray();
        Assert.Contains("hash", Assert.ThrowsAny<CertificateException>(
            () => Support.Signed.Replay((string)heads[^1]["signed"]!, keys, rewritten)).Message,
            StringComparison.Ordinal);
        // Once a day is over nothing comes to it: a year later it has the same head.
        await _gateway.Admin.Post("/v1/tenants/heads/clock", """{"advance":"P300D"}""").Is(HttpStatusCode.OK);
        var later = new List<string>();
        for (var cursor = ""; ;)
        {
            var page = await customer.Get($"/v1/tenants/heads/heads?{cursor}").Is(HttpStatusCode.OK);
            later.AddRange(page["data"]!.AsArray().Select(head => (string)head!["hash"]!));
            if ((string?)page["next_cursor"] is not { } next) break;
            cursor = "cursor=" + next;
        }
        Assert.Equal(heads.Select(head => (string)head["hash"]!), later.TakeLast(heads.Count));
    }

    [Fact]
    public async Task The_day_that_is_not_over_has_no_head_yet()
    {
        await _gateway.Tenant("young");
        Assert.Empty((await _gateway.Admin.Get("/v1/tenants/young/heads").Is(HttpStatusCode.OK))["data"]!.AsArray());
        await _gateway.Admin.Get("/v1/tenants/nobody/heads").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        await _gateway.Admin.Get("/v1/tenants/young/heads?limit=0")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Get("/v1/tenants/young/heads?cursor=LTE")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task A_page_has_a_hundred_heads_at_most()
    {
        await _gateway.Tenant("many-days", more: ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        for (var day = 0; day < 101; day++)
        {
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome($"o-{day}", "many-days")).Is(HttpStatusCode.Created);
            await _gateway.Admin.Post("/v1/tenants/many-days/clock", """{"advance":"P1D"}""").Is(HttpStatusCode.OK);
        }
        var page = await _gateway.Admin.Get("/v1/tenants/many-days/heads?limit=1000").Is(HttpStatusCode.OK);
        Assert.Equal(100, page["data"]!.AsArray().Count);
        page = await _gateway.Admin.Get($"/v1/tenants/many-days/heads?cursor={page["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        Assert.Equal("2026-11-21", (string?)Assert.Single(page["data"]!.AsArray())!["day"]);
        Assert.Null(page["next_cursor"]);
    }

    [Fact]
    public async Task A_statement_has_a_signed_head_with_its_total()
    {
        await Lived("statement-head");
        using var customer = await _gateway.Role("customer", "statement-head");
        var (keys, journal) = (await Support.Signed.Keys(_gateway),
            await Support.Signed.Journal(_gateway, "statement-head"));
        foreach (var period in (string[])["2026-11-01", "current"])
        {
            var statement = await customer.Get($"/v1/tenants/statement-head/statements/{period}")
                .Is(HttpStatusCode.OK);
            var signed = await Support.Signed.Jose(customer, $"/v1/tenants/statement-head/statements/{period}/head");

            var payload = Support.Signed.Payload(signed);
            foreach (var member in (string[])["period", "status", "currency", "total", "unrounded_total"])
                Assert.True(JsonNode.DeepEquals(statement[member], payload["statement"]![member]), member);
            Assert.True(JsonNode.DeepEquals(statement["head"]!["hash"], payload["hash"]));
            Support.Signed.Replay(signed, keys, journal);
            payload["statement"]!["total"] = "0.01";
            var wrong = _gateway.Services.GetRequiredService<CertificateKeys>().Sign(
                "metering-head-1", System.Text.Encoding.UTF8.GetBytes(payload.ToJsonString()));
            Assert.Contains("statement.total", Assert.ThrowsAny<CertificateException>(
                () => Support.Signed.Replay(wrong, keys, journal)).Message, StringComparison.Ordinal);
        }
        await customer.Get("/v1/tenants/statement-head/statements/2020-01-01/head")
            .IsProblem(HttpStatusCode.NotFound, "unknown_period");
    }

    private async Task Lived(string tenant)
    {
        await _gateway.Tenant(tenant, more: ""","test_clock":{"start":"2026-11-21T12:00:00Z"}""");
        foreach (var day in (int[])[0, 1, 2, 5, 6, 9])
        {
            await _gateway.Admin.Post($"/v1/tenants/{tenant}/clock",
                $$"""{"to":"2026-11-{{21 + day}}T13:00:00Z"}""").Is(HttpStatusCode.OK);
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome($"o-{day}", tenant)).Is(HttpStatusCode.Created);
        }
        await _gateway.Admin.Post($"/v1/tenants/{tenant}/clock", """{"to":"2026-12-20T00:00:00Z"}""")
            .Is(HttpStatusCode.OK);
    }
}
