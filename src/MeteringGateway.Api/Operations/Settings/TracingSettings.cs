namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Tracing</c> of the settings: where the spans of OpenTelemetry go.</summary>
public sealed class TracingSettings
{
    /// <summary>The variable that OpenTelemetry has for <see cref="Endpoint"/>.</summary>
    public const string StandardEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// A collector that speaks OTLP, such as <c>http://127.0.0.1:4317</c>; without it what
    /// <see cref="StandardEndpoint"/> says. Without either nothing is traced.
    /// </summary>
    public string? Endpoint { get; set; }

    /// <summary><c>grpc</c> or <c>http/protobuf</c>; without it as OpenTelemetry's variables say, else gRPC.</summary>
    public string? Protocol { get; set; }

    /// <summary>
    /// Which part of the traces that begin here is recorded, 0 to 1; without it as OpenTelemetry's variables say, else
    /// all. A caller's own decision stands.
    /// </summary>
    public double? Ratio { get; set; }

    public bool IsOn => !string.IsNullOrWhiteSpace(Endpoint);
}
