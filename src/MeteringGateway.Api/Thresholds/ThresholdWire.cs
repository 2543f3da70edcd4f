using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Thresholds;

/// <summary>
/// A level at which an alert is raised (S4), as in a plan and as set on a tenant. The id is in the path when one is
/// set.
/// </summary>
[OmitNulls]
internal sealed record ThresholdWire : StoredDocument
{
    [Demanded]
    public string? Id { get; init; }
    /// <summary>
    /// <c>cap:</c> and a cap's id, <c>included:</c> and an outcome type's, <c>credits</c> or <c>spend</c>.
    /// </summary>
    [Demanded]
    public string? Of { get; init; }
    [Demanded]
    public LevelWire? At { get; init; }
}

/// <summary>Exactly one of the three.</summary>
[OmitNulls]
internal sealed record LevelWire : StoredDocument
{
    /// <summary>1 to 100, of the limit in force.</summary>
    public long? Percent { get; init; }
    public long? Units { get; init; }
    /// <summary>Money, or credits.</summary>
    public string? Amount { get; init; }
}

/// <summary>A threshold as it is set; the id is in the path.</summary>
internal sealed record PutThresholdWire
{
    [Demanded]
    public string? Of { get; init; }
    [Demanded]
    public LevelWire? At { get; init; }
}

/// <summary>A threshold, and where it stands in the open period.</summary>
/// <param name="Crossed">It has alerted, and is not armed again.</param>
/// <param name="Level">
/// What stands now; null: it is out of force, as its cap is gone or is counted in something else than it.
/// </param>
/// <param name="Limit">What it is a level of; null for spend, and out of force.</param>
internal sealed record ThresholdStateWire(string Id, string Of, LevelWire At, bool Crossed, LimitWire? Level,
    LimitWire? Limit);
