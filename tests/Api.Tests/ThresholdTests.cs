namespace MeteringGateway.Api.Tests;

/// <summary>Levels at which the buyer wants to be told (S4).</summary>
public class ThresholdTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_threshold_is_set_seen_with_its_level_crossed_once_and_removed()
    {
        await _gateway.Tenant("levels");
        using var finance = await _gateway.Role("finance", "levels");
        using var made = await finance.Put("/v1/tenants/levels/thresholds/two",
            """{"of":"cap:monthly","at":{"units":2}}""");
        Assert.Equal(
            """{"id":"two","of":"cap:monthly","at":{"units":2},"crossed":false,"level":{"units":0},"limit":{"units":3}}""",
            (await Task.FromResult(made).Is(HttpStatusCode.Created)).ToJsonString());
        Assert.Equal("/v1/tenants/levels/thresholds/two", made.Headers.Location!.ToString());
        await finance.Put("/v1/tenants/levels/thresholds/money", """{"of":"spend","at":{"amount":"1.98"}}""")
            .Is(HttpStatusCode.Created);
        Assert.Equal(["money", "two"],
            (await finance.Get("/v1/tenants/levels/thresholds").Is(HttpStatusCode.OK))["data"]!.AsArray()
                .Select(one => (string)one!["id"]!));

        for (var i = 0; i < 3; i++)
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome($"o-{i}", "levels")).Is(HttpStatusCode.Created);
        using var read = await finance.Get("/v1/tenants/levels/thresholds/money");
        Assert.Equal(
            """{"id":"money","of":"spend","at":{"amount":"1.98"},"crossed":true,"level":{"amount":"2.97"},"limit":null}""",
            (await Task.FromResult(read).Is(HttpStatusCode.OK)).ToJsonString());
        var crossed = (await _gateway.Admin.Get("/v1/tenants/levels/entries?limit=1000")
            .Is(HttpStatusCode.OK))["data"]!.AsArray()
            .Where(entry => (string?)entry!["kind"] == "threshold_crossed").ToList();
        // once each
        Assert.Equal(["money", "two"],
            crossed.Select(entry => (string)entry!["data"]!["threshold"]!["id"]!).Order(StringComparer.Ordinal));

        await finance.Put("/v1/tenants/levels/thresholds/two", """{"of":"cap:monthly","at":{"percent":90}}""",
            ("If-Match", "\"0\"")).IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        // The tag is that of what was set: its being crossed does not change it.
        await finance.Put("/v1/tenants/levels/thresholds/two", """{"of":"cap:monthly","at":{"percent":90}}""",
            ("If-Match", made.Headers.ETag!.ToString())).Is(HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.NoContent, (await finance.Delete("/v1/tenants/levels/thresholds/two")).StatusCode);
        await finance.Delete("/v1/tenants/levels/thresholds/two")
            .IsProblem(HttpStatusCode.NotFound, "unknown_threshold");
        await finance.Get("/v1/tenants/levels/thresholds/two").IsProblem(HttpStatusCode.NotFound, "unknown_threshold");
    }

    [Theory]
    [InlineData("""{"of":"cap:none","at":{"percent":80}}""", "/of")]
    [InlineData("""{"of":"cap:monthly","at":{"amount":"80"}}""", "/at/amount")]
    [InlineData("""{"of":"included:support.resolution","at":{"percent":80}}""", "/of")]
    [InlineData("""{"of":"credits","at":{"percent":80}}""", "/of")]
    [InlineData("""{"of":"spend","at":{"percent":80}}""", "/at/percent")]
    [InlineData("""{"of":"everything","at":{"percent":101}}""", "/of,/at/percent")]
    [InlineData("""{"of":"spend","at":{"amount":"0"}}""", "/at/amount")]
    [InlineData("{}", "/of,/at")]
    public async Task What_would_never_alert_is_refused(string body, string pointers)
    {
        await _gateway.Admin.Put("/v1/plans/no-level", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/no-level", """{"name":"n","plan":"no-level"}""");
        var problem = await _gateway.Admin.Put("/v1/tenants/no-level/thresholds/t", body)
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(pointers.Split(','), problem.Pointers());
    }

    [Fact]
    public async Task An_id_must_be_one()
    {
        var problem = await _gateway.Admin.Put("/v1/tenants/any/thresholds/T!",
            """{"of":"spend","at":{"amount":"5"}}""").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/id"], problem.Pointers());
    }

    [Fact]
    public async Task A_threshold_whose_cap_is_gone_or_counted_otherwise_shows_no_level_S4()
    {
        await _gateway.Tenant("unlike");
        using var finance = await _gateway.Role("finance", "unlike");
        const string threshold = "/v1/tenants/unlike/thresholds/one", cap = "/v1/tenants/unlike/caps/monthly";
        await finance.Put(threshold, """{"of":"cap:monthly","at":{"units":1}}""").Is(HttpStatusCode.Created);
        await finance.Put(cap, """{"limit":{"amount":"50"}}""").Is(HttpStatusCode.OK);
        await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome("o-1", "unlike"))
            .Is(HttpStatusCode.Created);
        const string outOfForce =
            """{"id":"one","of":"cap:monthly","at":{"units":1},"crossed":false,"level":null,"limit":null}""";
        Assert.Equal(outOfForce, (await finance.Get(threshold).Is(HttpStatusCode.OK)).ToJsonString());

        await finance.Put(cap, """{"limit":{"units":50}}""").Is(HttpStatusCode.OK);
        Assert.Equal(
            """{"id":"one","of":"cap:monthly","at":{"units":1},"crossed":true,"level":{"units":1},"limit":{"units":50}}""",
            (await finance.Get(threshold).Is(HttpStatusCode.OK)).ToJsonString());

        using var removed = await finance.Delete(cap);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(outOfForce, (await finance.Get(threshold).Is(HttpStatusCode.OK)).ToJsonString());
    }
}
