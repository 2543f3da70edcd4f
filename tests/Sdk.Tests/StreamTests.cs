namespace MeteringGateway.Sdk.Tests;

/// <summary>A stream of signals that breaks off goes on where it was.</summary>
public class StreamTests
{
    private const string Told = """
        event: reset
        data: {"tenant":"t"}

        event: state
        data: {"tenant":"t","sequence":4,"key":"cap:m","action":"pause",
        data:  "stops":[{"on":"outcome","workflow_not":["x"]}],"scope":{},"cap":"m","limit":{"units":3},
        data:  "reason":"cap_reached","handoff":null,"at":"2026-11-21T12:00:00.000Z","resets_at":null}

        event: ready
        id: here
        data: {"tenant":"t","sequence":9}

        : 

        event: something-newer
        id: there
        data: 1


        """;

    private static MeteringOptions Options() => Caller.Options(new Uri("http://gateway.test/"), "a-key");

    private static HttpResponseMessage Stream(string text) =>
        Answers.Json(HttpStatusCode.OK, text, "text/event-stream");

    private static async Task<List<SignalEvent>> Read(MeteringClient client, int count, string? cursor = null)
    {
        var heard = new List<SignalEvent>();
        await foreach (var signal in client.SignalsAsync(["t"], cursor))
        {
            heard.Add(signal);
            if (heard.Count == count) break;
        }
        return heard;
    }

    [Fact]
    public async Task It_is_opened_again_with_the_last_id_that_came()
    {
        using var wire = new Answers((_, _) => Stream(Told));

        var heard = await Read(Caller.Client(Options(), null, wire), 7);

        Assert.Equal([SignalKind.Connected, SignalKind.Reset, SignalKind.State, SignalKind.Ready, SignalKind.Lost,
            SignalKind.Connected, SignalKind.Reset], heard.Select(each => each.Kind));
        Assert.Equal(["/v1/signals?tenant=t", "/v1/signals?tenant=t"], wire.All.Select(sent => sent.Path));
        Assert.Equal([null, "there"], wire.All.Select(sent => sent.LastEventId));
        Assert.Equal(("here", "there"), (heard[3].Cursor, heard[4].Cursor));
        var signal = heard[2].Signal!;
        Assert.Equal(("m", new Limit(3, null), 4L), (signal.Cap, signal.Limit, signal.Sequence));
        Assert.True(signal.Refuses(Question.Outcome("a")));
        Assert.False(signal.Refuses(Question.Outcome("a") with { Workflow = "x" }));
    }

    [Fact]
    public async Task It_is_opened_again_whatever_failed()
    {
        using var between = new Failing(new Answers((_, _) => Stream(Told))) { Failures = 2 };

        var heard = await Read(Caller.Client(Options(), null, between), 2);

        Assert.Equal([SignalKind.Connected, SignalKind.Reset], heard.Select(each => each.Kind));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"tenant\":\"t\",\"sequence\":10,\"key\":\"tenant\",\"action\":\"pause\",\"reason\":\"x\"}")]
    public async Task A_signal_that_cannot_be_read_breaks_the_stream_off_and_is_asked_for_again(string data)
    {
        var told = $"event: ready\nid: here\ndata: {{\"tenant\":\"t\"}}\n\nevent: pause\nid: there\ndata: {data}\n\n";
        using var wire = new Answers((_, count) => Stream(count == 1 ? told : Told));

        var heard = await Read(Caller.Client(Options(), null, wire), 4);

        Assert.Equal([SignalKind.Connected, SignalKind.Ready, SignalKind.Lost, SignalKind.Connected],
            heard.Select(each => each.Kind));
        Assert.Equal([null, "here"], wire.All.Select(sent => sent.LastEventId));
    }

    [Fact]
    public async Task An_id_that_no_header_can_hold_is_not_sent_back()
    {
        using var wire = new Answers((_, _) => Stream(Told.Replace("id: there", "id: th\u00e9re")));

        await Read(Caller.Client(Options(), null, wire), 7);

        Assert.Equal([null, "here"], wire.All.Select(sent => sent.LastEventId));
    }

    [Fact]
    public async Task A_cursor_that_the_gateway_does_not_know_is_forgotten()
    {
        using var wire = new Answers((request, _) => request.Headers.Contains("Last-Event-ID")
            ? Answers.Problem(HttpStatusCode.UnprocessableEntity, "invalid") : Stream(Told));

        var heard = await Read(Caller.Client(Options(), null, wire), 1, $"of another gateway");

        Assert.Equal(new SignalEvent(SignalKind.Connected), heard[0]);
        Assert.Equal(["of another gateway", null], wire.All.Select(sent => sent.LastEventId));
    }

    [Fact]
    public async Task Who_may_not_listen_is_told_and_who_may_later_waits_as_long_as_it_is_told()
    {
        var clock = new FakeClock();
        using var refusing = new Answers((_, _) => Answers.Problem(HttpStatusCode.Forbidden, "forbidden"));
        await Assert.ThrowsAsync<MeteringException>(() => Read(Caller.Client(Options(), clock, refusing), 1));

        using var busy = new Answers((_, count) => count == 1
            ? Answers.Problem(HttpStatusCode.TooManyRequests, "too_many_streams", retryAfter: 30) : Stream(Told));
        var reading = Read(Caller.Client(Options(), clock, busy), 1);
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Single(busy.All);
        for (var i = 0; i < 10_000 && !reading.IsCompleted; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.Equal(SignalKind.Connected, Assert.Single(await reading).Kind);
    }

    [Fact]
    public async Task A_stream_on_which_nothing_comes_is_opened_again()
    {
        await using var gateway = await Gateway.Start();
        await gateway.Tenant("t");
        var clock = new FakeClock();
        using var cable = new Cable();
        var options = Caller.Options(gateway.Address, await gateway.Key("agent", "t"));
        options.AttemptTimeout = TimeSpan.FromDays(10); // the test's time runs while the gateway answers
        var client = Caller.Client(options, clock, cable);
        var gate = new Gate(clock);
        using var ended = new CancellationTokenSource();
        var listening = gate.ListenAsync(client, ["t"], ended.Token);
        await Caller.Until(() => gate.Ask("t", Question.Outcome("a")).State == GateState.Open, () => $"ready");

        clock.Advance(TimeSpan.FromSeconds(44));
        Assert.True(gate.IsLive);
        clock.Advance(TimeSpan.FromSeconds(2));
        await Caller.Until(() => !gate.IsLive, () => $"lost");
        await Caller.Until(() =>
        {
            if (cable.Opened < 2) clock.Advance(TimeSpan.FromSeconds(1));
            return gate.IsLive;
        }, () => $"open again: {cable.Opened}, {gate.DeafFor}, {listening.Status} {listening.Exception}");

        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
        Assert.False(gate.IsLive);
    }
}
