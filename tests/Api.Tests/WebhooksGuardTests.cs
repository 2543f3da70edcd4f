using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Tests;

/// <summary>Webhooks reach the public internet and nothing else, unless the settings say so.</summary>
public class WebhooksGuardTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("3fff::1")]
    [InlineData("fc00::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void These_are_not_public(string address) => Assert.False(PublicAddress.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("11.0.0.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.1")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.1")]
    [InlineData("192.0.1.1")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.1")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:1.1.1.1")]
    [InlineData("64:ff9b::1.1.1.1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:82b::200e")]
    public void These_are_public(string address) => Assert.True(PublicAddress.IsPublic(IPAddress.Parse(address)));

    private static readonly string[] NotMeant =
    [
        "http://127.0.0.1/hooks", "http://127.1/hooks", "http://2130706433/hooks", "http://0x7f000001/hooks",
        "http://0177.0.0.1/hooks", "http://[::1]:8080/hooks", "http://[::ffff:127.0.0.1]/hooks",
        "http://127.0.0.1./hooks", "http://localhost/hooks", "https://LocalHost:8443/hooks",
        "http://localhost./hooks", "http://metering.localhost/hooks", "http://a.b.LOCALHOST./hooks",
        "https://169.254.169.254/latest/meta-data", "https://10.0.0.7", "https://user:password@example.com/",
        "https://user@example.com/", "ftp://example.com/", "file:///etc/passwd", "/hooks", "example.com/hooks",
        "https://", "",
    ];

    [Fact]
    public async Task An_address_that_cannot_be_meant_is_refused_at_once()
    {
        await using var gateway = await Gateway.Start();
        foreach (var url in NotMeant)
        {
            var problem = await gateway.Admin.Put("/v1/webhooks/desk",
                $$"""{"url":"{{url}}","events":["*"],"tenants":"*"}""")
                    .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
            Assert.Equal((url, "/url"), (url, Assert.Single(problem.Pointers())));
        }
    }

    [Fact]
    public async Task A_name_that_stands_for_this_machine_is_not_called()
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        await using var receiver = await Receiver.Start();
        // Written when the settings allowed it.
        await using (var allowed = await WebhooksTestBed.Start(directory))
            await allowed.Webhook("desk", $"http://localhost:{receiver.Port}/hooks?from=metering");
        await using (var gateway = await Gateway.Start(dataDirectory: directory))
        {
            await gateway.Tenant("acme");
            await gateway.Alert("acme");

            Assert.Equal("address_not_allowed", (string?)(await gateway.Tried("desk", 1))["error"]);
            Assert.Empty(receiver.All);
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_name_that_stands_for_this_machine_is_called_when_the_settings_say_so()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", $"http://localhost:{receiver.Port}/hooks?from=metering");
        await gateway.Alert("acme");
        await receiver.Next();
    }

    [Fact]
    public async Task What_cannot_be_reached_is_said_by_a_word()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await gateway.Tenant("acme");
        await gateway.Webhook("nobody", "http://nobody.invalid/");
        await gateway.Webhook("closed", "http://127.0.0.1:1/");
        await gateway.Webhook("nowhere", "http://0.0.0.0:1/");
        await gateway.Alert("acme");
        Assert.Equal("name_not_resolved", (string?)(await gateway.Tried("nobody", 1))["error"]);
        Assert.Equal("connection_failed", (string?)(await gateway.Tried("closed", 1))["error"]);
        Assert.Equal("connection_failed", (string?)(await gateway.Tried("nowhere", 1))["error"]);
    }

    [Fact]
    public async Task A_receiver_that_does_not_speak_tls_is_told_apart()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = new RawReceiver((stream, cancellation) =>
            RawReceiver.Say(stream, "HTTP/1.1 400 Bad Request\n\n", cancellation));
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url.Replace("http:", "https:", StringComparison.Ordinal));
        await gateway.Alert("acme");
        Assert.Equal("tls_failed", (string?)(await gateway.Tried("desk", 1))["error"]);
    }

    [FactInOneProcess]
    public async Task A_bound_key_changes_webhooks_so_often_N4()
    {
        await using var gateway = await Gateway.Start(new() { ["Metering:Limits:TenantReceiverChanges"] = "2" });
        await gateway.Tenant("mine");
        using var bound = await gateway.Role("admin", "mine");
        static string At(int place) => $$"""
            {"url":"https://{{place}}.example/","events":["*"],"tenants":["mine"]}
            """;
        await bound.Put("/v1/webhooks/hook", At(0)).Is(HttpStatusCode.Created);
        await bound.Put("/v1/webhooks/hook", At(1)).Is(HttpStatusCode.OK);
        await bound.Put("/v1/webhooks/hook", At(1)).Is(HttpStatusCode.OK); // as it is
        await bound.Put("/v1/webhooks/hook", At(2)).IsProblem(HttpStatusCode.Conflict, "too_many_changes");
        await bound.Put("/v1/webhooks/other", At(2)).IsProblem(HttpStatusCode.Conflict, "too_many_changes");
        await gateway.Admin.Put("/v1/webhooks/hook", At(2)).Is(HttpStatusCode.OK);
        gateway.Clock.Advance(TimeSpan.FromHours(1));
        await bound.Put("/v1/webhooks/hook", At(3)).Is(HttpStatusCode.OK);
    }
}
