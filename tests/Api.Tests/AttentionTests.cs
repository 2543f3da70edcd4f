using System.Reflection;
using MeteringGateway.Api.Attention;
using MeteringGateway.Core;
using MeteringGateway.Engine;

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

    [Fact]
    public async Task Each_is_told_with_the_limit_that_it_is_about()
    {
        await using var gateway = await Gateway.Start();
        const string warns =
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}],"caps":[{"id":"a","limit":{"units":9}},{"id":"day","limit":{"amount":"3.00"},"period":"day"}],"thresholds":[{"id":"t","of":"cap:day","at":{"percent":30}}]}""";
        const string credits =
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","credits":"5"}],"credits":{"period_grant":"7"}}""";
        const string included =
            """{"currency":"USD","outcome_types":[{"id":"a"},{"id":"support.resolution","price":"0.99","included_units":1,"overage":{"mode":"block"}}]}""";
        const string overage =
            """{"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","included_units":1}],"overage":{"mode":"bill","limit":{"amount":"1.00"}}}""";
        foreach (var (tenant, plan) in new[] { ("full", Gateway.Plan), ("warned", warns), ("credits", credits),
            ("included", included), ("overage", overage), ("by-hand", Gateway.Plan) })
            await gateway.Tenant(tenant, plan);
        foreach (var tenant in new[] { "warned", "credits", "included", "overage" }) await Report(gateway, "o", tenant);
        await Report(gateway, "o-2", "overage");
        for (var i = 0; i < 3; i++) await Report(gateway, $"o-{i}", "full");
        await gateway.Admin.Post("/v1/tenants/by-hand/pause", """{"action":"pause","reason":"x"}""")
            .Is(HttpStatusCode.NoContent);

        var rows = (await gateway.Admin.Get("/v1/attention").Is(HttpStatusCode.OK))["data"]!.AsArray();
        Assert.Equal(
            [
                """{"tenant":"full","state":"handoff","key":"cap:monthly","reason":"cap_reached","limit":{"id":"monthly","kind":"cap","limit":{"units":3},"used":{"units":3},"resets_at":"2026-12-01T00:00:00.000Z"}}""",
                """{"tenant":"by-hand","state":"paused","key":"tenant","reason":"tenant_paused","limit":null}""",
                """{"tenant":"credits","state":"paused","key":"funding:support.resolution","reason":"credits_exhausted","limit":{"id":"credits","kind":"credits","limit":{"amount":"7"},"used":{"amount":"5"},"resets_at":"2026-12-01T00:00:00.000Z"}}""",
                """{"tenant":"included","state":"paused","key":"funding:support.resolution","reason":"overage_blocked","limit":{"id":"support.resolution","kind":"included","limit":{"units":1},"used":{"units":1},"resets_at":"2026-12-01T00:00:00.000Z"}}""",
                """{"tenant":"overage","state":"paused","key":"funding:support.resolution","reason":"overage_limit_reached","limit":{"id":"overage","kind":"overage","limit":{"amount":"1.00"},"used":{"amount":"0.99"},"resets_at":"2026-12-01T00:00:00.000Z"}}""",
                """{"tenant":"warned","state":"warned","key":"cap:day","reason":"ok","limit":{"id":"day","kind":"cap","limit":{"amount":"3.00"},"used":{"amount":"0.99"},"resets_at":"2026-11-22T00:00:00.000Z"}}""",
            ], rows.Select(row => row!.ToJsonString()));
    }

    [Fact]
    public async Task A_page_has_a_hundred_tenants_in_need_at_most()
    {
        await using var gateway = await Gateway.Start();
        const string pauses =
            """{"currency":"USD","outcome_types":[{"id":"a"}],"caps":[{"id":"c","limit":{"units":0}}]}""";
        await gateway.Admin.Put("/v1/plans/full", pauses).Is(HttpStatusCode.Created);
        for (var i = 0; i <= 100; i++)
            await gateway.Admin.Put($"/v1/tenants/t{i}", """{"name":"t","plan":"full"}""").Is(HttpStatusCode.Created);
        var page = await gateway.Admin.Get("/v1/attention?limit=1000").Is(HttpStatusCode.OK);
        Assert.Equal(100, page["data"]!.AsArray().Count);
        Assert.All(page["data"]!.AsArray(), row => Assert.Equal(0, (int)row!["limit"]!["used"]!["units"]!));
        Assert.NotNull(page["next_cursor"]);
        Assert.Equal(101, (await Pages(gateway.Admin, 1000)).Distinct().Count());
    }

    [Fact]
    public async Task A_tenant_that_does_not_answer_is_listed_with_its_state_alone_and_holds_up_nobody()
    {
        var clock = new FakeClock();
        List<TenantInNeed> rows = [.. Enumerable.Range(0, 20).Select(i => new TenantInNeed($"hangs-{i}",
            LimitState.Paused)), new("moves", LimitState.Paused), new("answers", LimitState.Warned),
            new("well-again", LimitState.Warned)];
        var silent = AttentionEndpoints.Read(DispatchProxy.Create<ITenants, Hanging>(), rows, clock, default);
        Assert.False(silent.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(5));

        var page = await silent;
        Assert.Equal(22, page.Count);
        Assert.All(page.Take(21), row => Assert.Equal(("paused", null), (row.State, row.Key)));
        Assert.Equal(("answers", "handoff", "tenant"), (page[^1].Tenant, page[^1].State, page[^1].Key));
        using var gone = new CancellationTokenSource();
        silent = AttentionEndpoints.Read(DispatchProxy.Create<ITenants, Hanging>(), rows, clock, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => silent);
    }

    /// <summary>Tenants that wait for ever, but for a few.</summary>
    public class Hanging : DispatchProxy
    {
#pragma warning disable CA2012 // The proxy hands on what its caller awaits.
        protected override object Invoke(MethodInfo? targetMethod, object?[]? args) =>
            Need((string)args![0]!, (CancellationToken)args[1]!);
#pragma warning restore CA2012

        private static async ValueTask<Need?> Need(string tenant, CancellationToken cancellation)
        {
            if (tenant == "answers")
                return new Need(LimitState.Handoff, "tenant", DecisionReason.TenantPaused, null, "USD");
            if (tenant == "well-again") return null;
            if (tenant == "moves") throw new TenantUnavailableException("it moves");
            await Task.Delay(Timeout.Infinite, cancellation);
            return null;
        }
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
