using System.Net.Http.Headers;

namespace MeteringGateway.Api.Tests;

/// <summary>Preconditions (RFC 9110, 13): nothing is overwritten unseen, and what is known is not sent again.</summary>
public class ConditionalTests(Started started) : IClassFixture<Started>
{
    private const string Webhook = """{"url":"https://a.example","events":["*"],"tenants":"*"}""";

    private readonly Gateway _gateway = started.Gateway;

    [Theory]
    [InlineData("/v1/plans/star", Gateway.Plan)]
    [InlineData("/v1/tenants/star-made", """{"name":"x","plan":"star-of"}""")]
    [InlineData("/v1/tenants/star-of/terms", """{"platform_fee":"1"}""")]
    [InlineData("/v1/tenants/star-of/caps/star", """{"limit":{"units":9}}""")]
    [InlineData("/v1/tenants/star-of/thresholds/star", """{"of":"spend","at":{"amount":"9"}}""")]
    [InlineData("/v1/webhooks/star", Webhook)]
    public async Task Whoever_only_wants_to_make_something_overwrites_nothing(string path, string body) // 13.1.2
    {
        await _gateway.Admin.Put("/v1/plans/star-of", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/star-of", """{"name":"x","plan":"star-of"}""");
        using var made = await _gateway.Admin.Put(path, body, ("If-None-Match", "*"));
        Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        await _gateway.Admin.Put(path, body, ("If-None-Match", "*"))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        await _gateway.Admin.Put(path, body, ("If-None-Match", $"\"other\", W/{Tag(made)}"))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        using var changed = await _gateway.Admin.Put(path, body, ("If-None-Match", "\"other\""));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    [Theory]
    [InlineData("{0}", true)]
    [InlineData("\"other\", {0}", true)]
    [InlineData("\"with, a comma\", {0}", true)]
    [InlineData("\"other\",,{0}", true)]
    [InlineData("*", true)]
    [InlineData("\"other\"", false)]
    [InlineData("W/{0}", false)] // 8.8.3.2: weak tags are never the same
    [InlineData("\"with, {0}", false)]
    public async Task A_change_happens_if_it_was_of_this_version(string wanted, bool may) // 13.1.1
    {
        var name = Guid.NewGuid().ToString("n");
        await _gateway.Tenant(name);
        using var made = await _gateway.Admin.Put($"/v1/tenants/{name}/caps/c", """{"limit":{"units":9}}""");
        var field = wanted.Replace("{0}", wanted.StartsWith("\"with, {0}", StringComparison.Ordinal)
            ? Tag(made).Trim('"') + "x\"" : Tag(made), StringComparison.Ordinal);
        using var changed = await _gateway.Admin.Put($"/v1/tenants/{name}/caps/c", """{"limit":{"units":8}}""",
            ("If-Match", field));
        Assert.Equal(may ? HttpStatusCode.OK : HttpStatusCode.PreconditionFailed, changed.StatusCode);
        using var removed = await _gateway.Admin.Delete($"/v1/tenants/{name}/caps/c", ("If-Match", Tag(made)));
        Assert.Equal(may ? HttpStatusCode.PreconditionFailed : HttpStatusCode.NoContent, removed.StatusCode);
    }

    [Theory]
    [InlineData("If-Match", "abc")]
    [InlineData("If-Match", "\"a")]
    [InlineData("If-Match", "*, \"a\"")]
    [InlineData("If-None-Match", "abc")]
    [InlineData("If-None-Match", "\"a\" \"b\"")]
    public async Task A_precondition_that_cannot_be_read_lets_nothing_happen(string field, string value)
    {
        await _gateway.Admin.Put("/v1/plans/unread", Gateway.Plan);
        var problem = await _gateway.Admin.Put("/v1/plans/unread", Gateway.Plan, (field, value))
            .IsProblem(HttpStatusCode.BadRequest, "malformed");
        Assert.Contains(field, (string)problem["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_is_closed_only_if_it_was_of_this_version()
    {
        await _gateway.Tenant("close-if");
        await _gateway.Admin.Delete("/v1/tenants/close-if", ("If-Match", "\"other\""))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        using var tenant = await _gateway.Admin.Get("/v1/tenants/close-if");
        var closed = await _gateway.Admin.Delete("/v1/tenants/close-if", ("If-Match", Tag(tenant)))
            .Is(HttpStatusCode.OK);
        Assert.NotNull((string?)closed["closed_at"]);
    }

    [Fact]
    public async Task What_a_reader_has_already_is_not_sent_again() // 13.1.2, 15.4.5
    {
        await _gateway.Tenant("known");
        await _gateway.Admin.Put("/v1/webhooks/known", Webhook);
        await _gateway.Admin.Put("/v1/tenants/known/thresholds/t", """{"of":"spend","at":{"amount":"9"}}""");
        foreach (var path in new[] { "/v1/plans/known", "/v1/plans/known?version=1", "/v1/plans/known/page",
            "/v1/tenants/known", "/v1/tenants/known/caps/monthly", "/v1/tenants/known/thresholds/t",
            "/v1/tenants/known/overage", "/v1/webhooks/known", "/openapi/v1.json" })
        {
            using var first = await _gateway.Admin.Get(path);
            var tag = Tag(first);
            foreach (var known in new[] { tag, $"W/{tag}", $"\"other\", {tag}", "*" })
                foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
                {
                    using var again = await _gateway.Admin.Send(method, path, null, "", ("If-None-Match", known));
                    Assert.Equal((path, known, HttpStatusCode.NotModified), (path, known, again.StatusCode));
                    Assert.Equal(tag, Tag(again));
                    Assert.Equal(first.Headers.CacheControl, again.Headers.CacheControl);
                    Assert.Equal(first.Headers.Vary, again.Headers.Vary);
                    Assert.Empty(await again.Content.ReadAsByteArrayAsync());
                }
            foreach (var unknown in new[] { "\"other\"", "neither quoted nor a tag" })
            {
                using var whole = await _gateway.Admin.Send(HttpMethod.Get, path, null, "", ("If-None-Match", unknown));
                Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
            }
            using var gone = await _gateway.Admin.Send(HttpMethod.Get, path, null, "", ("If-Match", "\"other\""));
            Assert.Equal(HttpStatusCode.PreconditionFailed, gone.StatusCode);
        }
        await _gateway.Admin.Get("/v1/tenants/known/caps/none").IsProblem(HttpStatusCode.NotFound, "unknown_cap");
    }

    [Fact]
    public async Task What_is_shown_and_has_changed_is_sent_and_what_is_set_is_still_of_the_version_that_was_read()
    {
        await _gateway.Tenant("shown");
        await _gateway.Admin.Put("/v1/tenants/shown/thresholds/t", """{"of":"spend","at":{"amount":"0.50"}}""");
        string[] paths = ["/v1/tenants/shown", "/v1/tenants/shown/thresholds/t", "/v1/tenants/shown/overage"];
        var before = new List<string>();
        foreach (var path in paths)
            using (var response = await _gateway.Admin.Get(path)) before.Add(Tag(response));
        // Its cap is used up, the threshold crossed, and overage authorised: nobody has set anything of these three.
        for (var i = 0; i < 3; i++)
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"s-{i}", "shown"))
                .Is(HttpStatusCode.Created);
        await _gateway.Admin.Post("/v1/tenants/shown/overage/authorize", """{"for":"standing"}""")
            .Is(HttpStatusCode.OK);
        foreach (var (path, tag) in paths.Zip(before))
        {
            using var now = await _gateway.Admin.Send(HttpMethod.Get, path, null, "", ("If-None-Match", tag));
            Assert.Equal((path, HttpStatusCode.OK), (path, now.StatusCode));
            Assert.NotEqual(tag, Tag(now));
        }
        using var kept = await _gateway.Admin.Put(paths[1], """{"of":"spend","at":{"amount":"0.60"}}""",
            ("If-Match", before[1]));
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
        using var renamed = await _gateway.Admin.Put(paths[0], """{"name":"Renamed","plan":"shown"}""",
            ("If-Match", before[0]));
        Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
        await _gateway.Admin.Put(paths[0], """{"name":"Again","plan":"shown"}""", ("If-Match", before[0]))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
    }

    [Fact]
    public async Task A_statement_has_a_tag_of_each_of_its_forms_once_it_is_final()
    {
        await _gateway.Tenant("final", more: ""","test_clock":{"start":"2026-11-20T00:00:00Z"}""");
        using var open = await _gateway.Admin.Get("/v1/tenants/final/statements/2026-11-01");
        Assert.Null(open.Headers.ETag);
        await _gateway.Admin.Post("/v1/tenants/final/clock", """{"to":"2026-12-20T00:00:00Z"}""").Is(HttpStatusCode.OK);
        var tags = new HashSet<string>();
        foreach (var form in new[] { "application/json", "text/html", "text/csv" })
        {
            using var statement = await Statement(form, null);
            Assert.Equal(form, statement.Content.Headers.ContentType!.MediaType);
            Assert.True(tags.Add(Tag(statement)));
            using var again = await Statement(form, Tag(statement));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            Assert.Contains("Accept", again.Headers.Vary);
        }

        Task<HttpResponseMessage> Statement(string form, string? known) => _gateway.Admin.Send(HttpMethod.Get,
            "/v1/tenants/final/statements/2026-11-01", null, "",
            [("Accept", form), .. known is null ? Array.Empty<(string, string)>() : [("If-None-Match", known)]]);
    }

    [Fact]
    public async Task The_price_page_has_a_tag_of_each_of_its_forms_and_may_be_kept_by_anybody_who_asks_again()
    {
        await _gateway.Admin.Put("/v1/plans/forms", Gateway.Plan);
        using var json = await _gateway.Anyone.Send(HttpMethod.Get, "/v1/plans/forms/page", null, "");
        using var page = await _gateway.Anyone.Send(HttpMethod.Get, "/v1/plans/forms/page", null, "",
            ("Accept", "text/html"));
        Assert.NotEqual(Tag(json), Tag(page));
        Assert.Equal(new CacheControlHeaderValue { Public = true, NoCache = true }, page.Headers.CacheControl);
        await _gateway.Admin.Put("/v1/plans/forms", Gateway.Plan.Replace("0.99", "1.99", StringComparison.Ordinal));
        using var changed = await _gateway.Anyone.Send(HttpMethod.Get, "/v1/plans/forms/page", null, "",
            ("If-None-Match", Tag(json)));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    private static string Tag(HttpResponseMessage response)
    {
        Assert.NotNull(response.Headers.ETag);
        Assert.False(response.Headers.ETag.IsWeak);
        return response.Headers.ETag.Tag;
    }
}
