namespace MeteringGateway.Api.Plans;

/// <summary>
/// A tenant's negotiated terms laid over its plan (F7). Types and activities are changed member by member, caps and thresholds
/// as wholes, each by its id; what the plan does not have is added.
/// </summary>
internal static class Overlay
{
    public static PlanWire On(this PlanWire? terms, PlanWire plan) => terms is null ? plan : plan with
    {
        OutcomeTypes = Merge(plan.OutcomeTypes, terms.OutcomeTypes, type => type.Id, Merge),
        Activities = Merge(plan.Activities, terms.Activities, activity => activity.Id, Merge),
        Caps = Merge(plan.Caps, terms.Caps, cap => cap.Id, (_, own) => own),
        Thresholds = Merge(plan.Thresholds, terms.Thresholds, threshold => threshold.Id, (_, own) => own),
        Training = terms.Training ?? plan.Training,
        MaxLateness = terms.MaxLateness ?? plan.MaxLateness,
    };

    private static IReadOnlyList<T?>? Merge<T>(IReadOnlyList<T?>? plan, IReadOnlyList<T?>? own, Func<T, string?> id, Func<T, T, T> merge)
        where T : class
    {
        if (own is null) return plan;
        var merged = new List<T?>(plan ?? []);
        foreach (var item in own)
        {
            var at = merged.FindIndex(other => other is not null && item is not null && id(other) == id(item));
            if (at < 0) merged.Add(item);
            else merged[at] = merge(merged[at]!, item!);
        }
        return merged;
    }

    private static OutcomeTypeWire Merge(OutcomeTypeWire plan, OutcomeTypeWire own) => new()
    {
        Id = plan.Id,
        Price = own.Price ?? plan.Price,
        IncludedUnits = own.IncludedUnits ?? plan.IncludedUnits,
        MeasurementWindow = own.MeasurementWindow ?? plan.MeasurementWindow,
        WindowRestartsOnActivity = own.WindowRestartsOnActivity ?? plan.WindowRestartsOnActivity,
        OncePerSession = own.OncePerSession ?? plan.OncePerSession,
        ExclusiveGroup = own.ExclusiveGroup ?? plan.ExclusiveGroup,
        Reopen = own.Reopen ?? plan.Reopen,
        SettlesOn = own.SettlesOn ?? plan.SettlesOn,
        VerificationRequired = own.VerificationRequired ?? plan.VerificationRequired,
        MinConfidence = own.MinConfidence ?? plan.MinConfidence,
        RequiredCriteria = own.RequiredCriteria ?? plan.RequiredCriteria,
        HandoffBillable = own.HandoffBillable ?? plan.HandoffBillable,
        AfterWindow = own.AfterWindow ?? plan.AfterWindow,
        PendingWeight = own.PendingWeight ?? plan.PendingWeight,
        Description = own.Description ?? plan.Description,
    };

    private static ActivityTypeWire Merge(ActivityTypeWire plan, ActivityTypeWire own) => new()
    {
        Id = plan.Id,
        Price = own.Price ?? plan.Price,
        Description = own.Description ?? plan.Description,
    };
}
