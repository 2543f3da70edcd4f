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
    /// <summary>Gauge. Tenants of the store by <c>state</c>, as every process over it says.</summary>
    public const string Tenants = "metering.tenants";
    /// <summary>Gauge, 1. The most severe of the tenants near or at a limit, with its <c>state</c>.</summary>
    public const string TenantInNeed = "metering.tenant.in_need";
    /// <summary>Gauge. What a tenant's open period has come to, by <c>currency</c>.</summary>
    public const string TenantSpend = "metering.tenant.spend";
    /// <summary>Gauge. Units of a tenant's open period by <c>status</c>.</summary>
    public const string TenantUnits = "metering.tenant.units";
    /// <summary>Gauge. What stands against a tenant's <c>cap</c>, as a share of it.</summary>
    public const string TenantCapUsed = "metering.tenant.cap_used_ratio";
    /// <summary>Gauge. Of a tenant's successes that its buyer judged, the share that it accepted (O8).</summary>
    public const string TenantAgreement = "metering.tenant.agreement_ratio";
    /// <summary>Gauge. Tenants that failed and are not served for a while; the others are.</summary>
    public const string TenantsUnavailable = "metering.tenants.unavailable";
    /// <summary>Counter. Signals handed to readers as they became durable.</summary>
    public const string SignalsSent = "metering.signals.sent";
    /// <summary>Counter. Signals that an agent runtime acknowledged.</summary>
    public const string SignalsAcknowledged = "metering.signals.acknowledged";
    /// <summary>Counter. Signals handed to readers that asked for what they had missed.</summary>
    public const string SignalsReplayed = "metering.signals.replayed";
    /// <summary>Histogram, s. From when a signal was durable to its being written to a reader's stream.</summary>
    public const string SignalDelay = "metering.signal.delay";
    /// <summary>Histogram, s. From a signal to its acknowledgement, by the tenant's clock (S3).</summary>
    public const string SignalAcknowledgement = "metering.signal.acknowledgement";
    /// <summary>Counter. Alerts that became durable, by <c>type</c> (S5).</summary>
    public const string AlertsRaised = "metering.alerts";

    /// <summary>
    /// Counter. Batches that the store refused because somebody else had written the tenant in between.
    /// </summary>
    public const string FenceLost = "metering.fence.lost";
    /// <summary>
    /// Counter. Entries that a Redis had acknowledged and has lost, as the fence found of tenants that were in memory.
    /// </summary>
    public const string EntriesLost = "metering.entries.lost";
    /// <summary>Counter. Batches of which the store did not say whether it has them.</summary>
    public const string AppendUnknown = "metering.append.unknown";
    /// <summary>Counter. Batches that the store refused to write: nothing of them is there.</summary>
    public const string AppendRefused = "metering.append.refused";

    /// <summary>Counter. Snapshots that could not be stored: the tenant is loaded from an older one.</summary>
    public const string SnapshotsFailed = "metering.snapshots.failed";

    /// <summary>Counter. Entries of closed periods that were moved into segments.</summary>
    public const string EntriesSealed = "metering.entries.sealed";
    /// <summary>Counter. Archived outcomes that were moved into segments.</summary>
    public const string OutcomesSealedName = "metering.outcomes.sealed";
    /// <summary>Counter. Times that a tenant's entries could not be: they stay where they are.</summary>
    public const string SealsFailed = "metering.seals.failed";

    private static readonly Meter Meter = new(Name);
    private static readonly Lock Registering = new();
    private static LocalTenants[] _engines = [];

    private static readonly string[] EventTypes =
        ["outcome.reported", "activity.reported", "outcome.confirmed", "outcome.reopened", "outcome.escalated",
            "outcome.abandoned", "outcome.failed", "outcome.rejected", "outcome.verdict"];
    private static readonly string[] EventResults = ["accepted", "duplicate", .. Names<Refusal>()];
    private static readonly long[] EventCounts = new long[EventTypes.Length * EventResults.Length];
    private static readonly string[] States = Names<LimitState>();
    private static readonly string[] Statuses = Names<OutcomeStatus>();
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
    private static readonly Histogram<double> Delay = Meter.CreateHistogram<double>(SignalDelay, "s",
        "From when a signal was durable to its being written to a reader's stream.");
    internal static readonly Histogram<double> Acknowledgement = Meter.CreateHistogram(SignalAcknowledgement, "s",
        "From when a signal was made to its being acknowledged, by the tenant's clock.", null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200],
        });
    private static readonly Counter<long> Raised = Meter.CreateCounter<long>(AlertsRaised, "{alert}",
        "Alerts that were raised, by type.");

    internal static readonly Counter<long> FencesLost = Meter.CreateCounter<long>(FenceLost, "{batch}",
        "Batches that the store refused because somebody else had written the tenant in between.");
    /// <summary>Counted by the store.</summary>
    public static readonly Counter<long> Lost = Meter.CreateCounter<long>(EntriesLost, "{entry}",
        "Entries that Redis had acknowledged and has lost, as the fence found them.");
    internal static readonly Counter<long> Unknown = Meter.CreateCounter<long>(AppendUnknown, "{batch}",
        "Batches of which the store did not say whether it has them.");
    internal static readonly Counter<long> Refused = Meter.CreateCounter<long>(AppendRefused, "{batch}",
        "Batches that the store refused to write, having no room or taking none: nothing of them is there.");
    internal static readonly Counter<long> NoSnapshot = Meter.CreateCounter<long>(SnapshotsFailed, "{snapshot}",
        "Snapshots that could not be stored: the tenant is loaded from an older one.");

    internal static readonly Counter<long> Sealed = Meter.CreateCounter<long>(EntriesSealed, "{entry}",
        "Entries of closed periods that were moved into segments.");
    internal static readonly Counter<long> OutcomesSealed = Meter.CreateCounter<long>(OutcomesSealedName, "{outcome}",
        "Archived outcomes that were moved into segments.");
    /// <summary>Counted by whoever seals.</summary>
    public static readonly Counter<long> NotSealed = Meter.CreateCounter<long>(SealsFailed, "{time}",
        "Times that a tenant's entries could not be moved into segments: they stay where they are.");

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
        Watched();
    }

    private static void Watched()
    {
        Meter.CreateObservableGauge(Tenants, () => States.Select((state, at) => new Measurement<long>(
            _engines.Sum(engine => engine.Watch.ByState.ElementAtOrDefault(at)), Label("state", state))), "{tenant}",
            "Tenants that the store has, by state; each process over one store says the same.");
        Meter.CreateObservableGauge(TenantInNeed, () => _engines.SelectMany(engine => engine.Watch.InNeed.Select(one =>
            new Measurement<long>(1, Label("tenant", one.Tenant), Label("state", States[(int)one.State])))), "{tenant}",
            "Tenants near or at a limit, the most severe first, as many as are told by name; always 1.");
        Meter.CreateObservableGauge(TenantSpend, () => Each(figure => figure.Spend is { } spend
            ? [(spend.Micros / 1e6, Named("currency", figure.Currency))] : []), "{currency}",
            "What outcomes and activities of the tenant's open period have come to.");
        Meter.CreateObservableGauge(TenantUnits, () => Each(figure => figure.Units.Select(one =>
            ((double)one.Units, Named("status", Statuses[(int)one.Status])))), "{unit}",
            "Units of the tenant's open period, by status.");
        Meter.CreateObservableGauge(TenantCapUsed, () => Each(figure => figure.Caps.Select(one =>
            (one.Limit.Value == 0 ? 1 : (double)one.Used.Value / one.Limit.Value,
                Named("cap", one.Cap)))), "1",
            "What stands against the tenant's cap, reservations included, as a share of it.");
        Meter.CreateObservableGauge(TenantAgreement, () => Each(figure => figure.Judged == 0 ? []
            : [((double)figure.Agreed / figure.Judged, null)]), "1",
            "Of the tenant's successes that its buyer judged in the open period, the share that it accepted.");
    }

    /// <summary>Reads what is shown of tenants by name, and how many there are of each state.</summary>
    public static Task Refresh(CancellationToken cancellation) =>
        Task.WhenAll(_engines.Select(engine => engine.Guarded(() => engine.Watch.Refresh(cancellation))));

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);

    private static KeyValuePair<string, object?>? Named(string name, string value) => Label(name, value);

    private static IEnumerable<Measurement<double>> Each(
        Func<WatchedFigure, IEnumerable<(double Value, KeyValuePair<string, object?>? Label)>> figures) =>
        _engines.SelectMany(engine => engine.Watch.Tenants.SelectMany(one => figures(one.Figure).Select(figure =>
            figure.Label is { } label
                ? new Measurement<double>(figure.Value, Label("tenant", one.Tenant), label)
                : new Measurement<double>(figure.Value, Label("tenant", one.Tenant)))));

    /// <summary>
    /// Counters that say that something is wrong begin with 0, so that whoever watches sees the first time, too. Called
    /// by who listens.
    /// </summary>
    public static void Begin()
    {
        Counter<long>[] all = [Sent, Acknowledged, Replayed, FencesLost, Lost, Unknown, Refused, NoSnapshot, Sealed,
            OutcomesSealed, NotSealed];
        foreach (var counter in all) counter.Add(0);
        foreach (var type in (string[])[Alerts.CapReached, Alerts.AgreementLow])
            Raised.Add(0, new KeyValuePair<string, object?>("type", type));
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

    /// <summary>A signal was written to a reader's stream.</summary>
    /// <param name="now">In ticks of UTC; where another machine's clock is behind, no time has passed.</param>
    public static void Count(in ToldSignal told, long now)
    {
        if (told.DurableAt > 0)
            Delay.Record(Math.Max(0, now - told.DurableAt) / (double)TimeSpan.TicksPerSecond);
    }

    internal static void Count(IReadOnlyList<Alert> durable)
    {
        foreach (var alert in durable) Raised.Add(1, new KeyValuePair<string, object?>("type", alert.Type));
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
