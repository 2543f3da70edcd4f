namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Tracing</c> of the settings: where the spans of OpenTelemetry go.</summary>
public sealed class TracingSettings
{
    /// <summary>The variable that OpenTelemetry has for <see cref="Endpoint"/>.</summary>
    public const string StandardEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// A collector that speaks OTLP, as <c>http://127.0.0.1:4317</c>: switches <see href="#traces">traces</see> on; so
    /// does <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.
    /// </summary>
    public string? Endpoint { get; set; }

    /// <summary>
    /// <c>grpc</c> or <c>http/protobuf</c>; without it <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, else gRPC.
    /// </summary>
    public string? Protocol { get; set; }

    /// <summary>
    /// Which part of the traces that begin here is recorded, 0 to 1; without it <c>OTEL_TRACES_SAMPLER</c>, else all.
    /// </summary>
    public double? Ratio { get; set; }

    public bool IsOn => !string.IsNullOrWhiteSpace(Endpoint);
}
