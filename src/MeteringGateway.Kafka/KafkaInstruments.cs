using System.Diagnostics.Metrics;

namespace MeteringGateway.Kafka;

/// <summary>What is measured of Kafka, beside <see cref="Instruments"/>.</summary>
internal static class KafkaInstruments
{
    private static readonly Meter Meter = new(Instruments.Name);
    private static readonly Lock Registering = new();
    private static Intake[] _intakes = [];

    /// <summary>Counter, by <c>result</c>: accepted, duplicate or rejected.</summary>
    public static readonly Counter<long> Consumed = Meter.CreateCounter<long>("metering.kafka.consumed", "{event}",
        "Events from Kafka that were decided, by result: accepted, duplicate or rejected.");

    /// <summary>Counter. Times that events waited and were tried again.</summary>
    public static readonly Counter<long> Retried = Meter.CreateCounter<long>("metering.kafka.retried", "{batch}",
        "Batches from Kafka that could not be decided for the moment and were tried again.");

    /// <summary>Counter, by <c>topic</c>.</summary>
    public static readonly Counter<long> Produced = Meter.CreateCounter<long>("metering.kafka.produced", "{message}",
        "Messages to Kafka that are there, by topic.");

    /// <summary>Counter, by <c>topic</c>.</summary>
    public static readonly Counter<long> Failed = Meter.CreateCounter<long>("metering.kafka.failed", "{message}",
        "Messages that Kafka did not take, by topic.");

    static KafkaInstruments()
    {
        Meter.CreateObservableGauge("metering.kafka.lag", () => _intakes.Sum(one => one.Lag), "{event}",
            "Events of the partitions that this process reads that are not yet stored.");
        Meter.CreateObservableGauge("metering.kafka.partitions", () => _intakes.Sum(one => one.Partitions),
            "{partition}", "Partitions that this process reads.");
        Meter.CreateObservableGauge("metering.kafka.paused", () => _intakes.Sum(one => one.Paused), "{partition}",
            "Of these, those that are paused until what was read of them is stored.");
    }

    public static void Register(Intake intake)
    {
        lock (Registering) _intakes = [.. _intakes, intake];
        // They begin with 0, so that whoever watches sees the first time, too.
        foreach (var result in (string[])["accepted", "duplicate", "rejected"])
            Consumed.Add(0, new KeyValuePair<string, object?>("result", result));
        Retried.Add(0);
    }

    public static void Unregister(Intake intake)
    {
        lock (Registering) _intakes = [.. _intakes.Where(other => other != intake)];
    }
}
