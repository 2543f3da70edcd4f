using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// What the engine measures. Counts that are made for every check or event are kept in arrays and read when somebody
/// asks for them, so that counting costs one addition.
/// </summary>
public static class Instruments
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "MeteringGateway";

    /// <summary>
    /// Counter. Events by <c>type</c> (the CloudEvents type) and <c>result</c> (accepted, duplicate, or the refusal).
    /// </summary>
    public const string Events = "metering.events";
    /// <summary>Counter. Checks and reservations by <c>decision</c> and <c>reason</c>.</summary>
    public const string Decisions = "metering.decisions";
    /// <summary>Histogram, s. One transaction of the journal, sync included.</summary>
    public const string FlushDuration = "metering.flush.duration";
    /// <summary>Histogram. Entries in one transaction of the journal.</summary>
    public const string FlushEntries = "metering.flush.entries";
    /// <summary>Gauge. Entries waiting for the disk.</summary>
    public const string QueueDepth = "metering.queue.depth";
    /// <summary>Gauge, s. From opening the journal to being ready.</summary>
    public const string RecoveryDuration = "metering.recovery.duration";
    /// <summary>Gauge. Entries folded since the start to bring tenants into memory.</summary>
    public const string RecoveryEntries = "metering.recovery.entries";
    /// <summary>Gauge. Tenants in memory.</summary>
    public const string TenantsLoaded = "metering.tenants.loaded";
    /// <summary>Gauge. Tenants that failed and are not served for a while; the others are.</summary>
    public const string TenantsUnavailable = "metering.tenants.unavailable";
    /// <summary>Counter. Signals handed to readers as they became durable.</summary>
    public const string SignalsSent = "metering.signals.sent";
    /// <summary>Counter. Signals that an agent runtime acknowledged.</summary>
    public const string SignalsAcknowledged = "metering.signals.acknowledged";
    /// <summary>Counter. Signals handed to readers that asked for what they had missed.</summary>
    public const string SignalsReplayed = "metering.signals.replayed";
    /// <summary>
    /// Histogram, s. From the turn that made a signal to its being handed to a reader; the flush lies between.
    /// </summary>
    public const string SignalDelay = "metering.signal.delay";

    /// <summary>
    /// Counter. Batches that the store refused because somebody else had written the tenant in between.
    /// </summary>
    public const string FenceLost = "metering.fence.lost";
    /// <summary>Counter. Batches of which the store did not say whether it has them.</summary>
    public const string AppendUnknown = "metering.append.unknown";
    /// <summary>Counter. Batches that the store refused to write: nothing of them is there.</summary>
    public const string AppendRefused = "metering.append.refused";

    /// <summary>Counter. Snapshots that could not be stored: the tenant is loaded from an older one.</summary>
    public const string SnapshotsFailed = "metering.snapshots.failed";

    private static readonly Meter Meter = new(Name);
    private static readonly Lock Registering = new();
    private static LocalTenants[] _engines = [];

    private static readonly string[] EventTypes =
        ["outcome.reported", "activity.reported", "outcome.confirmed", "outcome.reopened", "outcome.escalated",
            "outcome.abandoned", "outcome.failed", "outcome.rejected", "outcome.verdict"];
    private static readonly string[] EventResults = ["accepted", "duplicate", .. Names<Refusal>()];
    private static readonly long[] EventCounts = new long[EventTypes.Length * EventResults.Length];
    private static readonly string[] DecisionKinds = Names<DecisionKind>();
    private static readonly string[] DecisionReasons = Names<DecisionReason>();
    private static readonly long[] DecisionCounts = new long[DecisionKinds.Length * DecisionReasons.Length];

    internal static readonly Histogram<double> FlushSeconds = Meter.CreateHistogram<double>(FlushDuration, "s",
        "How long one transaction of the journal took, sync included.");
    internal static readonly Histogram<long> FlushSize = Meter.CreateHistogram<long>(FlushEntries, "{entry}",
        "Entries in one transaction of the journal.");
    internal static readonly Counter<long> Sent = Meter.CreateCounter<long>(SignalsSent, "{signal}",
        "Signals handed to readers as they became durable.");
    internal static readonly Counter<long> Acknowledged = Meter.CreateCounter<long>(SignalsAcknowledged, "{signal}",
        "Signals that an agent runtime acknowledged.");
    internal static readonly Counter<long> Replayed = Meter.CreateCounter<long>(SignalsReplayed, "{signal}",
        "Signals handed to readers that asked for what they had missed.");
    internal static readonly Histogram<double> Delay = Meter.CreateHistogram<double>(SignalDelay, "s",
        "From the turn that made a signal to its being handed to a reader; the flush lies between.");

    internal static readonly Counter<long> FencesLost = Meter.CreateCounter<long>(FenceLost, "{batch}",
        "Batches that the store refused because somebody else had written the tenant in between.");
    internal static readonly Counter<long> Unknown = Meter.CreateCounter<long>(AppendUnknown, "{batch}",
        "Batches of which the store did not say whether it has them.");
    internal static readonly Counter<long> Refused = Meter.CreateCounter<long>(AppendRefused, "{batch}",
        "Batches that the store refused to write, having no room or taking none: nothing of them is there.");
    internal static readonly Counter<long> NoSnapshot = Meter.CreateCounter<long>(SnapshotsFailed, "{snapshot}",
        "Snapshots that could not be stored: the tenant is loaded from an older one.");

    static Instruments()
    {
        Meter.CreateObservableCounter(Events, () => Cells(EventCounts, "type", EventTypes, "result", EventResults),
            "{event}", "Events by type and result: accepted, duplicate, or the refusal.");
        Meter.CreateObservableCounter(Decisions,
            () => Cells(DecisionCounts, "decision", DecisionKinds, "reason", DecisionReasons), "{decision}",
            "Checks and reservations by decision and reason.");
        Meter.CreateObservableGauge(QueueDepth, () => _engines.Sum(engine => engine.QueueDepth), "{entry}",
            "Entries that wait to be written.");
        Meter.CreateObservableGauge(TenantsLoaded, () => (long)_engines.Sum(engine => engine.TenantsLoaded),
            "{tenant}", "Tenants in memory.");
        Meter.CreateObservableGauge(TenantsUnavailable, () => (long)_engines.Sum(engine => engine.Failing), "{tenant}",
            "Tenants that something is wrong with: they are tried again, and no other is touched.");
        Meter.CreateObservableGauge(RecoveryDuration, () => _engines.Sum(engine => engine.RecoveryTime.TotalSeconds),
            "s", "From opening the store to being ready, at the last start.");
        Meter.CreateObservableGauge(RecoveryEntries, () => _engines.Sum(engine => engine.EntriesReplayed), "{entry}",
            "Entries folded since the start to bring tenants into memory.");
    }

    /// <summary>Counts the answer to a check.</summary>
    internal static void Count(Decision decision) =>
        Interlocked.Increment(ref DecisionCounts[(int)decision.Kind * DecisionReasons.Length + (int)decision.Reason]);

    /// <summary>Counts a durable answer.</summary>
    internal static void Count(Command command, Answer answer)
    {
        switch (answer)
        {
            case Answer.Decided { Decision: var decision }: Count(decision); break;
            case Answer.Reserved { Decision: var decision }: Count(decision); break;
            case Answer.Accepted accepted when command is Command.Event @event:
                Count(@event, accepted.Duplicate ? 1 : 0); break;
            case Answer.Refused refused when command is Command.Event @event: Count(@event, 2 + (int)refused.Code);
                break;
            case Answer.Done when command is Command.Acknowledge: Acknowledged.Add(1); break;
        }
    }

    internal static void Register(LocalTenants engine)
    {
        lock (Registering) _engines = [.. _engines, engine];
    }

    internal static void Unregister(LocalTenants engine)
    {
        lock (Registering) _engines = [.. _engines.Where(other => other != engine)];
    }

    internal static double SecondsSince(long timestamp) => Stopwatch.GetElapsedTime(timestamp).TotalSeconds;

    private static void Count(Command.Event @event, int result)
    {
        var type = @event switch
        {
            Command.ReportActivity => 1,
            Command.ReportFact fact => Math.Min(2 + (int)fact.Kind, EventTypes.Length - 1),
            _ => 0,
        };
        Interlocked.Increment(ref EventCounts[type * EventResults.Length + result]);
    }

    private static IEnumerable<Measurement<long>> Cells(long[] counts, string row, string[] rows, string column,
        string[] columns)
    {
        for (var i = 0; i < counts.Length; i++)
            if (Volatile.Read(ref counts[i]) is > 0 and var count)
                yield return new Measurement<long>(count, new(row, rows[i / columns.Length]),
                    new(column, columns[i % columns.Length]));
    }

    private static string[] Names<T>() where T : struct, Enum =>
        [.. Enum.GetNames<T>().Select(JsonNamingPolicy.SnakeCaseLower.ConvertName)];
}
