namespace MeteringGateway.Core.Tests.Histories;

/// <summary>What plans cost (F1 to F8, C7): small numbers, so that everything runs out.</summary>
internal static partial class PlanGenerator
{
    public static readonly string[] Workflows = ["simple", "complex"];
    public static readonly string[] Methods = ["llm", "human"];
    private static readonly decimal[] UnitPrices = [0.99m, 0.5m, 1m, 2.5m, 0.333333m];

    public static Amount Money(decimal amount) => new((long)(amount * 1_000_000));

    public static Limit Limit(Dice dice, bool money) => money
        ? Core.Limit.Of(Money(dice.One(0m, 0.5m, 1m, 2m, 2.5m, 4m, 5m, 8m, 12m, 20m)))
        : dice.One(0, 1, 2, 3, 4, 5, 8, 12, 30);

    public static Amount Price(Dice dice) => Money(dice.One(UnitPrices));

    private static OutcomeType Priced(Dice dice, OutcomeType type)
    {
        var kind = dice.Below(12);
        return type with
        {
            Price = kind is 6 or 11 || (kind is 4 or 5 && dice.Chance(70)) ? null : Price(dice),
            Tiers = kind == 4
                ? [new Tier(1 + dice.Below(3), Price(dice)), new Tier(4 + dice.Below(4), Price(dice)),
                    new Tier(null, Price(dice))] : [],
            Prices = kind is 5 or 7 ? [.. Enumerable.Range(0, 1 + dice.Below(2)).Select(_ => Class(dice))] : [],
            Credits = kind is 6 or 8 or 9 or 10 ? Money(dice.One(5m, 10m, 3m, 2.5m)) : null,
            Overage = dice.Chance(18) ? Rule(dice) : null,
        };
    }

    private static PriceClass Class(Dice dice) => dice.Below(3) switch
    {
        0 => new PriceClass(dice.One(Workflows), null, Price(dice)),
        1 => new PriceClass(null, dice.One(Methods), Price(dice)),
        _ => new PriceClass(dice.One(Workflows), dice.One(Methods), Price(dice)),
    };

    private static OverageRule Rule(Dice dice) => new(
        dice.Below(4) switch { 0 => null, 1 => false, _ => true },
        dice.Chance(40) ? Price(dice) : null,
        dice.Chance(40) ? Limit(dice, dice.Chance(50)) : null,
        dice.Chance(30),
        dice.Chance(60) ? Core.AtLimit.Pause : new AtLimit(LimitAction.Handoff, "queue:tier1"));

    private static Terms Funded(Dice dice, Terms terms)
    {
        var credits = terms.OutcomeTypes.Any(type => type.Credits is not null);
        return terms with
        {
            Activities = [.. from id in Activities where dice.Chance(50) select Activity(dice, id)],
            CreditValue = dice.Chance(60) ? Money(dice.One(0.01m, 0.015m, 0.3m)) : null,
            PlatformFee = dice.Chance(40) ? Money(dice.One(50m, 9.995m, 0.125m)) : null,
            ImplementationFee = dice.Chance(20) ? Money(250m) : null,
            Commitments = dice.Chance(30)
                ? [.. Enumerable.Range(0, 1 + dice.Below(2)).Select(_ => Commitment(dice, terms))] : [],
            PeriodGrant = credits && dice.Chance(60) ? Money(dice.One(7m, 20m, 35m, 100m)) : Amount.Zero,
            Rollover = credits && dice.Chance(50)
                ? new Rollover(Money(dice.One(5m, 20m, 200m)), dice.Chance(20) ? null : 1 + dice.Below(3)) : null,
            Overage = dice.Chance(45) ? Rule(dice) : null,
            TopUps = dice.Chance(60) ? [.. Packs.Where(_ => dice.Chance(70)).Select(id => Pack(dice, id))] : [],
            TopUpLimit = dice.Chance(25) ? Money(dice.One(0m, 10m, 25m)) : null,
        };
    }

    public static readonly string[] Packs = ["small", "large"];

    private static Pack Pack(Dice dice, string id) => new(id, Money(dice.One(5m, 12m, 40m, 7.5m)),
        Money(dice.One(4.5m, 9.99m, 0.333333m)), dice.Chance(40) ? TimeSpan.FromDays(1 + dice.Below(40)) : null);

    private static ActivityType Activity(Dice dice, string id) =>
        new() { Id = id, Price = dice.Chance(80) ? Money(dice.One(0.4m, 0.05m, 1.005m)) : null };

    private static Commitment Commitment(Dice dice, Terms terms)
    {
        var type = dice.One(terms.OutcomeTypes).Id;
        return dice.Chance(50)
            ? new Commitment(type, 1 + dice.Below(6), Price(dice), null, dice.Chance(35))
            : new Commitment(dice.Chance(50) ? type : null, null, null, Money(dice.One(1m, 2.5m, 5m, 12m)),
                dice.Chance(35));
    }

    public static Threshold Threshold(Dice dice, int number, Terms terms)
    {
        var percent = dice.Chance(60) ? dice.One(50, 80, 100) : (int?)null;
        var type = dice.One(terms.OutcomeTypes).Id;
        var cap = dice.Below(3) < 2 && terms.Caps.Length > 0 ? dice.One(terms.Caps) : null;
        var of = cap is not null ? Measure.Cap : dice.One(Measure.Included, Measure.Credits, Measure.Spend);
        return of switch
        {
            Measure.Cap =>
                new Threshold($"t{number}", of, cap!.Id, percent, percent is null ? At(dice, cap.Limit.IsMoney) : null),
            Measure.Included =>
                new Threshold($"t{number}", of, type, percent, percent is null ? At(dice, false) : null),
            Measure.Credits =>
                new Threshold($"t{number}", of, null, percent,
                    percent is null ? Core.Limit.Of(Money(dice.One(5m, 20m))) : null),
            _ => new Threshold($"t{number}", of, null, null, At(dice, true)),
        };
    }

    private static Limit At(Dice dice, bool money) =>
        money ? Core.Limit.Of(Money(dice.One(0.5m, 1m, 2m, 5m))) : 1 + dice.Below(5);
}
