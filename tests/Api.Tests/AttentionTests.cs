namespace MeteringGateway.Api.Tests;

/// <summary>For those who watch many tenants.</summary>
public class AttentionTests
{
    [Fact]
    public async Task Tenants_near_or_at_a_limit_come_most_severe_first_page_by_page_and_only_those_of_the_key()
    {
        await using var gateway = await Gateway.Start();
        const string warns =
            """{"currency":"USD","outcome_types":[{"id":"support.resolution"}],"caps":[{"id":"c","limit":{"units":3}}],"thresholds":[{"id":"t","of":"cap:c","at":{"units":1}}]}""";
        const string pauses =
            """{"currency":"USD","outcome_types":[{"id":"support.resolution"}],"caps":[{"id":"c","scope":{"agent":"x"},"limit":{"units":0}}]}""";
        const string empty = """{"currency":"USD","outcome_types":[{"id":"support.resolution","credits":"5"}]}""";
        foreach (var (tenant, plan) in new[] { ("quiet", Gateway.Plan), ("z-warned", warns), ("a-warned", warns),
            ("scoped", pauses), ("no-credits", empty), ("hands-off", Gateway.Plan) })
            await gateway.Tenant(tenant, plan);
        foreach (var tenant in new[] { "z-warned", "a-warned" }) await Report(gateway, "o-0", tenant);
        for (var i = 0; i < 3; i++) await Report(gateway, $"o-{i}", "hands-off");

        string[] all = ["hands-off handoff", "no-credits paused", "scoped paused", "a-warned warned",
            "z-warned warned"];
        Assert.Equal(all, await Pages(gateway.Admin, 100));
        Assert.Equal(all, await Pages(gateway.Admin, 2));
        using var bound = await gateway.Role("auditor", "z-warned", "scoped", "quiet");
        Assert.Equal(["scoped paused", "z-warned warned"], await Pages(bound, 1));

        // S2
        await gateway.Admin.Put("/v1/tenants/hands-off/caps/monthly", """{"limit":{"units":30}}""")
            .Is(HttpStatusCode.OK);
        await gateway.Admin.Post("/v1/tenants/quiet/pause", """{"action":"pause","reason":"by hand"}""")
            .Is(HttpStatusCode.NoContent);
        Assert.Equal(["no-credits paused", "quiet paused", "scoped paused", "a-warned warned", "z-warned warned"],
            await Pages(gateway.Admin, 3));

        await gateway.Admin.Get("/v1/attention?cursor=eA").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await gateway.Admin.Get("/v1/attention?limit=0").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    private static Task<JsonObject> Report(Gateway gateway, string id, string tenant) =>
        gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Support.Report.Outcome(id, tenant))
            .Is(HttpStatusCode.Created);

    private static async Task<IReadOnlyList<string>> Pages(HttpClient client, int limit)
    {
        var all = new List<string>();
        for (var path = $"/v1/attention?limit={limit}"; path is not null;)
        {
            var page = await client.Get(path).Is(HttpStatusCode.OK);
            all.AddRange(page["data"]!.AsArray().Select(row => $"{row!["tenant"]} {row["state"]}"));
            path = (string?)page["next_cursor"] is { } next ? $"/v1/attention?limit={limit}&cursor={next}" : null;
        }
        return all;
    }
}
