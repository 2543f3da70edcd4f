using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.Tests;

/// <summary>Webhooks that a buyer keeps for its own tenant.</summary>
public class TenantWebhooksTests
{
    private const string Path = "/v1/tenants/acme/webhooks/desk";

    [Fact]
    public async Task Finance_hears_of_its_own_tenant_and_of_no_other_signed_as_any_webhook_is()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        await gateway.Tenant("other");
        using var finance = await gateway.Role("finance", "acme");

        var made = await finance.Put(Path, $$"""{"url":"{{receiver.Url}}","events":["*"]}""").Is(HttpStatusCode.Created);
        Assert.Equal(("desk", """["acme"]"""), ((string)made["id"]!, made["tenants"]!.ToJsonString()));
        await gateway.Alert("other");
        await gateway.Alert("acme");

        var received = await receiver.Next();
        Assert.Equal(("cap.reached", "acme"), (received.Type, received.Tenant));
        Assert.True(received.IsSignedWith((string)made["secret"]!));
        var rotated = await finance.Post($"{Path}/rotate", null).Is(HttpStatusCode.OK);
        await gateway.Alert("acme");
        received = await receiver.NextBut(received.Id);
        Assert.True(received.IsSignedWith((string)rotated["secret"]!));
        Assert.All(receiver.All, one => Assert.Equal("acme", one.Tenant));
    }

    [Fact]
    public async Task Each_keeps_its_own_under_whatever_id_and_none_sees_anothers()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await gateway.Tenant("acme");
        await gateway.Tenant("other");
        using var finance = await gateway.Role("finance", "acme");
        using var others = await gateway.Role("finance", "other");
        const string body = """{"url":"https://example.com/hooks","events":["cap.reached"]}""";
        await gateway.Webhook("desk", "https://example.com/operator");
        await finance.Put(Path, body).Is(HttpStatusCode.Created);
        await others.Put("/v1/tenants/other/webhooks/desk", body).Is(HttpStatusCode.Created);

        await others.Get(Path).IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
        var mine = await finance.Get("/v1/tenants/acme/webhooks").Is(HttpStatusCode.OK);
        Assert.Equal(["desk"], mine["data"]!.AsArray().Select(one => (string)one!["id"]!));
        Assert.Equal("https://example.com/hooks", (string?)mine["data"]![0]!["url"]);
        Assert.DoesNotContain("whsec", mine.ToJsonString(), StringComparison.Ordinal);
        var operators = await gateway.Admin.Get("/v1/webhooks").Is(HttpStatusCode.OK);
        Assert.Equal("https://example.com/operator", (string?)Assert.Single(operators["data"]!.AsArray())!["url"]);
        // An encoded slash leads from the one to the other as little.
        foreach (var path in new[] { "/v1/webhooks/acme%2Fdesk", "/v1/webhooks/acme%2Fdesk/deliveries" })
            await gateway.Admin.Get(path).IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        await finance.Get("/v1/tenants/acme/webhooks/..%2Fother%2Fdesk")
            .IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        await finance.Delete("/v1/webhooks/desk").IsProblem(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(HttpStatusCode.NoContent, (await finance.Delete(Path)).StatusCode);
        await finance.Get(Path).IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        await others.Get("/v1/tenants/other/webhooks/desk").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Only_who_may_set_alerts_may_and_only_to_public_addresses()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("acme");
        const string body = """{"url":"https://example.com","events":["*"]}""";
        foreach (var (role, may) in Permissions.Roles.Where(one => (one.Value & Permission.AlertsWrite) == 0))
        {
            using var client = await gateway.Role(role);
            await client.Put(Path, body).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        }
        using var finance = await gateway.Role("finance", "acme");
        foreach (var inward in new[] { "http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/",
            "http://localhost:9000/" })
            Assert.Equal(["/url"], (await finance.Put(Path, $$"""{"url":"{{inward}}","events":["*"]}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        await finance.Put(Path, """{"url":"https://example.com","events":["*"],"tenants":"*"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await gateway.Admin.Put("/v1/tenants/nobody/webhooks/desk", body)
            .IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
    }

    [FactInOneProcess]
    public async Task A_tenant_has_so_many_webhooks_and_changes_them_so_often_N4()
    {
        await using var gateway = await Gateway.Start(new()
        {
            ["Metering:Limits:TenantWebhooks"] = "2", ["Metering:Limits:TenantReceiverChanges"] = "4",
        });
        await gateway.Tenant("acme");
        await gateway.Tenant("other");
        using var finance = await gateway.Role("finance", "acme");
        static string To(int n) => $$"""{"url":"https://example.com/{{n}}","events":["*"]}""";
        foreach (var id in new[] { "a", "b" })
            await finance.Put($"/v1/tenants/acme/webhooks/{id}", To(0)).Is(HttpStatusCode.Created);
        await finance.Put("/v1/tenants/acme/webhooks/c", To(0))
            .IsProblem(HttpStatusCode.Conflict, "too_many_webhooks");
        await gateway.Admin.Put("/v1/tenants/other/webhooks/c", To(0)).Is(HttpStatusCode.Created);

        foreach (var n in new[] { 1, 1, 2 })
            await finance.Put("/v1/tenants/acme/webhooks/a", To(n)).Is(HttpStatusCode.OK);
        using var often = await finance.Put("/v1/tenants/acme/webhooks/a", To(3));
        await Task.FromResult(often).IsProblem(HttpStatusCode.Conflict, "too_many_changes");
        Assert.Equal(TimeSpan.FromHours(1), often.Headers.RetryAfter?.Delta);
        gateway.Clock.Advance(TimeSpan.FromHours(1));
        await finance.Put("/v1/tenants/acme/webhooks/a", To(3)).Is(HttpStatusCode.OK);
    }

    [FactInOneProcess]
    public async Task A_tenant_uses_so_many_ids_for_good_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:TenantReceiverChanges"] = "1000" });
        await gateway.Tenant("acme");
        for (var i = 0; i < 100; i++)
        {
            await gateway.Admin.Put($"/v1/tenants/acme/webhooks/w{i}", """{"url":"https://a.example","events":["*"]}""")
                .Is(HttpStatusCode.Created);
            await gateway.Admin.Delete($"/v1/tenants/acme/webhooks/w{i}");
        }
        await gateway.Admin.Put("/v1/tenants/acme/webhooks/new", """{"url":"https://a.example","events":["*"]}""")
            .IsProblem(HttpStatusCode.Conflict, "too_many_webhooks");
        await gateway.Admin.Put("/v1/tenants/acme/webhooks/w7", """{"url":"https://a.example","events":["*"]}""")
            .Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task The_list_of_alerts_says_where_each_was_delivered_and_nothing_of_the_vendors()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme", """
            {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"1.00"}],
             "caps":[{"id":"monthly","limit":{"units":2}}],
             "thresholds":[{"id":"half","of":"cap:monthly","at":{"percent":50}}]}
            """);
        using var finance = await gateway.Role("finance", "acme");
        await gateway.Webhook("vendors", receiver.Url);
        await finance.Put(Path, $$"""{"url":"{{receiver.Url}}","events":["cap.reached"]}""").Is(HttpStatusCode.Created);
        for (var i = 0; i < 2; i++)
            await gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"a-{i}", "acme"))
                .Is(HttpStatusCode.Created);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((string?)(await finance.Get($"{Path}/deliveries").Is(HttpStatusCode.OK))["data"]?.AsArray()
            .FirstOrDefault()?["status"] != "delivered") Assert.False(patience.IsCancellationRequested);

        using var ops = await gateway.Role("ops");
        foreach (var reader in new[] { finance, ops })
        {
            var alerts = (await reader.Get("/v1/tenants/acme/alerts").Is(HttpStatusCode.OK))["data"]!.AsArray();
            Assert.Equal(["cap.reached", "threshold.crossed"], alerts.Select(one => (string)one!["type"]!));
            var told = Assert.Single(alerts[0]!["deliveries"]!.AsArray())!;
            Assert.Equal(("webhook", "desk", "delivered"),
                ((string)told["kind"]!, (string)told["id"]!, (string)told["status"]!));
            Assert.StartsWith("evt_", (string)told["delivery"]!, StringComparison.Ordinal);
            Assert.NotNull(told["ended_at"]);
            Assert.Empty(alerts[1]!["deliveries"]!.AsArray());
        }
    }
}
