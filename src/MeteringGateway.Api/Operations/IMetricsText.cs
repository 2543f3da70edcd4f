namespace MeteringGateway.Api.Operations;

/// <summary>What was measured, as Prometheus reads it. Listens from when it is made.</summary>
internal interface IMetricsText
{
    /// <summary>Prometheus' text format, 0.0.4.</summary>
    ValueTask<string> Write(CancellationToken cancellation);
}
