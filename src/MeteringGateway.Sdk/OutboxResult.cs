using System.Text.Json;

namespace MeteringGateway.Sdk;

/// <summary>Whether an outbox took a report.</summary>
public enum OutboxResult
{
    /// <summary>It did not: as many bytes wait as may.</summary>
    Full,

    /// <summary>It is on disk, and will be sent.</summary>
    Kept,
}

/// <summary>A report that the gateway refused for good.</summary>
/// <param name="Event">The CloudEvent, as it was sent.</param>
/// <param name="Problem">Why.</param>
public sealed record RefusedReport(JsonElement Event, Problem Problem);
