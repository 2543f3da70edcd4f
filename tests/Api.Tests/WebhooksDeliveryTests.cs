using Microsoft.Extensions.Logging;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Tests;

/// <summary>Alerts reach their receivers, at least once and in order (S5).</summary>
public class WebhooksDeliveryTests
{
    [Fact]
    public void A_signature_is_that_of_the_specifications_example() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        Signature.Sign(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
            """{"test": 2432232314}"""u8));

    [Fact]
    public async Task An_alert_is_delivered_once_signed_and_complete()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        var secret = await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");

        var received = await receiver.Next();
        Assert.True(received.IsSignedWith(secret));
        Assert.False(received.IsSignedWith(Signature.NewSecret()));
        Assert.Equal(gateway.Clock.GetUtcNow().ToUnixTimeSeconds(), received.Timestamp);
        Assert.Matches("^evt_[0-9a-f]{32}$", received.Id);
        Assert.Equal(("cap.reached", "2026-11-21T12:00:00.000Z"), (received.Type, (string?)received.Json["timestamp"]));
        var data = received.Json["data"]!;
        Assert.Equal(("acme", "monthly", "pause", "cap_reached", 0),
            ((string?)data["tenant"], (string?)data["cap"], (string?)data["action"], (string?)data["reason"],
            (int?)data["limit"]!["units"]));

        var delivery = Assert.Single(
            await gateway.Until("desk", all => all is [var one] && one.Status() == "delivered"));
        Assert.Equal((received.Id, 204), ((string?)delivery["id"], (int?)delivery["attempts"]![0]!["status_code"]));
        Assert.True(JsonNode.DeepEquals(received.Json, delivery["payload"]));
        Assert.Single(receiver.All);
    }

    [Fact]
    public async Task What_fails_is_tried_again_with_the_same_id_and_body_and_holds_up_its_tenant_alone()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        receiver.Answer = (received, context) => Receiver.With(context, received.Tenant == "acme" ? 500 : 200);
        await gateway.Tenant("acme");
        await gateway.Tenant("zoo");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");
        var first = await receiver.Next();
        await gateway.Tried("desk", 1);
        await gateway.Alert("acme");
        await gateway.Alert("zoo");

        Assert.Equal("zoo", (await receiver.Next()).Tenant);
        foreach (var seconds in new[] { 5, 30, 120, 600 })
        {
            gateway.Clock.Advance(TimeSpan.FromSeconds(seconds * 1.25));
            var again = await receiver.Next();
            Assert.Equal((first.Id, gateway.Clock.GetUtcNow().ToUnixTimeSeconds()), (again.Id, again.Timestamp));
            Assert.Equal(first.Body, again.Body);
            await gateway.Until("desk",
                all => all.Single(one => (string?)one["id"] == first.Id)["attempts"]!.AsArray().Count
                    == receiver.All.Count(one => one.Id == first.Id));
        }
        receiver.Answer = (_, context) => Receiver.With(context, 200);
        gateway.Clock.Advance(TimeSpan.FromMinutes(38));
        Assert.Equal(first.Id, (await receiver.Next()).Id);
        Assert.Equal("cap.cleared", (await receiver.Next()).Type); // only now
        await gateway.Until("desk", all => all.TrueForAll(one => one.Status() == "delivered"));
        Assert.Equal(8, receiver.All.Count);
    }

    [Fact]
    public async Task After_a_day_a_delivery_is_given_up_and_the_next_has_its_turn()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        receiver.Answer = (received, context) => Receiver.With(context, received.Type == "cap.reached" ? 503 : 200);
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        var began = gateway.Clock.GetUtcNow();
        await gateway.Alert("acme");
        await gateway.Alert("acme");

        for (var tries = 1; ; tries++)
        {
            var received = await receiver.Next();
            if (received.Type == "cap.cleared") break;
            Assert.True(gateway.Clock.GetUtcNow() - began <= TimeSpan.FromHours(24));
            var all = await gateway.Until("desk", all => all[^1]["attempts"]!.AsArray().Count == tries);
            if (all[^1].Status() == "pending")
                gateway.Clock.Advance(DateTimeOffset.Parse((string)all[^1]["next_attempt_at"]!, null)
                    - gateway.Clock.GetUtcNow());
        }
        var ended = await gateway.Until("desk", all => all[0].Status() == "delivered");
        Assert.Equal("failed", ended[1].Status());
        Assert.Equal(began + TimeSpan.FromHours(24), DateTimeOffset.Parse((string)ended[1]["ended_at"]!, null));
        Assert.InRange(ended[1]["attempts"]!.AsArray().Count, 10, 14);
        Assert.Equal(["failed"], (await gateway.Deliveries("desk", "?status=failed")).Select(one => one.Status()));
    }

    [Theory]
    [InlineData(429, "3600", 3600)]
    [InlineData(503, "Sat, 21 Nov 2026 12:10:00 GMT", 600)]
    [InlineData(503, "1", 5)] // not sooner than it would be
    [InlineData(503, "999999999", 21600)] // within reason
    [InlineData(500, "3600", 5)]
    public async Task A_receiver_that_is_overloaded_says_when_to_come_back(int status, string retryAfter, int seconds)
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, context) => Receiver.With(context, status, ("Retry-After", retryAfter));
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");

        var delivery = Assert.Single(
            await gateway.Until("desk", all => all is [var one] && one["attempts"]!.AsArray().Count == 1));
        var wait = DateTimeOffset.Parse((string)delivery["next_attempt_at"]!, null) - gateway.Clock.GetUtcNow();
        Assert.InRange(wait.TotalSeconds, seconds, seconds * 1.25);
    }

    [Fact]
    public async Task A_redirect_is_a_failure_and_is_not_followed()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var elsewhere = await Receiver.Start();
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, context) => Receiver.With(context, 307, ("Location", elsewhere.Url));
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");

        Assert.Equal(307, (int?)(await gateway.Tried("desk", 1))["status_code"]);
        Assert.Equal("pending", Assert.Single(await gateway.Deliveries("desk")).Status());
        Assert.Empty(elsewhere.All);
    }

    [Fact]
    public async Task A_webhook_gets_what_it_asked_for_from_when_it_was_made()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await using var narrow = await Receiver.Start();
        await gateway.Tenant("acme");
        await gateway.Tenant("zoo");
        await gateway.Alert("acme");
        await gateway.Webhook("all", receiver.Url);
        await gateway.Webhook("narrow", narrow.Url, "\"cap.cleared\",\"dispute.opened\"", "[\"zoo\"]");
        await gateway.Alert("acme"); // cleared
        Assert.Equal("cap.cleared", (await receiver.Next()).Type);
        await gateway.Alert("zoo"); // reached
        Assert.Equal("zoo", (await receiver.Next()).Tenant);
        await gateway.Alert("zoo"); // cleared

        Assert.Equal(("zoo", "cap.cleared"), ((await narrow.Next()).Tenant, narrow.All.Single().Type));
        Assert.Equal((await receiver.Next()).Id, narrow.All.Single().Id); // the alert's, whoever hears it
    }

    [Fact]
    public async Task A_tenant_on_a_test_clock_is_told_of_in_real_time()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("past", more: ""","test_clock":{"start":"2016-02-28T00:00:00Z"}""");
        await gateway.Webhook("desk", receiver.Url);
        receiver.Answer = (_, context) => Receiver.With(context, 500);
        await gateway.Alert("past");

        var received = await receiver.Next();
        Assert.Equal("2016-02-28T00:00:00.000Z", (string?)received.Json["timestamp"]);
        Assert.Equal(gateway.Clock.GetUtcNow().ToUnixTimeSeconds(), received.Timestamp);
        await gateway.Tried("desk", 1);
        gateway.Clock.Advance(TimeSpan.FromSeconds(7));
        await receiver.Next();
    }

    [Fact]
    public async Task Nothing_is_lost_when_the_process_ends_in_the_middle()
    {
        var directory = Directory.CreateTempSubdirectory("metering-").FullName;
        var clock = new FakeClock();
        await using var receiver = await Receiver.Start();
        string first, second, secret;
        await using (var gateway = await WebhooksTestBed.Start(directory, clock))
        {
            await gateway.Tenant("failing");
            await gateway.Tenant("hanging");
            receiver.Answer = (received, context) => received.Tenant == "failing" ? Receiver.With(context, 500)
                : receiver.Hang(context);
            secret = await gateway.Webhook("desk", receiver.Url);
            await gateway.Alert("failing");
            first = (await receiver.Next()).Id;
            await gateway.Tried("desk", 1);
            await gateway.Alert("failing");
            await gateway.Alert("hanging");
            second = (await receiver.Next()).Id; // under way when all ends
        }
        receiver.Answer = (_, context) => Receiver.With(context, 200);
        await using (var gateway = await WebhooksTestBed.Start(directory, clock))
        {
            var again = await receiver.Next();
            Assert.Equal(second, again.Id);
            Assert.True(again.IsSignedWith(secret));
            await gateway.Until("desk", all => all.Count(one => one.Status() == "delivered") == 1);
            clock.Advance(TimeSpan.FromSeconds(7)); // its time was kept
            // Where one silo after another ends, each may have sent what was under way.
            Assert.Equal(first, (await receiver.NextBut(second)).Id);
            Assert.Equal(("failing", "cap.cleared"), (await receiver.Next() is var last ? last.Tenant : "", last.Type));
            var all = await gateway.Until("desk", all => all.TrueForAll(one => one.Status() == "delivered"));
            // what came before is remembered
            Assert.Equal(2, all.Single(one => (string?)one["id"] == first)["attempts"]!.AsArray().Count);
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task What_becomes_of_deliveries_is_measured()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");
        await gateway.Until("desk", all => all is [var one] && one.Status() == "delivered");
        receiver.Answer = (_, context) => Receiver.With(context, 404);
        await gateway.Alert("acme");
        await gateway.Until("desk", all => all.Count == 2 && all[0]["attempts"]!.AsArray().Count == 1);
        gateway.Clock.Advance(TimeSpan.FromSeconds(3));

        var metrics = await (await gateway.Anyone.Get("/metrics")).Content.ReadAsStringAsync();
        Assert.Contains("metering_webhook_deliveries_total{result=\"delivered\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("metering_webhook_attempts_total{result=\"4xx\"}", metrics, StringComparison.Ordinal);
        Assert.Contains("metering_webhook_oldest_pending_seconds", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_secret_is_shown_again_or_logged()
    {
        await using var gateway = await WebhooksTestBed.Start(lowest: LogLevel.Trace);
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        var secret = await gateway.Webhook("desk", receiver.Url);
        var rotated = (string)(await gateway.Admin.Post("/v1/webhooks/desk/rotate", null)
            .Is(HttpStatusCode.OK))["secret"]!;
        receiver.Answer = (_, context) => Receiver.With(context, 500);
        await gateway.Alert("acme");
        await gateway.Tried("desk", 1);
        await gateway.Admin.Put("/v1/webhooks/desk", $$"""{"url":"{{receiver.Url}}","events":["*"],"tenants":"*"}""")
            .Is(HttpStatusCode.OK);

        var shown = new List<string>(gateway.Log.Lines);
        foreach (var path in new[] { "/v1/webhooks", "/v1/webhooks/desk", "/v1/webhooks/desk/deliveries", "/metrics",
            "/v1/tenants/acme/entries" })
            shown.Add(await (await gateway.Admin.Get(path)).Content.ReadAsStringAsync());
        shown.Add(
            await (await gateway.Admin.Put("/v1/webhooks/desk",
                $$"""{"url":"{{receiver.Url}}","events":["*"],"tenants":"*"}""")).Content.ReadAsStringAsync());
        Assert.True(shown.Count > 20);
        Assert.DoesNotContain(shown, text => text.Contains(secret[6..30], StringComparison.Ordinal)
            || text.Contains(rotated[6..30], StringComparison.Ordinal));
        Assert.DoesNotContain(shown, text => text.Contains("whsec_", StringComparison.Ordinal));
    }
}
