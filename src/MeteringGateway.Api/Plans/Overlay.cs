namespace MeteringGateway.Api.Plans;

/// <summary>
/// A tenant's negotiated terms laid over its plan (F7). Types, activities, caps and credits are changed member by
/// member, thresholds and packs as wholes, each by its id; what the plan does not have is added. Commitments, which
/// have no ids, and rules of overage are replaced.
/// </summary>
internal static class Overlay
{
    public static PlanWire On(this PlanWire? terms, PlanWire plan) => terms is null ? plan : plan with
    {
        OutcomeTypes = Merge(plan.OutcomeTypes, terms.OutcomeTypes, type => type.Id, Merge),
        Activities = Merge(plan.Activities, terms.Activities, activity => activity.Id, Merge),
        CreditValue = terms.CreditValue ?? plan.CreditValue,
        PlatformFee = terms.PlatformFee ?? plan.PlatformFee,
        ImplementationFee = terms.ImplementationFee ?? plan.ImplementationFee,
        Commitments = terms.Commitments ?? plan.Commitments,
        Credits = Merge(plan.Credits, terms.Credits),
        Overage = terms.Overage ?? plan.Overage,
        Caps = Merge(plan.Caps, terms.Caps, cap => cap.Id, Merge),
        Thresholds = Merge(plan.Thresholds, terms.Thresholds, threshold => threshold.Id, (_, own) => own),
        TopUps = Merge(plan.TopUps, terms.TopUps, pack => pack.Id, (_, own) => own),
        TopUpLimit = terms.TopUpLimit ?? plan.TopUpLimit,
        Training = terms.Training ?? plan.Training,
        MaxLateness = terms.MaxLateness ?? plan.MaxLateness,
    };

    private static IReadOnlyList<T?>? Merge<T>(IReadOnlyList<T?>? plan, IReadOnlyList<T?>? own, Func<T, string?> id,
        Func<T, T, T> merge)
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
        // Another way to price takes the place of the plan's: the two do not go together.
        Price = own.Price ?? (own.Tiers is null ? plan.Price : null),
        Tiers = own.Tiers ?? (own is { Price: null, Prices: null, Credits: null } ? plan.Tiers : null),
        Prices = own.Prices ?? (own is { Tiers: null, Credits: null } ? plan.Prices : null),
        Credits = own.Credits ?? (own is { Tiers: null, Prices: null } ? plan.Credits : null),
        Overage = own.Overage ?? plan.Overage,
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

    private static PlanCreditsWire? Merge(PlanCreditsWire? plan, PlanCreditsWire? own) =>
        plan is null || own is null ? own ?? plan : new()
    {
        PeriodGrant = own.PeriodGrant ?? plan.PeriodGrant,
        Rollover = own.Rollover ?? plan.Rollover,
    };

    private static CapWire Merge(CapWire plan, CapWire own) => own with
    {
        Scope = own.Scope ?? plan.Scope,
        Limit = own.Limit ?? plan.Limit,
        Period = own.Period ?? plan.Period,
        AtLimit = own.AtLimit ?? plan.AtLimit,
    };

    private static ActivityTypeWire Merge(ActivityTypeWire plan, ActivityTypeWire own) => new()
    {
        Id = plan.Id,
        Price = own.Price ?? plan.Price,
        Description = own.Description ?? plan.Description,
    };
}
