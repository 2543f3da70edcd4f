namespace MeteringGateway.Api.Tests;

/// <summary>A receiver that hangs, drips, lies or goes away holds up nobody else (S5).</summary>
public class WebhooksFaultTests
{
    [Fact]
    public async Task A_receiver_that_hangs_delays_no_other_webhook_and_no_other_tenant_and_is_cut_off()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await using var other = await Receiver.Start();
        await gateway.Tenant("slow");
        await gateway.Tenant("quick");
        receiver.Answer = (received, context) => received.Tenant == "slow" ? receiver.Hang(context)
            : Receiver.With(context, 200);
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Webhook("other", other.Url);
        await gateway.Alert("slow");
        Assert.Equal("slow", (await receiver.Next()).Tenant);
        await gateway.Alert("slow");
        await gateway.Alert("quick");

        Assert.Equal("quick", (await receiver.Next()).Tenant);
        await gateway.Until("other", all => all.Count == 3 && all.TrueForAll(one => one.Status() == "delivered"));
        await gateway.Until("desk", all => all.Count(one => one.Status() == "delivered") == 1);
        gateway.Clock.Advance(TimeSpan.FromSeconds(15));

        var attempt = await gateway.Tried("desk", 1, "slow");
        Assert.Equal((null, "timeout", 15_000),
            ((int?)attempt["status_code"], (string?)attempt["error"], (int)attempt["duration_ms"]!));
        Assert.Equal(2, receiver.All.Count);
    }

    [Fact]
    public async Task No_more_than_so_many_attempts_are_under_way_to_one_webhook()
    {
        await using var gateway = await WebhooksTestBed.Start(settings: ("Concurrency", "3"));
        await using var receiver = await Receiver.Start();
        await using var other = await Receiver.Start();
        receiver.Answer = (_, context) => receiver.Hang(context);
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Webhook("other", other.Url);
        for (var i = 0; i < 7; i++)
        {
            await gateway.Tenant($"t{i}");
            await gateway.Alert($"t{i}");
        }
        await gateway.Until("other", all => all.Count == 7 && all.TrueForAll(one => one.Status() == "delivered"));
        for (var i = 0; i < 3; i++) await receiver.Next();
        Assert.Equal(3, receiver.All.Count);

        receiver.Answer = (_, context) => Receiver.With(context, 200);
        gateway.Clock.Advance(TimeSpan.FromSeconds(15)); // the three are cut off, the four others go
        await gateway.Until("desk", all => all.Count(one => one.Status() == "delivered") == 4);
        gateway.Clock.Advance(TimeSpan.FromSeconds(7));
        await gateway.Until("desk", all => all.TrueForAll(one => one.Status() == "delivered"));
    }

    public static TheoryData<string, string?, int?> Answers() => new()
    {
        { "HTTP/1.1 200 OK\nContent-Length: 1000000\n\nshort", null, 200 }, // lies, and hangs up
        { "HTTP/1.1 200 OK\nContent-Length: 2\n\n" + new string('x', 100_000), null, 200 }, // lies the other way
        { "HTTP/1.1 200 OK\nContent-Length: -1\n\n", null, 200 },
        { "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzzzz\n", null, 200 },
        { "HTTP/1.1 200 OK\nX: " + new string('x', 100_000) + "\n\n", "invalid_response", null },
        { "SSH-2.0-OpenSSH_9.2\n", "invalid_response", null },
        { "HTTP/1.1 99999 No\n\n", "invalid_response", null },
        { "", "connection_failed", null }, // hangs up without a word
        { "HTTP/1.1 204 No Content\n\n", null, 204 },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Of_an_answer_only_its_status_counts(string answer, string? error, int? status)
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = new RawReceiver((stream, cancellation) =>
            RawReceiver.Say(stream, answer, cancellation));
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");

        var attempt = await gateway.Tried("desk", 1);
        Assert.Equal((status, error), ((int?)attempt["status_code"], (string?)attempt["error"]));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 1000000000\n\n", "delivered")] // a body that does not end
    [InlineData("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "delivered")]
    [InlineData("HTTP/1.1 200 OK\nX-Drip: ", "pending")] // a head that does not end
    [InlineData("HTTP/1.1 103 Early Hints\n\n", "pending")] // nothing but hints
    public async Task A_receiver_that_drips_without_end_holds_up_nobody(string begins, string becomes)
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = new RawReceiver(async (stream, cancellation) =>
        {
            await RawReceiver.Say(stream, begins, cancellation);
            for (; ; await Task.Yield())
                await RawReceiver.Say(stream, begins.Contains("103", StringComparison.Ordinal) ? begins : "x",
                    cancellation);
        });
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");
        await gateway.Alert("acme");

        if (becomes == "delivered")
        {
            await gateway.Until("desk", all => all.Count == 2 && all.TrueForAll(one => one.Status() == "delivered"));
            return;
        }
        await gateway.Until("desk", _ => receiver.Connections > 0);
        while ((await gateway.Deliveries("desk"))[^1]["attempts"]!.AsArray().Count == 0)
            gateway.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Contains((string?)(await gateway.Deliveries("desk"))[^1]["attempts"]![0]!["error"],
            new[] { "timeout", "invalid_response" });
    }

    [Fact]
    public async Task A_receiver_that_says_it_is_gone_is_left_alone()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        receiver.Answer = (_, context) => Receiver.With(context, 500);
        await gateway.Alert("acme");
        var first = await receiver.Next();
        await gateway.Tried("desk", 1);
        await gateway.Alert("acme");
        receiver.Answer = (_, context) => Receiver.With(context, 410);
        gateway.Clock.Advance(TimeSpan.FromSeconds(7));
        await receiver.Next();

        var ended = await gateway.Until("desk", all => all.Count == 2
            && all.TrueForAll(one => one.Status() == "failed"));
        Assert.Empty(ended[0]["attempts"]!.AsArray()); // was never sent
        var webhook = await gateway.Admin.Get("/v1/webhooks/desk").Is(HttpStatusCode.OK);
        Assert.Equal(("disabled", "gone"), ((string?)webhook["state"], (string?)webhook["disabled_reason"]));
        Assert.NotNull(webhook["disabled_at"]);
        await gateway.Alert("acme");
        gateway.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(2, (await gateway.Deliveries("desk")).Count);
        Assert.Equal(2, receiver.All.Count);

        // Sending one again switches it on.
        receiver.Answer = (_, context) => Receiver.With(context, 200);
        var again = await gateway.Admin.Post($"/v1/webhooks/desk/deliveries/{first.Id}/retry", null)
            .Is(HttpStatusCode.Accepted);
        Assert.Equal("pending", again.Status());
        Assert.Equal(first.Id, (await receiver.Next()).Id);
        Assert.Equal("enabled", (string?)(await gateway.Admin.Get("/v1/webhooks/desk").Is(HttpStatusCode.OK))["state"]);
        await gateway.Alert("acme");
        Assert.NotEqual(first.Id, (await receiver.Next()).Id);
    }

    [Fact]
    public async Task A_change_switches_a_webhook_on_again()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        receiver.Answer = (_, context) => Receiver.With(context, 410);
        await gateway.Alert("acme");
        await gateway.Until("desk", all => all is [var one] && one.Status() == "failed");

        receiver.Answer = (_, context) => Receiver.With(context, 200);
        var changed = await gateway.Admin.Put("/v1/webhooks/desk",
            $$"""{"url":"{{receiver.Url}}","events":["*"],"tenants":"*"}""").Is(HttpStatusCode.OK);
        Assert.Equal(("enabled", null), ((string?)changed["state"], (string?)changed["disabled_reason"]));
        await gateway.Alert("acme");
        await gateway.Until("desk", all => all.Count == 2 && all[0].Status() == "delivered");
    }

    [Fact]
    public async Task A_receiver_that_fails_for_days_is_switched_off()
    {
        await using var gateway =
            await WebhooksTestBed.Start(settings: [("GiveUpAfter", "00:00:10"), ("SwitchOffAfter", "1.00:00:00")]);
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, context) => Receiver.With(context, 500);
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");
        await Fail(1);
        Assert.Equal("enabled", (string?)(await gateway.Admin.Get("/v1/webhooks/desk").Is(HttpStatusCode.OK))["state"]);
        gateway.Clock.Advance(TimeSpan.FromDays(1));
        await gateway.Alert("acme");
        await Fail(2);

        Assert.Equal("failing", (string?)(await gateway.SwitchedOff("desk"))["disabled_reason"]);

        // However short the time, each is tried some times.
        async Task Fail(int count)
        {
            for (var tries = 1; ; tries++)
            {
                var all = await gateway.Until("desk", all => all.Count == count
                    && all[0]["attempts"]!.AsArray().Count == tries);
                if (all[0].Status() == "failed") return;
                gateway.Clock.Advance(TimeSpan.FromMinutes(13));
            }
        }
    }

    [Fact]
    public async Task Any_delivery_can_be_sent_again_by_hand()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await gateway.Tenant("acme");
        await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");
        var first = await receiver.Next();
        await gateway.Until("desk", all => all is [var one] && one.Status() == "delivered");
        await gateway.Admin.Post($"/v1/webhooks/desk/deliveries/{first.Id}/retry", null).Is(HttpStatusCode.Accepted);
        Assert.Equal(first.Id, (await receiver.Next()).Id);
        await gateway.Until("desk", all => all is [var one] && one.Status() == "delivered"
            && one["attempts"]!.AsArray().Count == 2);

        receiver.Answer = (_, context) => Receiver.With(context, 500);
        await gateway.Alert("acme");
        var second = await receiver.Next();
        await gateway.Until("desk", all => all.Count == 2 && all[0]["attempts"]!.AsArray().Count == 1);
        receiver.Answer = (_, context) => Receiver.With(context, 200);
        await gateway.Admin.Post($"/v1/webhooks/desk/deliveries/{second.Id}/retry", null).Is(HttpStatusCode.Accepted);
        Assert.Equal(second.Id, (await receiver.Next()).Id); // at once, without waiting for its time

        await gateway.Admin.Post("/v1/webhooks/desk/deliveries/evt_none/retry", null)
            .IsProblem(HttpStatusCode.NotFound, "unknown_delivery");
        await gateway.Admin.Post($"/v1/webhooks/none/deliveries/{second.Id}/retry", null)
            .IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
    }

    [Fact]
    public async Task A_deleted_webhook_is_sent_nothing_more()
    {
        await using var gateway = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        receiver.Answer = (_, context) => receiver.Hang(context);
        await gateway.Tenant("acme");
        var secret = await gateway.Webhook("desk", receiver.Url);
        await gateway.Alert("acme");
        await receiver.Next();
        await gateway.Alert("acme");
        Assert.Equal(HttpStatusCode.NoContent, (await gateway.Admin.Delete("/v1/webhooks/desk")).StatusCode);
        gateway.Clock.Advance(TimeSpan.FromSeconds(20));
        await gateway.Alert("acme");

        await gateway.Admin.Get("/v1/webhooks/desk/deliveries").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        receiver.Answer = (_, context) => Receiver.With(context, 200);
        Assert.NotEqual(secret, await gateway.Webhook("desk", receiver.Url)); // another one, of the same name
        Assert.Empty(await gateway.Deliveries("desk"));
        await gateway.Alert("acme");
        Assert.Equal("cap.cleared", (await receiver.Next()).Type);
        Assert.Equal(2, receiver.All.Count);
    }
}
