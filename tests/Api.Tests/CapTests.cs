namespace MeteringGateway.Api.Tests;

public class CapTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_cap_is_set_read_and_removed()
    {
        await _gateway.Tenant("caps");
        using var finance = await _gateway.Role("finance", "caps");
        const string cap =
            """{"scope":{"agent":"fin-3"},"limit":{"units":10},"period":"day","at_limit":{"action":"handoff","to":"queue:a","message":"later"}}""";
        using var made = await finance.Put("/v1/tenants/caps/caps/daily", cap);
        var written = await Task.FromResult(made).Is(HttpStatusCode.Created);
        Assert.Equal(
            """{"id":"daily","scope":{"agent":"fin-3"},"limit":{"units":10},"period":"day","at_limit":{"action":"handoff","to":"queue:a","message":"later"}}""", written.ToJsonString());
        var list = await finance.Get("/v1/tenants/caps/caps").Is(HttpStatusCode.OK);
        Assert.Equal(["daily", "monthly"], list["data"]!.AsArray().Select(one => (string)one!["id"]!));

        await finance.Put("/v1/tenants/caps/caps/daily", cap, ("If-Match", "\"0\""))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition_failed");
        await finance.Put("/v1/tenants/caps/caps/daily", cap, ("If-Match", made.Headers.ETag!.ToString()))
            .Is(HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.NoContent, (await finance.Delete("/v1/tenants/caps/caps/daily")).StatusCode);
        await finance.Delete("/v1/tenants/caps/caps/daily").IsProblem(HttpStatusCode.NotFound, "unknown_cap");
    }

    [Fact]
    public async Task A_limit_below_what_stands_needs_a_choice() // C6
    {
        await _gateway.Tenant("lower");
        for (var i = 0; i < 2; i++)
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events", Report.Outcome($"o-{i}", "lower"))
                .Is(HttpStatusCode.Created);

        var problem = await _gateway.Admin.Put("/v1/tenants/lower/caps/monthly", """{"limit":{"units":1}}""")
            .IsProblem(HttpStatusCode.Conflict, "cap_below_exposure");
        Assert.Equal(2, (int?)problem["exposure"]!["units"]);
        Assert.Equal(["now", "next_period"], problem["choices"]!.AsArray().Select(choice => (string)choice!));
        await _gateway.Admin.Put("/v1/tenants/lower/caps/monthly",
            """{"limit":{"units":1},"when_below_exposure":"now"}""").Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_new_cap_below_what_stands_can_begin_with_the_next_period_and_be_removed_before() // C6
    {
        await _gateway.Tenant("coming");
        for (var i = 0; i < 2; i++)
            await _gateway.Admin.PostAs("application/cloudevents+json", "/v1/events",
                Report.Outcome($"o-{i}", "coming")).Is(HttpStatusCode.Created);

        await _gateway.Admin.Put("/v1/tenants/coming/caps/lower",
            """{"limit":{"units":1},"when_below_exposure":"next_period"}""").Is(HttpStatusCode.Created);

        // not in force
        var cap = await _gateway.Admin.Get("/v1/tenants/coming/caps/lower").Is(HttpStatusCode.OK);
        Assert.Null(cap["limit"]);
        Assert.Equal(1, (int?)cap["scheduled"]![0]!["change"]!["cap"]!["limit"]!["units"]);
        Assert.Equal("allow",
            (string?)(await _gateway.Admin.Post("/v1/tenants/coming/check", """{"outcome_type":"support.resolution"}""")
                .Is(HttpStatusCode.OK))["decision"]);
        Assert.Equal(HttpStatusCode.NoContent,
            (await _gateway.Admin.Delete("/v1/tenants/coming/caps/lower")).StatusCode);
        await _gateway.Admin.Delete("/v1/tenants/coming/caps/lower").IsProblem(HttpStatusCode.NotFound, "unknown_cap");
    }

    [Fact]
    public async Task A_cap_on_a_type_that_is_not_there_would_never_hold_and_is_refused()
    {
        await _gateway.Tenant("typo");
        var problem = await _gateway.Admin.Put("/v1/tenants/typo/caps/c",
            """{"scope":{"outcome_type":"suport"},"limit":{"units":1}}""")
                .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        Assert.Equal(["/scope/outcome_type"], problem.Pointers());
    }

    [Fact]
    public async Task Agents_are_paused_and_resumed_by_hand()
    {
        await _gateway.Tenant("stop");
        using var finance = await _gateway.Role("finance", "stop");
        await finance.Post("/v1/tenants/stop/pause", """{"action":"handoff","to":"queue:b","reason":"incident"}""")
            .Is(HttpStatusCode.NoContent);
        var paused = await _gateway.Admin.Post("/v1/tenants/stop/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK);
        Assert.Equal(("handoff", "tenant_paused", "queue:b"),
            ((string?)paused["decision"], (string?)paused["reason"], (string?)paused["handoff"]!["to"]));
        await finance.Post("/v1/tenants/stop/resume", null).Is(HttpStatusCode.NoContent);
        Assert.Equal("allow",
            (string?)(await _gateway.Admin.Post("/v1/tenants/stop/check", """{"outcome_type":"support.resolution"}""")
                .Is(HttpStatusCode.OK))["decision"]);
        await finance.Post("/v1/tenants/stop/pause", """{"action":"notify","reason":"x"}""")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }
}
