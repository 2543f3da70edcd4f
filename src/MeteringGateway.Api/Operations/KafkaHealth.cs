namespace MeteringGateway.Api.Operations;

/// <summary>How Kafka stands with this process, for those who ask after its health.</summary>
internal sealed class KafkaHealth
{
    private volatile string? _brokers;
    private volatile string? _consuming;
    private volatile string? _publishing;

    /// <summary>Why no broker can be used; null: one can.</summary>
    public string? Brokers { get => _brokers; set => _brokers = value; }

    /// <summary>Why no events are read at present; null: they are.</summary>
    public string? Consuming { get => _consuming; set => _consuming = value; }

    /// <summary>Why nothing is written to topics at present; null: it is.</summary>
    public string? Publishing { get => _publishing; set => _publishing = value; }

    public bool IsOn { get; set; }

    public bool IsWell => Brokers is null && Consuming is null && Publishing is null;

    /// <summary>Null: Kafka is off; <c>ok</c>, or what is wrong.</summary>
    public string? State => !IsOn ? null : Brokers ?? Consuming ?? Publishing ?? "ok";
}
