using System.Diagnostics;
using System.Text;
using MeteringGateway.LoadTests;
using MeteringGateway.Sdk;

namespace MeteringGateway.Kafka.Tests;

/// <summary>One trace, from what an agent does to what others are told of it, as a collector sees it.</summary>
public sealed class TraceTests : IAsyncLifetime, IDisposable
{
    private const string Type = "support.resolution";
    private const string AgentName = "an agent";
    private static readonly ActivitySource Agent = new(AgentName);
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-trace").FullName;
    private readonly List<Activity> _ofSdk = [];
    private readonly ActivityListener _listener;
    private Collector _collector = null!;
    private Bed _bed = null!;

    public TraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is AgentName or "MeteringGateway.Sdk",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (_ofSdk) if (activity.Source != Agent) _ofSdk.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public async Task InitializeAsync()
    {
        _collector = await Collector.Start();
        _bed = await Bed.StartOver(brokers => GatewayServer.Start(Options.DefaultDll(),
            Path.Combine(_directory, "data"), settings: new Dictionary<string, string>
            {
                ["METERING__TRACING__ENDPOINT"] = _collector.Url,
                ["METERING__TRACING__PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
                ["OTEL_SERVICE_NAME"] = "the-gateway",
                ["METERING__WEBHOOKS__ALLOWPRIVATE"] = "true",
                ["METERING__KAFKA__BOOTSTRAPSERVERS"] = brokers.Address,
                ["METERING__KAFKA__CLIENT__SESSION_TIMEOUT_MS"] = Bed.SessionTimeout,
                ["METERING__KAFKA__CLIENT__HEARTBEAT_INTERVAL_MS"] = "200",
            }));
        using var http = _bed.Http();
        await Put(http, "/v1/tenants/acme/caps/monthly",
            """{"limit":{"units":1},"at_limit":{"action":"handoff","to":"queue:tier1"}}""");
        await Put(http, "/v1/webhooks/desk",
            $$"""{"url":"{{_collector.Url}}/hook","events":["cap.reached"],"tenants":["acme"]}""");
    }

    public async Task DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _collector.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_call_of_an_agents_is_one_trace_through_check_turn_flush_signal_webhook_and_Kafka()
    {
        using var conversation = Agent.StartActivity("conversation")!;
        var client = Client();
        Assert.True((await client.CheckAsync("acme", Question.Outcome(Type))).MayAct);
        await client.ReportAsync(new OutcomeReport("acme", Type) { Id = "c-1" });
        var hook = await _collector.Hook();
        var messages = (await _bed.Read("metering.outcomes", 1)).Concat(await _bed.Read("metering.signals", 1))
            .Concat(await _bed.Read("metering.alerts", 1)).ToList();
        var trace = conversation.TraceId.ToHexString();
        await Bed.Until(() => Task.FromResult(Of(trace).Count == 9),
            () => Task.FromResult(string.Join('\n', _collector.Spans)));

        var check = One(trace, "POST /v1/tenants/{tenant}/check");
        Assert.Equal(Sdk(trace, "metering check"), check.Parent);
        Assert.Equal(("acme", "allow", "ok", "200"), (check.Tags["metering.tenant"], check.Tags["metering.decision"],
            check.Tags["metering.reason"], check.Tags["http.response.status_code"]));
        var report = One(trace, "POST /v1/events");
        Assert.Equal(Sdk(trace, "metering report"), report.Parent);
        var turn = One(trace, "turn");
        Assert.Equal(report.Id, turn.Parent);
        var flush = One(trace, "flush");
        Assert.Equal(turn.Id, flush.Parent);
        var signal = One(trace, "signal");
        Assert.Equal((flush.Id, "cap:monthly"), (signal.Parent, signal.Tags["metering.signal.key"]));
        var webhook = One(trace, "webhook");
        Assert.Equal((flush.Id, "desk", "cap.reached"),
            (webhook.Parent, webhook.Tags["metering.webhook"], webhook.Tags["metering.alert"]));
        Assert.Equal($"00-{trace}-{webhook.Id}-01", hook);
        foreach (var message in messages)
        {
            var published = One(trace, $"publish {message.Topic}");
            Assert.Equal(flush.Id, published.Parent);
            Assert.Equal($"00-{trace}-{published.Id}-01",
                Encoding.ASCII.GetString(message.Message.Headers.GetLastBytes("traceparent")));
        }
        Assert.All(Of(trace), span => Assert.Equal("the-gateway", span.Service));
    }

    [Fact]
    public async Task An_event_that_comes_by_Kafka_with_a_trace_is_decided_in_it()
    {
        using var desk = Agent.StartActivity("desk")!;
        _bed.Send([("bank", Bed.Report("bank", "b-1"))], desk.Id);
        var trace = desk.TraceId.ToHexString();
        await Bed.Until(() => Task.FromResult(Of(trace).Any(span => span.Name == "publish metering.outcomes")),
            () => Task.FromResult(string.Join('\n', _collector.Spans)));

        var process = One(trace, "process metering.events");
        Assert.Equal(desk.SpanId.ToHexString(), process.Parent);
        var turn = One(trace, "turn");
        Assert.Equal((process.Id, "bank"), (turn.Parent, turn.Tags["metering.tenant"]));
        Assert.Equal(turn.Id, One(trace, "flush").Parent);
    }

    [Fact]
    public async Task What_a_caller_does_not_record_and_who_asks_for_health_is_not_traced()
    {
        using var http = _bed.Http();
        var unrecorded = ActivityTraceId.CreateRandom().ToHexString();
        http.DefaultRequestHeaders.Add("traceparent", $"00-{unrecorded}-{ActivitySpanId.CreateRandom()}-00");
        using (await http.GetAsync(new Uri("/v1/tenants/zoo", UriKind.Relative))) { }
        http.DefaultRequestHeaders.Remove("traceparent");
        using (await http.GetAsync(new Uri("/health", UriKind.Relative))) { }
        using (await http.GetAsync(new Uri("/v1/tenants/zoo/caps", UriKind.Relative))) { }
        const string last = "GET /v1/tenants/{tenant}/caps";
        await Bed.Until(() => Task.FromResult(_collector.Spans.Any(span => span.Name == last)),
            () => Task.FromResult(string.Join('\n', _collector.Spans)));

        Assert.Empty(Of(unrecorded));
        Assert.DoesNotContain(_collector.Spans, span => span.Name.Contains("health", StringComparison.Ordinal));
        Assert.Equal("", _collector.Spans.Single(span => span.Name == last).Parent);
    }

    private MeteringClient Client() => new(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new MeteringOptions
    {
        Address = new Uri($"http://127.0.0.1:{_bed.Gateway.Port}"), Key = GatewayServer.AdminKey,
    });

    private List<Span> Of(string trace) => [.. _collector.Spans.Where(span => span.Trace == trace)];

    private Span One(string trace, string name) => Assert.Single(Of(trace), span => span.Name == name);

    /// <summary>The id of a span that the SDK made.</summary>
    private string Sdk(string trace, string name)
    {
        lock (_ofSdk)
            return Assert.Single(_ofSdk, span => span.OperationName == name && span.TraceId.ToHexString() == trace)
                .SpanId.ToHexString();
    }

    private static async Task Put(HttpClient http, string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await http.PutAsync(new Uri(path, UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
