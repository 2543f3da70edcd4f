using System.Collections.Immutable;
using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Plans;

/// <summary>Reads a plan's members as <see cref="Terms"/>, collecting everything that is not valid.</summary>
internal static class PlanReader
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);
    private const int MostTypes = 200;
    private const int MostCaps = 100; // C8

    public static Terms Read(PlanWire plan, Findings findings)
    {
        if (plan.OutcomeTypes is null) findings.Add("/outcome_types", "is required");
        if (plan.OutcomeTypes is []) findings.Add("/outcome_types", "must have at least one element");
        var types = findings.Each("/outcome_types", plan.OutcomeTypes, MostTypes).Select(at => Type(at.Pointer, at.Item, findings)).ToImmutableArray();
        var activities = findings.Each("/activities", plan.Activities, MostTypes).Select(at => Activity(at.Pointer, at.Item, findings)).ToImmutableArray();
        var caps = findings.Each("/caps", plan.Caps, MostCaps).Select(at => CapReader.Read(at.Pointer, at.Item, at.Item.Id, findings)).ToImmutableArray();
        var thresholds = findings.Each("/thresholds", plan.Thresholds, MostCaps).Select(at => Threshold(at.Pointer, at.Item, findings)).ToImmutableArray();
        findings.Unique("/outcome_types", "id", types.Select(type => type.Id));
        findings.Unique("/activities", "id", activities.Select(activity => activity.Id));
        findings.Unique("/caps", "id", caps.Select(cap => cap.Id));
        findings.Unique("/thresholds", "id", thresholds.Select(threshold => threshold.Id));
        KnownCaps(thresholds, caps, findings);
        KnownTypes(caps, types, findings);
        return new Terms
        {
            Currency = Currency(plan.Currency, findings),
            OutcomeTypes = types,
            Activities = activities,
            Caps = caps,
            Thresholds = thresholds,
            Training = plan.Training is { } training ? Training(training, findings) : null,
            MaxLateness = findings.Duration("/max_lateness", plan.MaxLateness, TimeSpan.Zero, Month) ?? TimeSpan.FromHours(72),
        };
    }

    private static string Currency(string? code, Findings findings)
    {
        if (code is { Length: 3 } && !code.AsSpan().ContainsAnyExceptInRange('A', 'Z')) return code;
        findings.Add("/currency", code is null ? "is required" : "must be an ISO 4217 code such as \"USD\"");
        return "";
    }

    private static OutcomeType Type(string at, OutcomeTypeWire type, Findings findings) => new()
    {
        Id = findings.Name($"{at}/id", type.Id),
        Price = findings.Amount($"{at}/price", type.Price),
        IncludedUnits = findings.Whole($"{at}/included_units", type.IncludedUnits, 0, 1_000_000_000_000) ?? 0,
        MeasurementWindow = findings.Duration($"{at}/measurement_window", type.MeasurementWindow, TimeSpan.Zero, Month) ?? TimeSpan.FromHours(72),
        WindowRestartsOnActivity = type.WindowRestartsOnActivity ?? false,
        OncePerSession = type.OncePerSession ?? true,
        ExclusiveGroup = findings.OptionalName($"{at}/exclusive_group", type.ExclusiveGroup),
        Continuation = Either($"{at}/reopen", type.Reopen, "continuation", "new", findings),
        SettlesOnConfirmation = !Either($"{at}/settles_on", type.SettlesOn, "window", "confirmation", findings),
        VerificationRequired = type.VerificationRequired ?? false,
        MinConfidence = findings.Part($"{at}/min_confidence", type.MinConfidence),
        RequiredCriteria = [.. findings.Each($"{at}/required_criteria", type.RequiredCriteria, 32).Select(item => findings.Name(item.Pointer, item.Item))],
        HandoffBillable = type.HandoffBillable ?? false,
        CreditAfterWindow = !Either($"{at}/after_window", type.AfterWindow, "ignore", "credit", findings),
        PendingCounts = Either($"{at}/pending_weight", type.PendingWeight, "full", "none", findings),
        Description = findings.OptionalName($"{at}/description", type.Description, 1000),
    };

    // True for the first, which is also what an absent member means.
    private static bool Either(string at, string? value, string first, string second, Findings findings)
    {
        if (value is not null && value != first && value != second) findings.Add(at, $"must be {first} or {second}");
        return value != second;
    }

    private static ActivityType Activity(string at, ActivityTypeWire activity, Findings findings) => new()
    {
        Id = findings.Name($"{at}/id", activity.Id),
        Price = findings.Amount($"{at}/price", activity.Price),
        Description = findings.OptionalName($"{at}/description", activity.Description, 1000),
    };

    private static Threshold Threshold(string at, ThresholdWire threshold, Findings findings)
    {
        var cap = threshold.Of?.StartsWith("cap:", StringComparison.Ordinal) == true ? threshold.Of[4..] : null;
        if (cap is null) findings.Add($"{at}/of", threshold.Of is null ? "is required" : "must be \"cap:\" and a cap's id");
        var percent = findings.Whole($"{at}/at/percent", threshold.At?.Percent, 1, 100);
        var units = findings.Whole($"{at}/at/units", threshold.At?.Units, 1, 1_000_000_000_000);
        if (threshold.At?.Percent is null == threshold.At?.Units is null) findings.Add($"{at}/at", "must have exactly one of percent and units");
        return new Threshold(findings.Id($"{at}/id", threshold.Id), cap ?? "", (int?)percent, units);
    }

    private static Training Training(TrainingWire training, Findings findings)
    {
        if (training.Days is not null && training.Until is not null) findings.Add("/training", "must not have both days and until");
        if (training is { Days: null, Until: null, MaxOutcomes: null }) findings.Add("/training", "must have days, until or max_outcomes");
        return new Training(
            (int?)findings.Whole("/training/days", training.Days, 0, 3650),
            findings.Time("/training/until", training.Until),
            findings.Whole("/training/max_outcomes", training.MaxOutcomes, 0, 1_000_000_000_000));
    }

    // A typo here would be a threshold that never alerts.
    private static void KnownCaps(ImmutableArray<Threshold> thresholds, ImmutableArray<Cap> caps, Findings findings)
    {
        for (var i = 0; i < thresholds.Length; i++)
            if (thresholds[i].Cap.Length > 0 && !caps.Any(cap => cap.Id == thresholds[i].Cap))
                findings.Add($"/thresholds/{i}/of", $"names no cap of this plan: '{thresholds[i].Cap}'");
    }

    // And here a cap that never holds. An activity need not be in the plan.
    private static void KnownTypes(ImmutableArray<Cap> caps, ImmutableArray<OutcomeType> types, Findings findings)
    {
        for (var i = 0; i < caps.Length; i++)
            if (caps[i].Scope.OutcomeType is { } wanted && !types.Any(type => type.Id == wanted))
                findings.Add($"/caps/{i}/scope/outcome_type", $"names no outcome type of this plan: '{wanted}'");
    }
}
