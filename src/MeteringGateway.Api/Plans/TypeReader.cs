using System.Collections.Immutable;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Plans;

/// <summary>Reads an outcome type, and what a unit of it costs (F7).</summary>
internal static class TypeReader
{
    private const int MostPrices = 100;

    public static OutcomeType Read(string at, OutcomeTypeWire type, Findings findings)
    {
        OneWayToPrice(at, type, findings);
        return new OutcomeType
        {
            Id = findings.Name($"{at}/id", type.Id),
            Price = findings.Amount($"{at}/price", type.Price),
            Tiers = Tiers($"{at}/tiers", type.Tiers, findings),
            Prices = [.. findings.Each($"{at}/prices", type.Prices, MostPrices)
                .Select(item => Class(item.Pointer, item.Item, findings))],
            Credits = findings.Positive($"{at}/credits", type.Credits),
            Overage = type.Overage is { } overage ? FundingReader.Overage($"{at}/overage", overage, findings) : null,
            IncludedUnits = findings.Whole($"{at}/included_units", type.IncludedUnits, 0, Limits.MostUnits) ?? 0,
            MeasurementWindow = findings.Duration($"{at}/measurement_window", type.MeasurementWindow, TimeSpan.Zero,
                PlanReader.Month) ?? TimeSpan.FromHours(72),
            WindowRestartsOnActivity = type.WindowRestartsOnActivity ?? false,
            OncePerSession = type.OncePerSession ?? true,
            ExclusiveGroup = findings.OptionalName($"{at}/exclusive_group", type.ExclusiveGroup),
            Continuation = Either($"{at}/reopen", type.Reopen, "continuation", "new", findings),
            SettlesOnConfirmation = !Either($"{at}/settles_on", type.SettlesOn, "window", "confirmation", findings),
            VerificationRequired = type.VerificationRequired ?? false,
            MinConfidence = findings.Part($"{at}/min_confidence", type.MinConfidence),
            RequiredCriteria = [.. findings.Each($"{at}/required_criteria", type.RequiredCriteria, 32)
                .Select(item => findings.Name(item.Pointer, item.Item))],
            HandoffBillable = type.HandoffBillable ?? false,
            CreditAfterWindow = !Either($"{at}/after_window", type.AfterWindow, "ignore", "credit", findings),
            PendingCounts = Either($"{at}/pending_weight", type.PendingWeight, "full", "none", findings),
            Description = findings.OptionalName($"{at}/description", type.Description, 1000),
        };
    }

    // Two of them would leave open which one is charged.
    private static void OneWayToPrice(string at, OutcomeTypeWire type, Findings findings)
    {
        var first = type.Tiers is not null ? "tiers" : type.Prices is not null ? "prices" : null;
        if (type.Tiers is not null && type.Price is not null)
            findings.Add($"{at}/price", "does not go with tiers, which are the price");
        if (type.Tiers is not null && type.Prices is not null) findings.Add($"{at}/prices", "does not go with tiers");
        if (first is not null && type.Credits is not null) findings.Add($"{at}/credits", $"does not go with {first}");
    }

    private static ImmutableArray<Tier> Tiers(string at, IReadOnlyList<TierWire?>? tiers, Findings findings)
    {
        var read = ImmutableArray.CreateBuilder<Tier>();
        var before = 0L;
        foreach (var (pointer, tier) in findings.Each(at, tiers, MostPrices))
        {
            var isLast = read.Count == tiers!.Count - 1;
            if (isLast && tier.UpTo is not null)
                findings.Add($"{pointer}/up_to", "does not go with the last tier, which has no end");
            else if (!isLast && tier.UpTo is null)
                findings.Add($"{pointer}/up_to", "is required of every tier but the last");
            else if (!isLast && findings.Whole($"{pointer}/up_to", tier.UpTo, 1, Limits.MostUnits) <= before)
                findings.Add($"{pointer}/up_to", "must be above that of the tier before");
            read.Add(new Tier(isLast ? null : tier.UpTo, Price(pointer, tier.Price, findings)));
            before = tier.UpTo ?? before;
        }
        return read.ToImmutable();
    }

    private static PriceClass Class(string at, PriceClassWire item, Findings findings)
    {
        if (item.When is null) findings.Add($"{at}/when", "is required");
        else if (item.When is { Workflow: null, Verification: null })
            findings.Add($"{at}/when", "must have workflow or verification");
        return new PriceClass(
            findings.OptionalName($"{at}/when/workflow", item.When?.Workflow),
            findings.OptionalName($"{at}/when/verification", item.When?.Verification),
            Price(at, item.Price, findings));
    }

    private static Amount Price(string at, string? price, Findings findings)
    {
        if (price is null) findings.Add($"{at}/price", "is required");
        return findings.Amount($"{at}/price", price) ?? Amount.Zero;
    }

    // True for the first, which is also what an absent member means.
    private static bool Either(string at, string? value, string first, string second, Findings findings)
    {
        if (value is not null && value != first && value != second) findings.Add(at, $"must be {first} or {second}");
        return value != second;
    }
}
