using System.Collections.Immutable;
using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Thresholds;

namespace MeteringGateway.Api.Plans;

/// <summary>Reads a plan's members as <see cref="Terms"/>, collecting everything that is not valid.</summary>
internal static class PlanReader
{
    public static readonly TimeSpan Month = TimeSpan.FromDays(30);
    private const int MostTypes = 200;
    private const int MostCaps = 100; // C8
    private const int MostCommitments = 100;
    private const int MostPacks = 100;
    private const int MostClasses = 1_000; // a signal may have to name each of them (S6)

    public static Terms Read(PlanWire plan, Findings findings)
    {
        if (plan.OutcomeTypes is null) findings.Add("/outcome_types", "is required");
        var types = findings.Each("/outcome_types", plan.OutcomeTypes, MostTypes)
            .Select(at => TypeReader.Read(at.Pointer, at.Item, findings)).ToImmutableArray();
        if (types.Sum(type => type.Prices.Length) > MostClasses)
            findings.Add("/outcome_types", $"must have at most {MostClasses} prices (classes) in all");
        var activities = findings.Each("/activities", plan.Activities, MostTypes)
            .Select(at => Activity(at.Pointer, at.Item, findings)).ToImmutableArray();
        var terms = new Terms
        {
            Currency = Currency(plan.Currency, findings),
            CreditValue = findings.Amount("/credit_value", plan.CreditValue),
            OutcomeTypes = types,
            Activities = activities,
            PlatformFee = findings.Amount("/platform_fee", plan.PlatformFee),
            ImplementationFee = findings.Amount("/implementation_fee", plan.ImplementationFee),
            Commitments = [.. findings.Each("/commitments", plan.Commitments, MostCommitments)
                .Select(at => FundingReader.Commitment(at.Pointer, at.Item, findings))],
            PeriodGrant = findings.Amount("/credits/period_grant", plan.Credits?.PeriodGrant) ?? Amount.Zero,
            Rollover = FundingReader.Rollover(plan.Credits, findings),
            Overage = plan.Overage is { } overage ? FundingReader.Overage("/overage", overage, findings) : null,
            Caps = [.. findings.Each("/caps", plan.Caps, MostCaps)
                .Select(at => CapReader.Read(at.Pointer, at.Item, at.Item.Id, findings))],
            Thresholds = [.. findings.Each("/thresholds", plan.Thresholds, MostCaps)
                .Select(at => ThresholdReader.Read(at.Pointer, at.Item, at.Item.Id, findings))],
            TopUps = [.. findings.Each("/top_ups", plan.TopUps, MostPacks)
                .Select(at => FundingReader.Pack(at.Pointer, at.Item, findings))],
            TopUpLimit = findings.Amount("/top_up_limit", plan.TopUpLimit),
            Training = plan.Training is { } training ? Training(training, findings) : null,
            MaxLateness = findings.Duration("/max_lateness", plan.MaxLateness, TimeSpan.Zero, Month)
                ?? TimeSpan.FromHours(72),
        };
        PlanChecks.Run(terms, findings);
        return terms;
    }

    private static string Currency(string? code, Findings findings)
    {
        if (code is { Length: 3 } && !code.AsSpan().ContainsAnyExceptInRange('A', 'Z')) return code;
        findings.Add("/currency", code is null ? "is required" : "must be an ISO 4217 code in capital letters, such as \"USD\"");
        return "";
    }

    private static ActivityType Activity(string at, ActivityTypeWire activity, Findings findings) => new()
    {
        Id = findings.Name($"{at}/id", activity.Id),
        Price = findings.Amount($"{at}/price", activity.Price),
        Description = findings.OptionalName($"{at}/description", activity.Description, 1000),
    };

    private static Training Training(TrainingWire training, Findings findings)
    {
        if (training.Days is not null && training.Until is not null)
            findings.Add("/training", "must not have both days and until");
        if (training is { Days: null, Until: null, MaxOutcomes: null })
            findings.Add("/training", "must have days, until or max_outcomes");
        return new Training(
            (int?)findings.Whole("/training/days", training.Days, 0, 3650),
            findings.Time("/training/until", training.Until),
            findings.Whole("/training/max_outcomes", training.MaxOutcomes, 0, 1_000_000_000_000));
    }
}
