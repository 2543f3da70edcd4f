using System.Text.Json.Serialization;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Tenants;

/// <summary>What a tenant is to be. Absent when it is changed: as it is.</summary>
internal sealed record PutTenantWire
{
    public string? Name { get; init; }
    public string? Plan { get; init; }
    /// <summary>Absent: the newest when the tenant is made or changes plan, else the one it has.</summary>
    public long? PlanVersion { get; init; }
    /// <summary>IANA time zone id.</summary>
    public string? TimeZone { get; init; }
    /// <summary>1 to 31 (T2).</summary>
    public long? AnchorDay { get; init; }
    /// <summary>Only when the tenant is made; for good (T5).</summary>
    public TestClockWire? TestClock { get; init; }
    /// <summary><c>now</c> or <c>next_period</c> (F7).</summary>
    public string? Effective { get; init; }
}

internal sealed record TestClockWire
{
    [Demanded]
    public string? Start { get; init; }
    public bool? FollowEvents { get; init; }
}

/// <param name="Withdrawn">Told when a tenant is changed: what was to come, and comes no more.</param>
/// <param name="LeftOver">Settings that name what its plan, or the one that is to come, does not have; absent when
/// there are none, and in lists of tenants. Told when its plan is changed: also own terms that changed what the plan
/// had.</param>
internal sealed record TenantWire(
    string Id, string Name, string Plan, int PlanVersion, string TimeZone, int AnchorDay, string Currency,
    TestClockWire? TestClock,
    string Now, string State, PeriodWire Period, IReadOnlyList<CapStateWire> Caps, string CreatedAt, string? ClosedAt,
    IReadOnlyList<ScheduledWire> Scheduled,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    IReadOnlyList<ScheduledWire>? Withdrawn = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    IReadOnlyList<LeftOverWire>? LeftOver = null);

/// <summary>What a tenant has agreed to.</summary>
/// <param name="Own">Its own overrides, as they were put; empty if it has none.</param>
/// <param name="InForce">The plan's with these laid over them.</param>
/// <param name="Scheduled">Plans that are to come; the tenant's own terms will lie over these too.</param>
internal sealed record TenantTermsWire(
    string Plan, int PlanVersion, PlanWire Own, PlanWire InForce, IReadOnlyList<ScheduledWire> Scheduled);

/// <param name="Unavailable">Of this page: tenants that something is wrong with; absent when there are none.</param>
internal sealed record TenantListWire(
    IReadOnlyList<TenantWire> Data, string? NextCursor,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Unavailable = null);

internal sealed record PeriodWire(string Id, string StartsAt, string EndsAt, string Status);

internal sealed record CapStateWire(string Id, string State);

/// <summary>Exactly one of the two.</summary>
internal sealed record MoveClockWire
{
    /// <summary>ISO 8601 duration.</summary>
    public string? Advance { get; init; }
    public string? To { get; init; }
}

internal sealed record ClockWire(string Now);
