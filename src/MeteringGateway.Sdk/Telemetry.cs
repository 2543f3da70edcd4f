using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MeteringGateway.Sdk;

/// <summary>
/// What can be watched: an ActivitySource and a Meter, both <c>MeteringGateway.Sdk</c>. The instruments are listed in
/// <c>docs/agents.md</c>.
/// </summary>
internal static class Telemetry
{
    public const string Name = "MeteringGateway.Sdk";

    /// <summary>More than a collector keeps.</summary>
    private const int MostLinks = 128;

    private static readonly Meter Meter = new(Name);
    private static readonly ConcurrentDictionary<Allowance, bool> Allowances = new();
    private static readonly ConcurrentDictionary<Outbox, bool> Outboxes = new();

    public static ActivitySource Source { get; } = new(Name);

    /// <summary>Of the same name as HttpClient's: whoever listens to that one listens to this.</summary>
    private static readonly ActivitySource Http = new("System.Net.Http");

    public static Counter<long> Retries { get; } = Meter.CreateCounter<long>("metering.client.retries", "{call}",
        "Calls that were sent again");

    public static Counter<long> UnitsTaken { get; } = Meter.CreateCounter<long>("metering.client.units_taken",
        "{unit}", "Units taken ahead of need");

    public static Counter<long> UnitsReleased { get; } = Meter.CreateCounter<long>("metering.client.units_released",
        "{unit}", "Units taken ahead of need that were given back unused");

    public static Counter<long> Refused { get; } = Meter.CreateCounter<long>("metering.client.refused", "{decision}",
        "Local decisions that were not allow");

    public static Counter<long> Blind { get; } = Meter.CreateCounter<long>("metering.client.blind", "{decision}",
        "Decisions to act that were taken while the gateway was away");

    public static Counter<long> Delivered { get; } = Meter.CreateCounter<long>("metering.client.delivered", "{event}",
        "Reports of the outbox that were answered");

    static Telemetry()
    {
        Meter.CreateObservableUpDownCounter("metering.client.units_held",
            () => Allowances.Keys.Select(one => one.Measured), "{unit}",
            "Units that are held and can be given away at once");
        Meter.CreateObservableUpDownCounter("metering.client.waiting", () => Outboxes.Keys.Sum(one => (long)one.Count),
            "{event}", "Reports that wait in the outbox");
    }

    /// <summary>From now on what it holds is among what is held.</summary>
    public static void Watch(Allowance allowance) => Allowances[allowance] = true;

    public static void Forget(Allowance allowance) => Allowances.TryRemove(allowance, out _);

    public static void Watch(Outbox outbox) => Outboxes[outbox] = true;

    public static void Forget(Outbox outbox) => Outboxes.TryRemove(outbox, out _);

    /// <summary>The trace of whoever calls; null: there is none, or nobody listens.</summary>
    public static ActivityContext? Caller => Source.HasListeners() ? Activity.Current?.Context : null;

    /// <summary>
    /// The gateway goes on below the call. HttpClient would name a span of its own, which nobody is told of unless
    /// somebody listens to it.
    /// </summary>
    public static void Carry(Activity? call, HttpRequestMessage request)
    {
        if (call is not { IdFormat: ActivityIdFormat.W3C, Id: { } id } || Http.HasListeners()) return;
        request.Headers.Add("traceparent", id);
        if (call.TraceStateString is { Length: > 0 } state) request.Headers.Add("tracestate", state);
    }

    /// <summary>
    /// Begins a call. What is sent later, and for many, is below the trace that it is of, or, where it is of several, a
    /// trace of its own with links to them.
    /// </summary>
    /// <param name="callers">Null: whoever calls now.</param>
    public static Activity? Begin(string call, IEnumerable<ActivityContext>? callers)
    {
        var name = "metering " + call;
        if (callers is null || !Source.HasListeners()) return Source.StartActivity(name, ActivityKind.Client);
        var some = callers.Distinct().Take(MostLinks).ToList();
        return some.Count == 1 ? Source.StartActivity(name, ActivityKind.Client, some[0])
            : Source.StartActivity(name, ActivityKind.Client, default(ActivityContext),
                links: some.Select(one => new ActivityLink(one)));
    }
}
