using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml;

namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>Reads a plan as it is put to the gateway (JSON). What it does not know it refuses: a typo in a cap must not
/// be a
/// missing cap.</summary>
internal static class PlanFile
{
    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    public static Terms Read(string path)
    {
        var plan = JsonSerializer.Deserialize<PlanJson>(File.ReadAllText(path), Strict)!;
        return new Terms
        {
            Currency = plan.Currency,
            OutcomeTypes = [.. plan.OutcomeTypes.Select(Type)],
            Activities = List(plan.Activities, activity => new ActivityType
            {
                Id = activity.Id, Price = Money(activity.Price), Description = activity.Description,
            }),
            Caps = List(plan.Caps, Cap),
            Thresholds = List(plan.Thresholds, threshold => ScenarioReader.Threshold(new Words(
                $"threshold {threshold.Id} {threshold.Of} {Level(threshold.At)}"))),
            Training = plan.Training is { } training
                ? new Training(training.Days, training.Until is { } until ? Instant.Parse(until) : null,
                    training.MaxOutcomes) : null,
            MaxLateness = Span(plan.MaxLateness),
            CreditValue = Money(plan.CreditValue),
            PlatformFee = Money(plan.PlatformFee),
            ImplementationFee = Money(plan.ImplementationFee),
            Commitments = List(plan.Commitments, commitment => new Commitment(commitment.OutcomeType, commitment.Units,
                Money(commitment.Price), Money(commitment.Amount), Either(commitment.Per, "year", "period"))),
            PeriodGrant = Money(plan.Credits?.PeriodGrant) ?? Amount.Zero,
            Rollover = plan.Credits?.Rollover is { } rollover
                ? new Rollover(Amount.Parse(rollover.Max), rollover.Periods) : null,
            Overage = Overage(plan.Overage),
            TopUps = List(plan.TopUps, pack => new Pack(pack.Id, Amount.Parse(pack.Credits), Amount.Parse(pack.Price),
                pack.ExpiresAfter is { } lasts ? Span(lasts) : null)),
            TopUpLimit = Money(plan.TopUpLimit),
        };
    }

    private static OutcomeType Type(TypeJson type) => new()
    {
        Id = type.Id,
        Price = Money(type.Price),
        Tiers = List(type.Tiers, tier => new Tier(tier.UpTo, Amount.Parse(tier.Price))),
        Prices = List(type.Prices,
            price => new PriceClass(price.When.Workflow, price.When.Verification, Amount.Parse(price.Price))),
        Credits = Money(type.Credits),
        Overage = Overage(type.Overage),
        IncludedUnits = type.IncludedUnits,
        MeasurementWindow = Span(type.MeasurementWindow),
        WindowRestartsOnActivity = type.WindowRestartsOnActivity,
        OncePerSession = type.OncePerSession,
        ExclusiveGroup = type.ExclusiveGroup,
        Continuation = Either(type.Reopen, "continuation", "new"),
        SettlesOnConfirmation = Either(type.SettlesOn, "confirmation", "window"),
        VerificationRequired = type.VerificationRequired,
        MinConfidence = type.MinConfidence is { } least ? (int)(least * 1_000_000) : null,
        RequiredCriteria = List(type.RequiredCriteria, criterion => criterion),
        HandoffBillable = type.HandoffBillable,
        CreditAfterWindow = Either(type.AfterWindow, "credit", "ignore"),
        PendingCounts = Either(type.PendingWeight, "full", "none"),
        Description = type.Description,
    };

    private static Cap Cap(CapJson cap) => new()
    {
        Id = cap.Id,
        Scope = cap.Scope is { } scope
            ? new Scope(scope.OutcomeType, scope.Activity, scope.Agent, scope.Channel, scope.Workflow)
            : Scope.Everything,
        Limit = ScenarioReader.Limit(Level(cap.Limit)),
        Period = Either(cap.Period, "day", "billing_period") ? CapPeriod.Day : CapPeriod.BillingPeriod,
        AtLimit = AtLimit(cap.AtLimit),
    };

    private static OverageRule? Overage(OverageJson? rule) => rule is null ? null
        : new OverageRule(rule.Mode is null ? null : Either(rule.Mode, "bill", "block"), Money(rule.Price),
            rule.Limit is { } limit ? ScenarioReader.Limit(Level(limit))
                : null, rule.RequiresAuthorization, AtLimit(rule.AtLimit));

    private static AtLimit AtLimit(AtLimitJson? at) => at is null ? Core.AtLimit.Pause
        : new AtLimit(Enum.Parse<LimitAction>(at.Action, ignoreCase: true), at.To, at.Message);

    // As a scenario writes it: 80%, 800 or $250.00.
    private static string Level(LevelJson level) => level switch
    {
        { Percent: { } percent, Units: null, Amount: null } => $"{percent}%",
        { Percent: null, Units: { } units, Amount: null } => $"{units}",
        { Percent: null, Units: null, Amount: { } amount } => $"${amount}",
        _ => throw new JsonException("a level is a percentage, units or an amount, and one of them"),
    };

    private static bool Either(string value, string yes, string no) =>
        value == yes || (value == no ? false : throw new JsonException($"'{value}' is neither {yes} nor {no}"));

    private static Amount? Money(string? text) => text is null ? null : Amount.Parse(text);
    private static TimeSpan Span(string text) => XmlConvert.ToTimeSpan(text);

    private static ImmutableArray<T> List<TJson, T>(IReadOnlyList<TJson> items, Func<TJson, T> read) =>
        [.. items.Select(read)];
}
