namespace MeteringGateway.Api.Tests;

public class SignalTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_stream_begins_with_the_keys_that_stop_and_goes_on_with_signals_as_they_happen() // S1, S6
    {
        await _gateway.Tenant("live");
        using var stream = await SignalReading.Open(_gateway, "/v1/tenants/live/signals");
        var begin = await stream.UntilReady();
        Assert.Equal(["reset", "ready"], begin.Select(one => one.Name));
        Assert.All(begin, one => Assert.Equal("live", (string?)one.Data["tenant"]));

        await Fill("live");
        var handoff = await stream.Next();
        Assert.Equal("handoff", handoff.Name);
        Assert.Equal(("live", "cap:monthly", "monthly", "cap_reached", "queue:tier1"),
            ((string?)handoff.Data["tenant"], (string?)handoff.Data["key"], (string?)handoff.Data["cap"],
            (string?)handoff.Data["reason"], (string?)handoff.Data["handoff"]!["to"]));
        Assert.Equal("""[{"on":"outcome"}]""", handoff.Data["stops"]!.ToJsonString());
        Assert.Equal(3, (int?)handoff.Data["limit"]!["units"]);

        using var fresh = await SignalReading.Open(_gateway, "/v1/tenants/live/signals");
        var (reset, state, ready) = await fresh.UntilReady() is [var a, var b, var c] ? (a, b, c) : default;
        Assert.Equal(("reset", "state", "ready"), (reset.Name, state.Name, ready.Name));
        // A stream that breaks off before it is ready begins anew.
        Assert.Equal(("", "", true), (reset.Id, state.Id, ready.Id.Length > 0));
        Assert.Equal(handoff.Data.ToJsonString(), state.Data.ToJsonString());
        Assert.True((long?)ready.Data["sequence"] >= (long?)state.Data["sequence"]);

        await _gateway.Admin.Put("/v1/tenants/live/caps/monthly", """{"limit":{"units":9}}""").Is(HttpStatusCode.OK);
        var resume = await stream.Next();
        Assert.Equal(("resume", "cap:monthly", "[]"),
            (resume.Name, (string?)resume.Data["key"], resume.Data["stops"]!.ToJsonString())); // S2
        Assert.Equal("resume", (await fresh.Next()).Name);
    }

    [Fact]
    public async Task A_money_cap_that_is_used_up_stops_what_costs_too_much_and_nothing_else() // S6, C7
    {
        await _gateway.Tenant("dear", """
            {"currency":"USD","caps":[{"id":"budget","limit":{"amount":"2.50"}}],
             "activities":[{"id":"ticket","price":"0.40"}],
             "outcome_types":[{"id":"free","measurement_window":"PT0S"},{"id":"paid","price":"1.00",
              "measurement_window":"PT0S","prices":[{"when":{"workflow":"simple"},"price":"0.50"}]}]}
            """);
        using var stream = await SignalReading.Open(_gateway, "/v1/tenants/dear/signals");
        await stream.UntilReady();
        for (var i = 0; i < 2; i++) await Report("dear", $"p{i}", "paid", null);
        Assert.Equal(("pause", """[{"on":"outcome","outcome_type":"paid","workflow_not":["simple"]}]"""),
            Told(await stream.Next()));
        await Report("dear", "p2", "paid", "simple");
        Assert.Equal(("pause", """[{"on":"outcome","outcome_type":"paid"},{"on":"activity","activity":"ticket"}]"""),
            Told(await stream.Next()));
        foreach (var (question, decision) in new[] { ("free", "allow"), ("paid", "pause") })
            Assert.Equal(decision, (string?)(await _gateway.Admin.Post("/v1/tenants/dear/check",
                $$"""{"outcome_type":"{{question}}"}""").Is(HttpStatusCode.OK))["decision"]);
        var tenant = await _gateway.Admin.Get("/v1/tenants/dear").Is(HttpStatusCode.OK);
        Assert.Equal(("warned", "paused"),
            ((string?)tenant["state"], (string?)tenant["caps"]!.AsArray().Single()!["state"]));
    }

    [Fact]
    public async Task Resuming_by_hand_says_nothing_of_a_cap_that_still_stops() // S6
    {
        await _gateway.Tenant("hand");
        await Fill("hand");
        await _gateway.Admin.Post("/v1/tenants/hand/pause", """{"action":"pause","reason":"audit"}""")
            .Is(HttpStatusCode.NoContent);
        using var stream = await SignalReading.Open(_gateway, "/v1/tenants/hand/signals");
        Assert.Equal(["tenant pause", "cap:monthly handoff"], (await stream.UntilReady())
            .Where(one => one.Name == "state").Select(one => $"{one.Data["key"]} {one.Data["action"]}"));
        await _gateway.Admin.Post("/v1/tenants/hand/resume", null).Is(HttpStatusCode.NoContent);
        var resume = await stream.Next();
        Assert.Equal(("tenant", "[]"), ((string?)resume.Data["key"], resume.Data["stops"]!.ToJsonString()));
        using var fresh = await SignalReading.Open(_gateway, "/v1/tenants/hand/signals");
        Assert.Equal("cap:monthly", (string?)(await fresh.UntilReady()).Single(one => one.Name == "state").Data["key"]);
    }

    [Fact]
    public async Task A_tenant_that_is_closed_stops_in_every_view() // S6
    {
        await _gateway.Tenant("closed");
        await Fill("closed");
        using var stream = await SignalReading.Open(_gateway, "/v1/tenants/closed/signals");
        await stream.UntilReady();
        Assert.Contains("closed", await InNeed());
        await _gateway.Admin.Delete("/v1/tenants/closed").Is(HttpStatusCode.OK);

        var pause = await stream.Next();
        Assert.Equal(("pause", "tenant", "tenant_closed", """[{"on":"any"}]"""), (pause.Name,
            (string?)pause.Data["key"], (string?)pause.Data["reason"], pause.Data["stops"]!.ToJsonString()));
        using var fresh = await SignalReading.Open(_gateway, "/v1/tenants/closed/signals");
        Assert.Equal(pause.Data.ToJsonString(),
            (await fresh.UntilReady()).Single(one => one.Name == "state").Data.ToJsonString());
        Assert.DoesNotContain("closed", await InNeed());
        foreach (var path in new[] { "/v1/tenants/closed", "/v1/tenants/closed/usage" })
            Assert.Equal("paused", (string?)(await _gateway.Admin.Get(path).Is(HttpStatusCode.OK))["state"]);

        const string question = """{"outcome_type":"support.resolution"}""";
        const string recorded = """{"outcome_type":"support.resolution","record":true}""";
        const string held = """{"outcome_type":"support.resolution","quantity":1,"ttl":"PT60S"}""";
        foreach (var (path, body) in new[] { ("check", question), ("check", recorded), ("reservations", held) })
        {
            var answer = await _gateway.Admin.Post($"/v1/tenants/closed/{path}", body).Is(HttpStatusCode.OK);
            Assert.Equal(("pause", "tenant_closed"), ((string?)answer["decision"], (string?)answer["reason"]));
            Assert.Null(answer["reservation"]);
        }
        await _gateway.Admin.PostAs(One, "/v1/events", Support.Report.Outcome("late", "closed"))
            .IsProblem(HttpStatusCode.Conflict, "tenant_closed");

        async Task<IEnumerable<string?>> InNeed() =>
            (await _gateway.Admin.Get("/v1/attention?limit=1000").Is(HttpStatusCode.OK))["data"]!.AsArray()
                .Select(row => (string?)row!["tenant"]);
    }

    [Fact]
    public async Task A_reader_that_comes_back_gets_what_it_missed_of_every_tenant()
    {
        await _gateway.Tenant("back-a");
        await _gateway.Tenant("back-b");
        string last;
        using (var first = await SignalReading.Open(_gateway, "/v1/signals?tenant=back-a&tenant=back-b"))
        {
            await first.UntilReady(2);
            await Fill("back-a");
            last = (await first.Next()).Id;
        }
        await Fill("back-b");
        await _gateway.Admin.Put("/v1/tenants/back-a/caps/monthly", """{"limit":{"units":9}}""").Is(HttpStatusCode.OK);

        // In whichever order they are named.
        using var again = await SignalReading.Open(_gateway, "/v1/signals?tenant=back-b&tenant=back-a", last);
        Assert.Equal([("handoff", "back-b"), ("resume", "back-a")],
            (await again.Next(2)).Select(one => (one.Name, (string?)one.Data["tenant"])).Order());
        // A stream of other tenants begins anew, and so does one that an id of before was given to.
        foreach (var id in new[] { last, "YmFjay1iPTQ" })
        {
            using var other = await SignalReading.Open(_gateway, $"/v1/tenants/back-b/signals?after={id}");
            Assert.Equal(["reset", "state", "ready"], (await other.UntilReady()).Select(one => one.Name));
        }
    }

    [Fact]
    public async Task A_reader_that_comes_back_and_missed_nothing_is_answered_at_once()
    {
        await _gateway.Tenant("quiet");
        string id;
        using (var stream = await SignalReading.Open(_gateway, "/v1/tenants/quiet/signals"))
            id = (await stream.UntilReady())[^1].Id;

        using var again = await SignalReading.Open(_gateway, "/v1/tenants/quiet/signals", id)
            .WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(HttpStatusCode.OK, again.Response.StatusCode);
    }

    [Fact]
    public async Task A_stream_that_broke_off_between_two_tenants_begins_the_second_anew()
    {
        await _gateway.Tenant("half-a");
        await _gateway.Tenant("half-b");
        await Fill("half-b");
        string half;
        using (var first = await SignalReading.Open(_gateway, "/v1/signals?tenant=half-a&tenant=half-b"))
            half = (await first.UntilReady(1))[^1].Id;
        await Fill("half-a");
        using var again = await SignalReading.Open(_gateway, "/v1/signals?tenant=half-a&tenant=half-b", half);
        Assert.Equal(["reset half-b", "state half-b", "ready half-b", "handoff half-a"],
            (await again.Next(4)).Select(one => $"{one.Name} {one.Data["tenant"]}"));
    }

    [Fact]
    public async Task What_stands_between_neither_keeps_a_stream_nor_holds_it_back()
    {
        await _gateway.Tenant("proxied");
        foreach (var path in new[] { "/v1/tenants/proxied/signals", "/v1/signals?tenant=proxied" })
        {
            using var stream = await SignalReading.Open(_gateway, path);
            Assert.Equal("no", stream.Response.Headers.GetValues("X-Accel-Buffering").Single());
            Assert.Equal((true, true), (stream.Response.Headers.CacheControl!.NoTransform,
                stream.Response.Headers.CacheControl.NoStore));
        }
    }

    [Fact]
    public async Task A_stream_of_many_tenants_with_many_keys_is_sent_as_it_is_made()
    {
        var caps = string.Join(',', Enumerable.Range(0, 100)
            .Select(i => $$"""{"id":"cap-{{i}}","limit":{"units":0},"scope":{"agent":"a-{{i}}" } }"""));
        await _gateway.Admin.Put("/v1/plans/many",
            """{"currency":"USD","outcome_types":[{"id":"res"}],"caps":[""" + caps + "]}").Is(HttpStatusCode.Created);
        const int count = 40;
        var tenants = Enumerable.Range(0, count).Select(i => $"{new string('t', 55)}-many-{i:00}").ToArray();
        foreach (var tenant in tenants)
            await _gateway.Admin.Put($"/v1/tenants/{tenant}", """{"name":"many","plan":"many"}""")
                .Is(HttpStatusCode.Created);
        using var stream = await SignalReading.Open(_gateway, $"/v1/signals?tenant={string.Join("&tenant=", tenants)}");
        var all = await stream.UntilReady(count);
        Assert.Equal(count * 100, all.Count(one => one.Name == "state"));
        // The id says where all tenants stand in a few bytes each, and names none.
        Assert.All(all, one => Assert.InRange(one.Id.Length, 0, 4 * count));

        await _gateway.Admin.Put($"/v1/tenants/{tenants[0]}/caps/cap-7",
            """{"scope":{"agent":"a-7"},"limit":{"units":9}}""").Is(HttpStatusCode.OK);
        var resume = await stream.Next();
        Assert.Equal(("resume", "cap:cap-7"), (resume.Name, (string?)resume.Data["key"]));
        Assert.InRange(resume.Id.Length, 1, 4 * count);
    }

    [Fact]
    public async Task A_silent_stream_has_a_comment_every_15_seconds()
    {
        await _gateway.Tenant("silent");
        using var stream = await RawCall.Open(_gateway, "GET", "/v1/tenants/silent/signals", null);
        await stream.HearUntil("ready");
        while (true)
        {
            _gateway.Clock.Advance(TimeSpan.FromSeconds(15));
            if ((await stream.HearUntil(": \n\n")).Contains(": \n\n", StringComparison.Ordinal)) break;
        }
    }

    [FactInOneProcess]
    public async Task A_reader_that_does_not_keep_up_is_closed_and_hinders_nobody()
    {
        // Without sockets a connection holds little: a reader that stops reading is felt at once.
        await using var small = await Gateway.Start(withoutSockets: true);
        await small.Tenant("slow");
        using var slow = await SignalReading.Open(small, "/v1/tenants/slow/signals");
        using var quick = await SignalReading.Open(small, "/v1/tenants/slow/signals");
        await slow.UntilReady(); // and from then on it reads nothing
        await quick.UntilReady();
        var message =
            $$"""{"action":"handoff","to":"{{new string('q', 250)}}","reason":"x","message":"{{new string('m', 900)}}"}""";
        for (var i = 0; i < 150; i++)
        {
            await small.Admin.Post("/v1/tenants/slow/pause", message).Is(HttpStatusCode.NoContent);
            await small.Admin.Post("/v1/tenants/slow/resume", null).Is(HttpStatusCode.NoContent);
            Assert.Equal(["handoff", "resume"], (await quick.Next(2)).Select(one => one.Name));
            small.Clock.Advance(TimeSpan.FromSeconds(11)); // past the time that one write may take
        }
        await Assert.ThrowsAnyAsync<IOException>(() => slow.Next(300));
    }

    [Fact]
    public async Task A_signal_is_acknowledged() // S3
    {
        await _gateway.Tenant("ack");
        using var stream = await SignalReading.Open(_gateway, "/v1/tenants/ack/signals");
        await stream.UntilReady();
        await Fill("ack");
        var signal = await stream.Next();
        using var agent = await _gateway.Role("agent", "ack");
        await agent.Post($"/v1/tenants/ack/signals/{signal.Data["sequence"]}/ack", """{"agent":"fin-3"}""")
            .Is(HttpStatusCode.NoContent);
        await agent.Post("/v1/tenants/ack/signals/99999/ack", """{"agent":"fin-3"}""")
            .IsProblem(HttpStatusCode.NotFound, "unknown_signal");
        await agent.Post("/v1/tenants/ack/signals/1/ack", "{}")
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    [Theory]
    [InlineData("/v1/signals")]
    [InlineData("/v1/signals?tenant=sig&after=nonsense!")]
    [InlineData("/v1/signals?tenant=sig&after=eA")]
    [InlineData("/v1/signals?tenant=sig&after=AQ")]
    public async Task A_stream_that_cannot_be_is_refused(string path)
    {
        await _gateway.Admin.Put("/v1/plans/sig", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/sig", """{"name":"sig","plan":"sig"}""");
        await _gateway.Admin.Get(path).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Get("/v1/tenants/nobody/signals").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
    }

    [Fact]
    public async Task A_stream_is_of_a_hundred_tenants_at_most() // N4
    {
        var tenants = string.Join('&', Enumerable.Range(0, 101).Select(i => $"tenant=t-{i}"));
        await _gateway.Admin.Get($"/v1/signals?{tenants}").IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
    }

    private static (string Name, string Stops) Told(ServerEvent told) =>
        (told.Name, told.Data["stops"]!.ToJsonString());

    private Task<JsonObject> Report(string tenant, string id, string type, string? workflow) =>
        _gateway.Admin.Post($"/v1/tenants/{tenant}/outcomes",
            $$"""{"id":"{{id}}","outcome_type":"{{type}}","workflow":{{(workflow is null ? "null" : $"\"{workflow}\"")}}}""")
            .Is(HttpStatusCode.Created);

    private async Task Fill(string tenant)
    {
        for (var i = 0; i < 3; i++)
            await _gateway.Admin.PostAs(One, "/v1/events", Support.Report.Outcome($"f-{i}", tenant))
                .Is(HttpStatusCode.Created);
    }
}
