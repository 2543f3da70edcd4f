using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Tenants;

/// <summary>A tenant on the wire.</summary>
internal static class TenantFigures
{
    public static TenantWire Wire(this TenantFigure tenant, string id) => new(
        id, tenant.Name, tenant.Plan.Id, tenant.Plan.Version, tenant.Zone, tenant.AnchorDay, tenant.Terms.Currency,
        Wire(tenant.TestClock),
        tenant.Now.ToString(), Names<LimitState>.Of(tenant.State),
        new PeriodWire(Text.Date(tenant.Period.Id), tenant.Period.Start.ToString(), tenant.Period.End.ToString(),
            Names<PeriodStatus>.Of(tenant.PeriodStatus)),
        [.. tenant.Caps.Select(cap => new CapStateWire(cap.Cap.Id, Names<LimitState>.Of(cap.State)))],
        tenant.CreatedAt.ToString(), tenant.ClosedAt?.ToString(), tenant.Scheduled.Wire(tenant.Terms.Currency));

    /// <summary>With what a change has taken back.</summary>
    public static TenantWire WireAfter(this TenantFigure tenant, TenantFigure before, string id) =>
        tenant.Wire(id) with { Withdrawn = before.Scheduled.WithdrawnIn(tenant) };

    /// <summary>
    /// Of what a PUT sets, and of where the tenant stands: time passing by does not make another version of it.
    /// </summary>
    public static string Tag(string id, TenantFigure tenant, IReadOnlyList<LeftOverWire>? left = null) => ETags.Of(
        new PutTenantWire
        {
            Name = $"{id}\n{tenant.Name}\n{tenant.ClosedAt}\n{string.Join(' ', ToCome(tenant))}",
            Plan = tenant.Plan.Id,
            PlanVersion = tenant.Plan.Version,
            TimeZone = tenant.Zone,
            AnchorDay = tenant.AnchorDay,
            TestClock = Wire(tenant.TestClock),
        },
        tenant.Wire(id) with { Now = "", LeftOver = left });

    private static IEnumerable<string> ToCome(TenantFigure tenant) =>
        tenant.Scheduled.Where(change => change.Setting is not Setting.Capped).Select(change => change.Id);

    private static TestClockWire? Wire(TestClock? clock) =>
        clock is null ? null : new TestClockWire { Start = clock.Start.ToString(), FollowEvents = clock.FollowEvents };
}
