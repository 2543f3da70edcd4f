using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Thresholds;

namespace MeteringGateway.Api.Tenants;

/// <summary>
/// A setting that names what the tenant's plan does not have, or what one that is to come will not have.
/// </summary>
/// <param name="Setting">Its address below the tenant's, such as <c>caps/monthly</c>.</param>
/// <param name="From">When the plan comes under which it is so; null: it is so now.</param>
internal sealed record LeftOverWire(string Setting, string Detail, string? From);

/// <summary>
/// A change of plan takes back nothing that the tenant has set (C6, F7), so what it set may name a type or a cap that
/// is gone. Such a limit holds nothing back, and such a threshold tells nothing, until there is one of that name again:
/// that is said, to whoever changes the plan and to whoever looks at the tenant.
/// </summary>
internal static class LeftOver
{
    /// <returns>Null: there is none.</returns>
    public static async Task<IReadOnlyList<LeftOverWire>?> Of(ITenants tenants, string id, TenantFigure tenant,
        CancellationToken cancellation)
    {
        var thresholds = (await tenants.Thresholds(id, cancellation))?.Select(one => one.Threshold).ToList() ?? [];
        var coming = tenant.Scheduled.SelectMany(change => change.Setting is Setting.Plan plan
            ? Under(tenant, thresholds, plan.Ref, plan.Terms, change.EffectiveAt) : []);
        return OrNull([.. Under(tenant, thresholds, tenant.Plan, tenant.Terms, null).Concat(coming)
            .DistinctBy(one => one.Setting)]);
    }

    /// <summary>
    /// Own terms that changed what the plan before had: of a plan that does not have it, they add it.
    /// </summary>
    public static IEnumerable<LeftOverWire> Overrides(PlanWire own, (string Id, PlanWire Plan) before,
        (string Id, PlanWire Plan) after, Instant? from)
    {
        return new[]
        {
            Gone("outcome_types", plan => plan.OutcomeTypes?.Select(one => one?.Id)),
            Gone("activities", plan => plan.Activities?.Select(one => one?.Id)),
            Gone("caps", plan => plan.Caps?.Select(one => one?.Id)),
            Gone("thresholds", plan => plan.Thresholds?.Select(one => one?.Id)),
            Gone("top_ups", plan => plan.TopUps?.Select(one => one?.Id)),
        }.SelectMany(gone => gone);

        IEnumerable<LeftOverWire> Gone(string list, Func<PlanWire, IEnumerable<string?>?> ids) => (ids(own) ?? [])
            .Intersect(ids(before.Plan) ?? []).Except(ids(after.Plan) ?? [])
            .Select(one => new LeftOverWire($"terms/{list}/{one}",
                $"changed what the plan '{before.Id}' has; the plan '{after.Id}' has none, and these terms "
                    + "add it to it",
                from?.ToString()));
    }

    public static IReadOnlyList<LeftOverWire>? OrNull(IReadOnlyList<LeftOverWire> left) =>
        left.Count == 0 ? null : left;

    // What came with the terms that are in force goes with them.
    private static IEnumerable<LeftOverWire> Under(TenantFigure tenant, IReadOnlyList<Threshold> thresholds,
        PlanRef plan, Terms terms, Instant? from)
    {
        var mine = tenant.Caps.Select(one => one.Cap)
            .Where(cap => from is null || !tenant.Terms.Caps.Contains(cap)).ToList();
        var caps = mine.Select(cap => ($"caps/{cap.Id}", cap)).Concat(tenant.Scheduled
            .Where(change => change.Setting is Setting.Capped)
            .Select(change => ($"scheduled/{change.Id}", ((Setting.Capped)change.Setting).Cap)));
        foreach (var (setting, cap) in caps)
            if (cap.Scope.OutcomeType is { } type && terms.Type(type) is null)
                yield return new(setting,
                    $"names no outcome type of the plan '{plan.Id}': '{type}'; {terms.TypesInWords}", from?.ToString());
        var then = from is null ? mine : [.. mine, .. terms.Caps];
        foreach (var threshold in thresholds.Where(one => from is null || !tenant.Terms.Thresholds.Contains(one)))
        {
            var findings = new Findings();
            ThresholdReader.Check("", threshold, terms, then, "tenant", findings);
            if (findings.Problem is { Errors: [var first, ..] })
                yield return new($"thresholds/{threshold.Id}", first.Detail, from?.ToString());
        }
    }
}
