using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;

namespace MeteringGateway.Sdk.Tests;

/// <summary>By itself: its figures are of the whole process.</summary>
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public sealed class TelemetryAlone;

/// <summary>What an agent runtime can be watched by.</summary>
[Collection(nameof(TelemetryTests))]
public sealed class TelemetryTests : IDisposable
{
    private const string Held = """
        {"decision":"allow","reason":"ok","remaining":90,"limit":null,"funding":"on_demand","unit_price":"0.99",
         "handoff":null,"retry_at":null,"period":"2026-11-01","sequence":1,
         "reservation":{"id":"r1","quantity":10,"remaining":10,"expires_at":"2026-11-01T00:00:00.000Z"}}
        """;

    private const string Refused = """
        {"decision":"pause","reason":"cap_reached","remaining":0,"limit":null,"funding":null,"unit_price":null,
         "handoff":null,"retry_at":null,"period":"2026-11-01","sequence":1,"reservation":null}
        """;

    private readonly FakeClock _clock = new();
    private readonly MeterListener _meters = new();
    private readonly Dictionary<string, Instrument> _instruments = [];
    private readonly Dictionary<string, long> _sums = [];
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("telemetry-");

    public TelemetryTests()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name != "MeteringGateway.Sdk") return;
            _instruments[instrument.Name] = instrument;
            listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var name = instrument.Name["metering.client.".Length..]
                + string.Concat(tags.ToArray().Select(tag => $" {tag.Key}={tag.Value}"));
            lock (_sums) _sums[name] = (instrument.IsObservable ? 0 : _sums.GetValueOrDefault(name)) + value;
        });
        System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(typeof(Telemetry).TypeHandle);
        _meters.Start();
    }

    public void Dispose()
    {
        _meters.Dispose();
        _directory.Delete(recursive: true);
    }

    private long Measured(string name)
    {
        lock (_sums)
        {
            // What is observed is what is there now.
            foreach (var old in _sums.Keys.ToList())
                if (_instruments["metering.client." + old.Split(' ')[0]].IsObservable) _sums.Remove(old);
        }
        _meters.RecordObservableInstruments();
        lock (_sums) return _sums.GetValueOrDefault(name);
    }

    [Fact]
    public void Every_instrument_is_in_the_table_of_the_page_with_its_kind_and_unit()
    {
        var page = File.ReadAllText(Repository.File("docs/agents.md"));
        var rows = Regex.Matches(page, @"^\| `(metering\.client\.\w+)` \| ([\w-]+) \| (\w+) \|", RegexOptions.Multiline)
            .Select(row => (row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value));

        Assert.Equal(rows.Order(), _instruments.Values.Select(one =>
            (one.Name, one is Counter<long> ? "counter" : one is ObservableUpDownCounter<long> ? "up-down" : "?",
                one.Unit!.Trim('{', '}') + "s")).Order());
    }

    [Fact]
    public async Task Calls_that_are_sent_again_are_counted_by_call()
    {
        using var wire = new Answers((_, count) => count == 1
            ? Answers.Problem(HttpStatusCode.ServiceUnavailable, "unavailable")
            : Answers.Json(HttpStatusCode.OK, Held));
        await Caller.Client(Options(), null, wire).CheckAsync("t", Question.Outcome(Caller.Type));

        Assert.Equal(1, Measured("retries call=check"));
    }

    [Fact]
    public async Task Units_are_counted_as_they_are_taken_and_given_back_and_shown_while_they_are_held()
    {
        using var wire = new Answers((request, _) => request.Method == HttpMethod.Delete
            ? new HttpResponseMessage(HttpStatusCode.NoContent) : Answers.Json(HttpStatusCode.Created, Held));
        const string held = "units_held tenant=t outcome_type=support.resolution";
        var allowance = Allowance(wire, OnUnavailable.Deny);
        var permit = await allowance.DecideAsync();
        Assert.Equal((10, 9, 0), (Measured("units_taken"), Measured(held), Measured("units_released")));

        allowance.Return(permit);
        Assert.Equal(10, Measured(held));
        await allowance.DisposeAsync();
        Assert.Equal((10, 0, 10), (Measured("units_taken"), Measured(held), Measured("units_released")));
    }

    [Fact]
    public async Task Refusals_are_counted_by_reason()
    {
        using var wire = new Answers((_, _) => Answers.Json(HttpStatusCode.OK, Refused));
        await using var allowance = Allowance(wire, OnUnavailable.Deny);
        Assert.False((await allowance.DecideAsync()).MayAct);
        Assert.False((await allowance.DecideAsync()).MayAct);

        Assert.Equal(2, Measured("refused reason=cap_reached"));
    }

    [Fact]
    public async Task What_is_decided_while_the_gateway_is_away_is_counted()
    {
        using var wire = new Answers((_, _) => throw new HttpRequestException("no route"));
        await using var allowance = Allowance(wire, OnUnavailable.Allow);
        Assert.True((await allowance.DecideAsync()).IsBlind);

        Assert.Equal(1, Measured("blind"));
    }

    [Fact]
    public async Task Reports_are_shown_while_they_wait_and_counted_as_they_are_answered()
    {
        var isAway = true;
        using var wire = new Answers((_, _) => isAway ? throw new HttpRequestException("no route")
            : Answers.Json(HttpStatusCode.OK, """
                {"results":[{"id":"c-1","status":"accepted"},{"id":"c-2","status":"duplicate"}]}
                """));
        var options = Options();
        options.OutboxFile = Path.Combine(_directory.FullName, "outbox");
        var client = Caller.Client(options, _clock, wire);
        await using (var before = new Outbox(client, options, _clock))
        {
            await before.EnqueueAsync(Caller.Report("t", "c-1"));
            await before.EnqueueAsync(Caller.Report("t", "c-2"));
            Assert.Equal(2, Measured("waiting"));
        }
        Assert.Equal(0, Measured("waiting"));

        isAway = false;
        await using var outbox = new Outbox(client, options, _clock);
        await Caller.Until(() => outbox.Count == 0, () => "sent");
        Assert.Equal((0, 1, 1), (Measured("waiting"), Measured("delivered status=accepted"),
            Measured("delivered status=duplicate")));
    }

    [Fact]
    public async Task Reports_that_wait_are_sent_in_the_traces_that_they_are_of()
    {
        using var agent = new ActivitySource("agent of a test");
        var sent = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source == agent || source == Telemetry.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => { if (activity.OperationName == "metering report") sent.Add(activity); },
        };
        ActivitySource.AddActivityListener(listener);
        var (batches, gate) = (new List<int>(), new SemaphoreSlim(0));
        using var wire = new Answers((request, _) =>
        {
            gate.Wait();
            var events = JsonNode.Parse(request.Content!.ReadAsStringAsync().Result)!.AsArray();
            batches.Add(events.Count);
            return Answers.Json(HttpStatusCode.OK, new JsonObject
            {
                ["results"] = new JsonArray([.. events.Select(e => new JsonObject
                {
                    ["id"] = (string)e!["id"]!, ["status"] = "accepted",
                })]),
            }.ToJsonString());
        });
        var options = Options();
        options.OutboxFile = Path.Combine(_directory.FullName, "traced");
        using var creator = agent.StartActivity("whoever made the outbox")!;
        await using var outbox = new Outbox(Caller.Client(options, _clock, wire), options, _clock);
        creator.Stop();

        var callers = new List<ActivityTraceId>();
        for (var i = 0; i < 3; i++)
        {
            using var conversation = agent.StartActivity("conversation")!;
            callers.Add(conversation.TraceId);
            await outbox.EnqueueAsync(Caller.Report("t", $"c-{i}"));
            // The first is sent by itself, and the others wait for it.
            if (i == 0) await Caller.Until(() => wire.All.Count == 1, () => "the first is under way");
        }
        gate.Release(2);
        await Caller.Until(() => outbox.Count == 0, () => "sent");

        Assert.Equal([1, 2], batches);
        Assert.Equal(callers[0], sent[0].TraceId);
        Assert.Equal(default, sent[1].ParentSpanId);
        Assert.Equal(callers[1..], sent[1].Links.Select(link => link.Context.TraceId));
    }

    private static MeteringOptions Options()
    {
        var options = Caller.Options(new Uri("http://gateway.test/"), "a-key");
        options.Attempts = 2;
        return options;
    }

    private Allowance Allowance(Answers wire, OnUnavailable then)
    {
        var options = Options();
        options.Attempts = 1;
        var gate = new Gate(_clock);
        gate.Hear(new SignalEvent(SignalKind.Connected));
        return new Allowance(Caller.Client(options, _clock, wire), gate, "t", Question.Outcome(Caller.Type),
            new AllowanceOptions { OnUnavailable = then }, _clock);
    }
}
