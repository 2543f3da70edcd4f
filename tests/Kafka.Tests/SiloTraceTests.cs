using System.Diagnostics;
using System.Text;
using MeteringGateway.Sdk;

namespace MeteringGateway.Kafka.Tests;

/// <summary>One trace over two silos: the agent asks one, and its tenant lives on the other.</summary>
public sealed class SiloTraceTests : IAsyncLifetime
{
    private const string Type = "support.resolution";
    private const string AgentName = "an agent of silos";
    private static readonly ActivitySource Agent = new(AgentName);
    private readonly List<Activity> _ofSdk = [];
    private readonly string _keys = Directory.CreateTempSubdirectory("metering-keys").FullName;
    private Collector _collector = null!;

    public async Task InitializeAsync() => _collector = await Collector.Start();

    public async Task DisposeAsync()
    {
        await _collector.DisposeAsync();
        Directory.Delete(_keys, recursive: true);
    }

    [FactIfInstalled("redis-server")]
    public async Task A_call_is_one_trace_through_the_silo_that_is_asked_and_the_one_where_its_tenant_lives()
    {
        using var listener = Listen();
        (string, string)[] settings =
        [
            ("METERING__TRACING__ENDPOINT", _collector.Url), ("METERING__TRACING__PROTOCOL", "http/protobuf"),
            ("METERING__KEYDIRECTORY", _keys), ("METERING__WEBHOOKS__ALLOWPRIVATE", "true"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ];
        using var redis = new RedisServer(cores: null);
        // Alone at first: tenants live there, and it is the one that sends webhooks and writes to topics.
        await using var bed = await Bed.StartOver(brokers => SiloTests.Silo(redis, brokers, settings));
        using (var http = bed.Http())
        {
            await Put(http, "/v1/tenants/acme/caps/monthly",
                """{"limit":{"units":1},"at_limit":{"action":"handoff","to":"queue:tier1"}}""");
            await Put(http, "/v1/webhooks/desk",
                $$"""{"url":"{{_collector.Url}}/hook","events":["cap.reached"],"tenants":["acme"]}""");
        }
        using var asked = SiloTests.Silo(redis, bed.Brokers, settings);

        string trace;
        using (var conversation = Agent.StartActivity("conversation")!)
        {
            trace = conversation.TraceId.ToHexString();
            var client = new MeteringClient(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, new MeteringOptions
            {
                Address = new Uri($"http://127.0.0.1:{asked.Port}"), Key = GatewayServer.AdminKey,
            });
            Assert.True((await client.CheckAsync("acme", Question.Outcome(Type))).MayAct);
            await client.ReportAsync(new OutcomeReport("acme", Type) { Id = "c-1" });
        }
        var hook = await _collector.Hook();
        string[] last = ["signal", "webhook", "publish metering.signals", "publish metering.outcomes",
            "publish metering.alerts"];
        await Bed.Until(() => Task.FromResult(last.All(name => Of(trace).Any(span => span.Name == name))
                && Of(trace).All(span => span.Parent == "" || Root(trace, span) is not null)),
            () => Task.FromResult(string.Join('\n', Of(trace))));

        // What the silo that was asked did is below the call of the SDK's; all else below that, over the grain's call.
        var report = One(trace, "POST /v1/events");
        Assert.Equal(Sdk(trace, "metering report"), report.Parent);
        Assert.Equal(Sdk(trace, "metering check"), One(trace, "POST /v1/tenants/{tenant}/check").Parent);
        var (turn, flush) = (One(trace, "turn"), One(trace, "flush"));
        Assert.NotEqual(report.Instance, turn.Instance);
        var hop = Above(trace, turn).TakeWhile(span => span.Id != report.Id).ToList();
        Assert.Contains(hop, span => span.Instance == report.Instance); // calls the grain
        Assert.Contains(hop, span => span.Instance == turn.Instance); // is called
        Assert.Equal(report.Id, Above(trace, turn).ElementAt(hop.Count).Id);
        Assert.Equal(turn.Id, flush.Parent);
        foreach (var name in last)
        {
            var told = One(trace, name);
            Assert.Equal((flush.Id, turn.Instance), (told.Parent, told.Instance));
        }
        Assert.Equal($"00-{trace}-{One(trace, "webhook").Id}-01", hook);
        Assert.Equal($"00-{trace}-{One(trace, "publish metering.alerts").Id}-01", Encoding.ASCII.GetString(
            (await bed.Read("metering.alerts", 1))[0].Message.Headers.GetLastBytes("traceparent")));
    }

    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is AgentName or "MeteringGateway.Sdk",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (_ofSdk) if (activity.Source != Agent) _ofSdk.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private List<Span> Of(string trace) => [.. _collector.Spans.Where(span => span.Trace == trace)];

    private Span One(string trace, string name) => Assert.Single(Of(trace), span => span.Name == name);

    /// <summary>Those that it is below, the nearest first; as far as they were told.</summary>
    private IEnumerable<Span> Above(string trace, Span span)
    {
        var all = Of(trace);
        while (all.FirstOrDefault(one => one.Id == span.Parent) is { } parent)
        {
            yield return parent;
            span = parent;
        }
    }

    /// <summary>The request that all of it began with, below a span of the SDK's; null: it was not told yet.</summary>
    private Span? Root(string trace, Span span)
    {
        var first = Above(trace, span).LastOrDefault() ?? span;
        lock (_ofSdk) return _ofSdk.Any(sdk => sdk.SpanId.ToHexString() == first.Parent) ? first : null;
    }

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
