using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Thresholds;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.Plans;

/// <summary>
/// A plan's members, or a tenant's overrides of them. Everything may be absent: what must be there is checked when it
/// is read as terms.
/// </summary>
[OmitNulls]
internal record PlanWire : StoredDocument
{
    /// <summary>ISO 4217 code; one for the tenant's whole life (N2).</summary>
    public string? Currency { get; init; }
    /// <summary>What a credit is worth in the currency (N2).</summary>
    public string? CreditValue { get; init; }
    public IReadOnlyList<OutcomeTypeWire?>? OutcomeTypes { get; init; }
    public IReadOnlyList<ActivityTypeWire?>? Activities { get; init; }
    /// <summary>A line of every statement (F8).</summary>
    public string? PlatformFee { get; init; }
    /// <summary>A line of the first statement (F8).</summary>
    public string? ImplementationFee { get; init; }
    /// <summary>In the order in which they are used up (F8).</summary>
    public IReadOnlyList<CommitmentWire?>? Commitments { get; init; }
    public PlanCreditsWire? Credits { get; init; }
    /// <summary>For what the types' own rules do not govern (F2).</summary>
    public OverageRuleWire? Overage { get; init; }
    public IReadOnlyList<CapWire?>? Caps { get; init; }
    public IReadOnlyList<ThresholdWire?>? Thresholds { get; init; }
    /// <summary>Packs of credits that the buyer may buy (F9).</summary>
    public IReadOnlyList<PackWire?>? TopUps { get; init; }
    /// <summary>What packs may come to in a period (F9); absent: anything; 0: none can be bought.</summary>
    public string? TopUpLimit { get; init; }
    public TrainingWire? Training { get; init; }
    /// <summary>ISO 8601 duration, up to P30D (T4).</summary>
    public string? MaxLateness { get; init; }
    /// <summary>Of a plan alone, and of no effect on what it charges.</summary>
    public PlanPageWire? Page { get; init; }
}

/// <summary>What the public price page says in the seller's own words, beside what follows from the terms.</summary>
[OmitNulls]
internal sealed record PlanPageWire : StoredDocument
{
    /// <summary>Up to 200 characters, in place of the page's own.</summary>
    public string? Headline { get; init; }
    /// <summary>Up to 20, of up to 500 characters each.</summary>
    public IReadOnlyList<string?>? BillableExamples { get; init; }
    /// <summary>Up to 20, of up to 500 characters each.</summary>
    public IReadOnlyList<string?>? NonBillableExamples { get; init; }
}

[OmitNulls]
internal sealed record OutcomeTypeWire : StoredDocument
{
    [Demanded]
    public string? Id { get; init; }
    public string? Price { get; init; }
    /// <summary>Graduated prices, instead of <c>price</c> (F7).</summary>
    public IReadOnlyList<TierWire?>? Tiers { get; init; }
    /// <summary>The first that matches, else <c>price</c> (F7).</summary>
    public IReadOnlyList<PriceClassWire?>? Prices { get; init; }
    /// <summary>Credits that a unit takes, while there are any (F1); <c>price</c> is what follows.</summary>
    public string? Credits { get; init; }
    public OverageRuleWire? Overage { get; init; }
    public long? IncludedUnits { get; init; }
    public string? MeasurementWindow { get; init; }
    public bool? WindowRestartsOnActivity { get; init; }
    public bool? OncePerSession { get; init; }
    public string? ExclusiveGroup { get; init; }
    /// <summary><c>continuation</c> or <c>new</c> (O3).</summary>
    public string? Reopen { get; init; }
    /// <summary><c>window</c> or <c>confirmation</c> (O4).</summary>
    public string? SettlesOn { get; init; }
    public bool? VerificationRequired { get; init; }
    /// <summary>0 to 1.</summary>
    public decimal? MinConfidence { get; init; }
    public IReadOnlyList<string?>? RequiredCriteria { get; init; }
    public bool? HandoffBillable { get; init; }
    /// <summary><c>ignore</c> or <c>credit</c> (O5).</summary>
    public string? AfterWindow { get; init; }
    /// <summary><c>full</c> or <c>none</c> (C3).</summary>
    public string? PendingWeight { get; init; }
    public string? Description { get; init; }
}

[OmitNulls]
internal sealed record ActivityTypeWire : StoredDocument
{
    [Demanded]
    public string? Id { get; init; }
    public string? Price { get; init; }
    public string? Description { get; init; }
}

/// <summary>A cap, as in a plan, as set on a tenant and as listed. The id is in the path when one is set.</summary>
[OmitNulls]
internal sealed record CapWire : StoredDocument
{
    public string? Id { get; init; }
    public ScopeWire? Scope { get; init; }
    public LimitWire? Limit { get; init; }
    /// <summary><c>billing_period</c> or <c>day</c> (C1).</summary>
    public string? Period { get; init; }
    public AtLimitWire? AtLimit { get; init; }
    /// <summary>Told of a tenant's cap, never set: what it is to be. One that is not in force yet has nothing
    /// else.</summary>
    public IReadOnlyList<ScheduledWire>? Scheduled { get; init; }
    /// <summary>Told when a cap is set: what was to come of it, and comes no more.</summary>
    public IReadOnlyList<ScheduledWire>? Withdrawn { get; init; }
}

/// <summary>Empty: every outcome of the tenant.</summary>
[OmitNulls]
internal sealed record ScopeWire : StoredDocument
{
    public string? OutcomeType { get; init; }
    public string? Activity { get; init; }
    public string? Agent { get; init; }
    public string? Channel { get; init; }
    public string? Workflow { get; init; }
}

[OmitNulls]
internal sealed record AtLimitWire : StoredDocument
{
    /// <summary><c>pause</c>, <c>handoff</c> or <c>notify</c>.</summary>
    [Demanded]
    public string? Action { get; init; }
    public string? To { get; init; }
    public string? Message { get; init; }
}

[OmitNulls]
internal sealed record TrainingWire : StoredDocument
{
    public long? Days { get; init; }
    public string? Until { get; init; }
    public long? MaxOutcomes { get; init; }
}

/// <summary>A version of a plan.</summary>
[OmitNulls]
internal sealed record PlanVersionWire(string Id, int Version, string CreatedAt, PlanWire Plan)
{
    /// <summary>Told when it is put, of what is taken and is hardly what was meant; absent: nothing.</summary>
    public IReadOnlyList<ProblemError>? Warnings { get; init; }
}
