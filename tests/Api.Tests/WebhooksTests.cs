using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.Tests;

/// <summary>Webhooks as an administrator makes and keeps them.</summary>
public class WebhooksTests(Started started) : IClassFixture<Started>
{
    private const string Body = """{"url":"https://example.com/hooks","events":["*"],"tenants":"*"}""";

    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task The_secret_is_shown_when_the_webhook_is_made_and_never_again()
    {
        await _gateway.Tenant("acme");
        var made = await _gateway.Admin.Put("/v1/webhooks/once", Body).Is(HttpStatusCode.Created);
        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", (string?)made["secret"]);
        Assert.Equal(("once", "https://example.com/hooks", "enabled"),
            ((string?)made["id"], (string?)made["url"], (string?)made["state"]));

        var changed = await _gateway.Admin.Put("/v1/webhooks/once",
            """{"url":"https://example.com/other","events":["cap.reached","cap.cleared"],"tenants":["acme"]}""")
                .Is(HttpStatusCode.OK);
        Assert.Null(changed["secret"]);
        var read = await _gateway.Admin.Get("/v1/webhooks/once").Is(HttpStatusCode.OK);
        Assert.True(JsonNode.DeepEquals(changed, read));
        Assert.Equal(["cap.reached", "cap.cleared"], read["events"]!.AsArray().Select(one => (string)one!));
        Assert.Equal(["acme"], read["tenants"]!.AsArray().Select(one => (string)one!));
    }

    [Fact]
    public async Task A_webhook_for_a_tenant_that_is_not_there_is_refused_by_pointer()
    {
        await _gateway.Tenant("hooked");
        Assert.Equal(["/tenants/2"], (await _gateway.Admin.Put("/v1/webhooks/typo",
            """{"url":"https://example.com","events":["*"],"tenants":["hooked","hooked","hoked"]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid")).Pointers());
        await _gateway.Admin.Get("/v1/webhooks/typo").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        var made = await _gateway.Admin.Put("/v1/webhooks/twice",
            """{"url":"https://example.com","events":["*"],"tenants":["hooked","hooked"]}""")
                .Is(HttpStatusCode.Created);
        Assert.Single(made["tenants"]!.AsArray());
    }

    [Fact]
    public async Task Everything_wrong_is_said_at_once()
    {
        var problem = await _gateway.Admin.Put("/v1/webhooks/wrong",
            """{"url":"nowhere","events":["cap.reached","cap.reachd","*"],"tenants":["a","B C"]}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/url", "/events/1", "/events/2", "/tenants/1"], problem.Pointers());
        problem = await _gateway.Admin.Put("/v1/webhooks/wrong", "{}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/url", "/events", "/tenants"], problem.Pointers());
        problem = await _gateway.Admin.Put("/v1/webhooks/wrong",
            """{"url":"https://example.com","events":[],"tenants":[]}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/events", "/tenants"], problem.Pointers());
        var longest = "https://example.com/" + new string('x', 2048 - 20);
        await _gateway.Admin.Put("/v1/webhooks/long",
            Body.Replace("https://example.com/hooks", longest, StringComparison.Ordinal)).Is(HttpStatusCode.Created);
        await _gateway.Admin.Put("/v1/webhooks/long",
            Body.Replace("https://example.com/hooks", longest + "x", StringComparison.Ordinal))
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Put("/v1/webhooks/A", Body).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Put("/v1/webhooks/wrong", """{"url":"https://example.com","evnts":["*"],"tenants":"*"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Put("/v1/webhooks/wrong",
            """{"url":"https://example.com","events":["*"],"tenants":"acme"}""")
                .IsProblem(HttpStatusCode.BadRequest, "malformed");
        await _gateway.Admin.Get("/v1/webhooks/wrong").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
    }

    [Fact]
    public async Task Every_type_of_the_contract_can_be_asked_for()
    {
        foreach (var type in new[] { "threshold.crossed", "cap.reached", "cap.cleared", "credits.exhausted",
            "overage.started", "grant.expiring", "dispute.opened", "dispute.resolved", "statement.final" })
            await _gateway.Admin.Put($"/v1/webhooks/{type}",
                Body.Replace("*\"]", type + "\"]", StringComparison.Ordinal)).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_webhook_that_has_changed_since_is_not_overwritten()
    {
        using var made = await _gateway.Admin.Put("/v1/webhooks/tagged", Body);
        var tag = made.Headers.ETag!.Tag;
        using var same = await _gateway.Admin.Put("/v1/webhooks/tagged", Body, ("If-Match", tag));
        Assert.Equal(tag, same.Headers.ETag!.Tag); // no version more, which would be kept for good
        using var changed = await _gateway.Admin.Put("/v1/webhooks/tagged",
            Body.Replace("*\"]", "cap.reached\"]", StringComparison.Ordinal), ("If-Match", tag));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        await _gateway.Admin.Put("/v1/webhooks/tagged", Body, ("If-Match", tag))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        await _gateway.Admin.Delete("/v1/webhooks/tagged", ("If-Match", tag))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        using var read = await _gateway.Admin.Get("/v1/webhooks/tagged");
        Assert.Equal(changed.Headers.ETag!.Tag, read.Headers.ETag!.Tag);
        Assert.Equal(HttpStatusCode.NoContent,
            (await _gateway.Admin.Delete("/v1/webhooks/tagged", ("If-Match", read.Headers.ETag!.Tag))).StatusCode);
        await _gateway.Admin.Delete("/v1/webhooks/tagged").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
    }

    [Fact]
    public async Task After_a_rotation_both_secrets_sign_for_a_day()
    {
        await using var sending = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await sending.Tenant("acme");
        var old = await sending.Webhook("desk", receiver.Url);
        var rotated = await sending.Admin.Post("/v1/webhooks/desk/rotate", null).Is(HttpStatusCode.OK);
        var secret = (string)rotated["secret"]!;
        Assert.Equal("2026-11-22T12:00:00.000Z", (string?)rotated["previous_secret_until"]);

        await sending.Alert("acme");
        var both = await receiver.Next();
        Assert.True(both.IsSignedWith(old) && both.IsSignedWith(secret));
        Assert.Equal(2, both.Signature.Split(' ').Length);
        await sending.Until("desk", all => all[0].Status() == "delivered");
        sending.Clock.Advance(TimeSpan.FromHours(24));
        await sending.Alert("acme");
        var one = await receiver.Next();
        Assert.True(one.IsSignedWith(secret) && !one.IsSignedWith(old));
    }

    [Fact]
    public async Task A_rotation_that_is_asked_for_twice_with_one_key_happens_once()
    {
        await _gateway.Admin.Put("/v1/webhooks/rotated", Body).Is(HttpStatusCode.Created);
        var first = await _gateway.Admin.Post("/v1/webhooks/rotated/rotate", null, ("Idempotency-Key", "r-1"))
            .Is(HttpStatusCode.OK);
        Assert.True(JsonNode.DeepEquals(first,
            await _gateway.Admin.Post("/v1/webhooks/rotated/rotate", null, ("Idempotency-Key", "r-1"))
                .Is(HttpStatusCode.OK)));
        for (var i = 0; i < 3; i++)
            Assert.NotEqual((string?)first["secret"],
                (string?)(await _gateway.Admin.Post("/v1/webhooks/rotated/rotate", null)
                    .Is(HttpStatusCode.OK))["secret"]);
        await _gateway.Admin.Post("/v1/webhooks/rotated/rotate", null)
            .IsProblem(HttpStatusCode.Conflict, "rotated_too_often");
    }

    [Fact]
    public async Task Only_an_administrator_may_and_only_for_tenants_of_its_own()
    {
        await _gateway.Admin.Put("/v1/webhooks/of-all", Body).Is(HttpStatusCode.Created);
        foreach (var role in Permissions.Roles.Keys.Where(role => role != "admin"))
        {
            using var client = await _gateway.Role(role);
            await client.Get("/v1/webhooks").IsProblem(HttpStatusCode.Forbidden, "forbidden");
            await client.Get("/v1/webhooks/of-all").IsProblem(HttpStatusCode.Forbidden, "forbidden");
            await client.Get("/v1/webhooks/of-all/deliveries").IsProblem(HttpStatusCode.Forbidden, "forbidden");
            await client.Put("/v1/webhooks/of-all", Body).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            await client.Delete("/v1/webhooks/of-all").IsProblem(HttpStatusCode.Forbidden, "forbidden");
            await client.Post("/v1/webhooks/of-all/rotate", null).IsProblem(HttpStatusCode.Forbidden, "forbidden");
            await client.Post("/v1/webhooks/of-all/deliveries/evt_1/retry", null)
                .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        }
        await _gateway.Tenant("mine");
        await _gateway.Tenant("mine-too");
        using var bound = await _gateway.Role("admin", "mine", "mine-too");
        await bound.Put("/v1/webhooks/bound", Body).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await bound.Put("/v1/webhooks/bound", Body.Replace("\"*\"}", "[\"mine\",\"other\"]}", StringComparison.Ordinal))
            .IsProblem(HttpStatusCode.Forbidden, "forbidden");
        await bound.Put("/v1/webhooks/bound", Body.Replace("\"*\"}", "[\"mine\"]}", StringComparison.Ordinal))
            .Is(HttpStatusCode.Created);
        var list = await bound.Get("/v1/webhooks").Is(HttpStatusCode.OK);
        Assert.Equal(["bound"], list["data"]!.AsArray().Select(one => (string)one!["id"]!));
        await bound.Get("/v1/webhooks/of-all").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        await bound.Put("/v1/webhooks/of-all", Body.Replace("\"*\"}", "[\"mine\"]}", StringComparison.Ordinal))
            .IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        await bound.Delete("/v1/webhooks/of-all").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        await bound.Post("/v1/webhooks/of-all/rotate", null).IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        await bound.Get("/v1/webhooks/of-all/deliveries").IsProblem(HttpStatusCode.NotFound, "unknown_webhook");
        Assert.Equal(HttpStatusCode.NoContent, (await bound.Delete("/v1/webhooks/bound")).StatusCode);
    }

    [Fact]
    public async Task Deliveries_of_a_tenant_that_the_caller_may_not_see_are_not_there()
    {
        await using var sending = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await sending.Tenant("acme");
        await sending.Tenant("other");
        await sending.Webhook("desk", receiver.Url, tenants: """["acme","other"]""");
        foreach (var tenant in new[] { "acme", "other", "other" }) await sending.Alert(tenant);
        var all = await sending.Until("desk",
            all => all.Count == 3 && all.TrueForAll(one => one.Status() == "delivered"));
        await sending.Admin.Put("/v1/webhooks/desk",
            $$"""{"url":"{{receiver.Url}}","events":["*"],"tenants":["acme"]}""").Is(HttpStatusCode.OK);
        using var bound = await sending.Role("admin", "acme");

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await bound.Get($"/v1/webhooks/desk/deliveries?limit=1{cursor}").Is(HttpStatusCode.OK);
            seen.AddRange(page["data"]!.AsArray().Select(one => (string)one!["tenant"]!));
            cursor = page["next_cursor"] is { } next ? $"&cursor={next}" : null;
        }
        while (cursor is not null);

        Assert.Equal(["acme"], seen);
        var others = (string)all.First(one => (string?)one["tenant"] == "other")["id"]!;
        await bound.Post($"/v1/webhooks/desk/deliveries/{others}/retry", null)
            .IsProblem(HttpStatusCode.NotFound, "unknown_delivery");
        var own = (string)all.First(one => (string?)one["tenant"] == "acme")["id"]!;
        await bound.Post($"/v1/webhooks/desk/deliveries/{own}/retry", null).Is(HttpStatusCode.Accepted);
        Assert.Equal(3, (await sending.Deliveries("desk")).Count);
    }

    [FactInOneProcess]
    public async Task There_are_so_many_webhooks_and_fewer_of_a_key_that_is_bound_N4()
    {
        await using var gateway = await Gateway.Start(new()
        {
            ["Metering:Limits:BoundWebhooks"] = "2", ["Metering:Limits:Webhooks"] = "4",
        });
        await gateway.Tenant("mine");
        using var bound = await gateway.Role("admin", "mine");
        var mine = Body.Replace("\"*\"}", "[\"mine\"]}", StringComparison.Ordinal);
        foreach (var id in new[] { "a", "b" })
            await bound.Put($"/v1/webhooks/{id}", mine).Is(HttpStatusCode.Created);
        await bound.Put("/v1/webhooks/c", mine).IsProblem(HttpStatusCode.Conflict, "too_many_webhooks");
        await bound.Put("/v1/webhooks/b", mine).Is(HttpStatusCode.OK);
        foreach (var id in new[] { "d", "e" })
            await gateway.Admin.Put($"/v1/webhooks/{id}", Body).Is(HttpStatusCode.Created);
        await gateway.Admin.Put("/v1/webhooks/f", Body).IsProblem(HttpStatusCode.Conflict, "too_many_webhooks");
        Assert.Equal(HttpStatusCode.NoContent, (await gateway.Admin.Delete("/v1/webhooks/a")).StatusCode);
        await bound.Put("/v1/webhooks/c", mine).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Webhooks_and_deliveries_are_listed_page_by_page()
    {
        await using var sending = await WebhooksTestBed.Start();
        await using var receiver = await Receiver.Start();
        await sending.Tenant("acme");
        foreach (var id in new[] { "b", "a", "c" }) await sending.Webhook(id, receiver.Url);
        var page = await sending.Admin.Get("/v1/webhooks?limit=2").Is(HttpStatusCode.OK);
        var rest = await sending.Admin.Get($"/v1/webhooks?limit=2&cursor={page["next_cursor"]}").Is(HttpStatusCode.OK);
        Assert.Equal(["a", "b", "c"],
            page["data"]!.AsArray().Concat(rest["data"]!.AsArray()).Select(one => (string)one!["id"]!));

        for (var i = 0; i < 5; i++) await sending.Alert("acme");
        await sending.Until("a", all => all.Count == 5 && all.TrueForAll(one => one.Status() == "delivered"));
        page = await sending.Admin.Get("/v1/webhooks/a/deliveries?limit=3&status=delivered").Is(HttpStatusCode.OK);
        rest = await sending.Admin.Get($"/v1/webhooks/a/deliveries?limit=3&cursor={page["next_cursor"]}")
            .Is(HttpStatusCode.OK);
        var sequences = page["data"]!.AsArray().Concat(rest["data"]!.AsArray()).Select(one => (long)one!["sequence"]!)
            .ToList();
        Assert.Equal((5, (string?)null), (sequences.Count, (string?)rest["next_cursor"]));
        Assert.Equal(sequences.OrderDescending(), sequences);
        await sending.Admin.Get("/v1/webhooks/a/deliveries?status=lost")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await sending.Admin.Get("/v1/webhooks/a/deliveries?cursor=!")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Fact]
    public async Task Settings_that_would_let_nothing_through_stop_the_start() =>
        await Assert.ThrowsAsync<Operations.SettingsException>(() =>
            WebhooksTestBed.Start(settings: ("Concurrency", "0")));
}
