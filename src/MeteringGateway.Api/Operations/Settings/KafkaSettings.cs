namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Kafka</c> of the settings.</summary>
public sealed class KafkaSettings
{
    /// <summary>Brokers to begin with, as <c>host:port,host:port</c>. Without it nothing of Kafka is there.</summary>
    public string? BootstrapServers { get; set; }

    public bool IsOn => !string.IsNullOrWhiteSpace(BootstrapServers);

    /// <summary>The consumer group: gateways of the same one share the partitions.</summary>
    public string Group { get; set; } = "metering";

    /// <summary>The topic that events are read from.</summary>
    public string Events { get; set; } = "metering.events";

    /// <summary>The topic that refused events go to.</summary>
    public string Rejected { get; set; } = "metering.events.rejected";

    /// <summary>The topic that signals are written to.</summary>
    public string Signals { get; set; } = "metering.signals";

    /// <summary>The topic that changes of outcomes are written to.</summary>
    public string Outcomes { get; set; } = "metering.outcomes";

    /// <summary>The topic that alerts are written to.</summary>
    public string Alerts { get; set; } = "metering.alerts";

    /// <summary>Events of one partition that are decided together; ten times as many are held at most.</summary>
    public int BatchEvents { get; set; } = 500;

    /// <summary>Bytes of messages that are read and not yet stored, of all partitions of this process.</summary>
    public long InFlightBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How often what was stored is told to the brokers.</summary>
    public TimeSpan CommitEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the journal is looked through for what is to be written to topics.</summary>
    public TimeSpan PublishEvery { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a start waits for brokers to say which topics there are.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Settings of the client's own, by their names, such as <c>security.protocol</c>.</summary>
    public Dictionary<string, string?> Client { get; set; } = [];
}
