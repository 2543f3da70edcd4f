namespace MeteringGateway.Api.Tests;

public class SignalTests(Started started) : IClassFixture<Started>
{
    private const string One = "application/cloudevents+json";
    private readonly Gateway _gateway = started.Gateway;

    [Fact]
    public async Task A_stream_begins_with_states_and_goes_on_with_signals_as_they_happen() // S1
    {
        await _gateway.Tenant("live");
        using var stream = await SignalReading.Open(_gateway, "/v1/tenants/live/signals");
        Assert.Equal([("state", null), ("state", "monthly")],
            (await stream.Next(2)).Select(one => (one.Name, (string?)one.Data["cap"])));
        await Fill("live");
        var handoff = Assert.Single(await stream.Next(1));
        Assert.Equal("handoff", handoff.Name);
        Assert.Equal(("live", "monthly", "cap_reached", "queue:tier1"),
            ((string?)handoff.Data["tenant"], (string?)handoff.Data["cap"], (string?)handoff.Data["reason"],
            (string?)handoff.Data["handoff"]!["to"]));
        Assert.Equal(3, (int?)handoff.Data["limit"]!["units"]);
        await _gateway.Admin.Put("/v1/tenants/live/caps/monthly", """{"limit":{"units":9}}""").Is(HttpStatusCode.OK);
        Assert.Equal("resume", Assert.Single(await stream.Next(1)).Name); // S2
    }

    [Fact]
    public async Task A_reader_that_comes_back_gets_what_it_missed_of_every_tenant()
    {
        await _gateway.Tenant("back-a");
        await _gateway.Tenant("back-b");
        string last;
        using (var first = await SignalReading.Open(_gateway, "/v1/signals?tenant=back-a&tenant=back-b"))
        {
            await first.Next(4);
            await Fill("back-a");
            last = Assert.Single(await first.Next(1)).Id;
        }
        await Fill("back-b");
        await _gateway.Admin.Put("/v1/tenants/back-a/caps/monthly", """{"limit":{"units":9}}""").Is(HttpStatusCode.OK);

        using var again = await SignalReading.Open(_gateway, "/v1/signals?tenant=back-a&tenant=back-b", last);
        var states = await again.Next(4);
        Assert.All(states, state => Assert.Equal("state", state.Name));
        // Until something was missed no more, the id continues from where the reader was.
        Assert.All(states, state => Assert.Equal(last, state.Id));
        Assert.Equal([("handoff", "back-b"), ("resume", "back-a")],
            (await again.Next(2)).Select(one => (one.Name, (string?)one.Data["tenant"])).Order());

        using var after = await SignalReading.Open(_gateway, $"/v1/tenants/back-b/signals?after={last}");
        Assert.Equal("handoff", (await after.Next(3))[2].Name);
    }

    [Fact]
    public async Task A_silent_stream_has_a_comment_every_15_seconds()
    {
        await _gateway.Tenant("silent");
        using var stream = await RawCall.Open(_gateway, "GET", "/v1/tenants/silent/signals", null);
        await stream.HearUntil("monthly");
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
        await slow.Next(2); // and from then on it reads nothing
        await quick.Next(2);
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
        await stream.Next(2);
        await Fill("ack");
        var signal = Assert.Single(await stream.Next(1));
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
    public async Task A_stream_that_cannot_be_is_refused(string path)
    {
        await _gateway.Admin.Put("/v1/plans/sig", Gateway.Plan);
        await _gateway.Admin.Put("/v1/tenants/sig", """{"name":"sig","plan":"sig"}""");
        await _gateway.Admin.Get(path).IsProblem(HttpStatusCode.UnprocessableEntity, "invalid");
        await _gateway.Admin.Get("/v1/tenants/nobody/signals").IsProblem(HttpStatusCode.NotFound, "unknown_tenant");
    }

    private async Task Fill(string tenant)
    {
        for (var i = 0; i < 3; i++)
            await _gateway.Admin.PostAs(One, "/v1/events", Report.Outcome($"f-{i}", tenant)).Is(HttpStatusCode.Created);
    }
}
