using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Plans;

/// <summary>A price for the units up to a number in the period; the last tier has no end (F7).</summary>
[OmitNulls]
internal sealed record TierWire : StoredDocument
{
    public long? UpTo { get; init; }
    [Demanded]
    public string? Price { get; init; }
}

/// <summary>A price for what matches (F7).</summary>
[OmitNulls]
internal sealed record PriceClassWire : StoredDocument
{
    [Demanded]
    public WhenWire? When { get; init; }
    [Demanded]
    public string? Price { get; init; }
}

/// <summary>One of them, or both: then both must match.</summary>
[OmitNulls]
internal sealed record WhenWire : StoredDocument
{
    public string? Workflow { get; init; }
    /// <summary>Method of the report's verification.</summary>
    public string? Verification { get; init; }
}

/// <summary><c>units</c> of an <c>outcome_type</c> at a <c>price</c>, or an <c>amount</c> (F8).</summary>
[OmitNulls]
internal sealed record CommitmentWire : StoredDocument
{
    /// <summary>Absent, with an amount: every type.</summary>
    public string? OutcomeType { get; init; }
    public long? Units { get; init; }
    public string? Price { get; init; }
    public string? Amount { get; init; }
    /// <summary><c>period</c> or <c>year</c>: twelve periods, counted from the tenant's first.</summary>
    public string? Per { get; init; }
}

/// <summary>Credits that come with the plan (F5, F6).</summary>
[OmitNulls]
internal sealed record PlanCreditsWire : StoredDocument
{
    /// <summary>Granted with each period, to its end.</summary>
    public string? PeriodGrant { get; init; }
    public RolloverWire? Rollover { get; init; }
}

/// <summary>Credits that are sold as they are (F9).</summary>
[OmitNulls]
internal sealed record PackWire
{
    [Demanded]
    public string? Id { get; init; }
    /// <summary>Above 0.</summary>
    [Demanded]
    public string? Credits { get; init; }
    /// <summary>Above 0, in the plan's currency.</summary>
    [Demanded]
    public string? Price { get; init; }
    /// <summary>ISO 8601 duration from the purchase on, PT1S to P3650D; absent: without end.</summary>
    public string? ExpiresAfter { get; init; }
}

/// <summary>What a plan grant has left lasts on (F6).</summary>
[OmitNulls]
internal sealed record RolloverWire : StoredDocument
{
    /// <summary>Of all rolled-over credits together.</summary>
    [Demanded]
    public string? Max { get; init; }
    /// <summary>1 to 36; absent: as long as the tenant is there.</summary>
    public long? Periods { get; init; }
}

/// <summary>What may go on demand once prepaid units are used up (F2).</summary>
[OmitNulls]
internal sealed record OverageRuleWire : StoredDocument
{
    /// <summary><c>bill</c> or <c>block</c>; absent: <c>bill</c> where the type has a price.</summary>
    public string? Mode { get; init; }
    /// <summary>Absent: the type's own.</summary>
    public string? Price { get; init; }
    public LimitWire? Limit { get; init; }
    public bool? RequiresAuthorization { get; init; }
    /// <summary><c>pause</c> or <c>handoff</c>.</summary>
    public AtLimitWire? AtLimit { get; init; }
}
