namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Kafka</c> of the settings.</summary>
public sealed class KafkaSettings
{
    /// <summary>Brokers, as <c>host:port,host:port</c>: switches <see href="kafka.md">Kafka</see> on.</summary>
    public string? BootstrapServers { get; set; }

    public bool IsOn => !string.IsNullOrWhiteSpace(BootstrapServers);

    /// <summary>The consumer group; gateways of the same store have the same one.</summary>
    public string Group { get; set; } = "metering";

    /// <summary>The topic that events are read from.</summary>
    public string Events { get; set; } = "metering.events";

    /// <summary>The topic that refused events go to.</summary>
    public string Rejected { get; set; } = "metering.events.rejected";

    /// <summary>The topic that signals are written to; empty: they are not.</summary>
    public string Signals { get; set; } = "metering.signals";

    /// <summary>The topic that changes of outcomes are written to; empty: they are not.</summary>
    public string Outcomes { get; set; } = "metering.outcomes";

    /// <summary>The topic that alerts are written to; empty: they are not.</summary>
    public string Alerts { get; set; } = "metering.alerts";

    /// <summary>Settings and the topics that they name, those that events come from or go to.</summary>
    public IEnumerable<(string Name, string Topic)> Topics() =>
        [(nameof(Events), Events), (nameof(Rejected), Rejected), .. Told()];

    /// <summary>The same of what is told; none: nothing is.</summary>
    public IEnumerable<(string Name, string Topic)> Told() =>
        new[] { (nameof(Signals), Signals), (nameof(Outcomes), Outcomes), (nameof(Alerts), Alerts) }
            .Where(one => one.Item2.Length > 0);

    /// <summary>
    /// Events of one partition that are decided together; with ten times as many in memory the partition is paused; 1
    /// to 10000.
    /// </summary>
    public int BatchEvents { get; set; } = 500;

    /// <summary>Bytes of messages that are read and not yet stored; each partition has an equal share.</summary>
    public long InFlightBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// How often the group is told what was stored; what was not told comes again after a crash, and is recognised.
    /// </summary>
    public TimeSpan CommitEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the journal is looked through for what is to be written to topics.</summary>
    public TimeSpan PublishEvery { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a start waits for brokers to say which topics there are.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Below it, settings of the client by <see href="kafka.md#security">its own names</see>:
    /// <c>Metering:Kafka:Client:security.protocol</c>.
    /// </summary>
    public Dictionary<string, string?> Client { get; set; } = [];
}
