using System.Collections.Immutable;
using System.Globalization;
using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>Plans that a few events, or one, take to the edge of what an amount can be (N1).</summary>
internal static class ExtremeTerms
{
    public static readonly string[] Types = ["a", "b"];

    public static Terms Of(Dice dice) => new()
    {
        Currency = dice.One("USD", "JPY", "KWD"),
        OutcomeTypes = [.. Types.Select(id => Type(dice, id))],
        Activities = [new ActivityType { Id = "ticket", Price = Money(dice) }, new ActivityType { Id = "message" }],
        Caps = dice.Chance(50) ? [Cap(dice)] : [],
        Thresholds = dice.Chance(40) ? [new Threshold("spend", Measure.Spend, null, null, Limit.Of(Money(dice)))] : [],
        CreditValue = dice.Chance(30) ? Money(dice) : null,
        PlatformFee = dice.Chance(20) ? Small(dice) : null,
        ImplementationFee = dice.Chance(20) ? Small(dice) : null,
        Commitments = [.. Enumerable.Range(0, dice.Below(3)).Select(_ => Commitment(dice))],
        PeriodGrant = dice.Chance(40) ? Money(dice) : Amount.Zero,
        Rollover = dice.Chance(30) ? new Rollover(Money(dice), dice.Chance(50) ? 2 : null) : null,
        Overage = dice.Chance(30) ? Rule(dice) : null,
        Training = dice.Chance(5) ? new Training(2, null, 2) : null,
    };

    public static Cap Cap(Dice dice) => new()
    {
        Id = dice.One("cap", "other"), Limit = dice.Chance(70) ? Limit.Of(Money(dice)) : (Limit)dice.Below(2_000_000),
        Period = dice.One(CapPeriod.BillingPeriod, CapPeriod.Day),
        Scope = dice.Chance(50) ? Scope.Everything : new Scope(OutcomeType: "a"),
    };

    /// <summary>From a millionth to more than an account may ever hold.</summary>
    public static Amount Money(Dice dice) => dice.Below(9) switch
    {
        0 => new Amount(1),
        1 => Amount.Parse("1.00"),
        2 => Amount.Parse("900000000000"),
        3 => Amount.Parse("4000000000000"),
        4 => Amount.Parse("9000000000000"),
        5 => new Amount(TenantState.Most),
        _ => Amount.Parse("1" + new string('0', dice.Below(13))),
    };

    private static Amount Small(Dice dice) =>
        Amount.Parse((1 + dice.Below(1_500)).ToString(CultureInfo.InvariantCulture) + "000000000");

    private static OutcomeType Type(Dice dice, string id)
    {
        var way = dice.Below(5);
        return new OutcomeType
        {
            Id = id, Price = way is 0 or 3 or 4 ? Money(dice) : null,
            Tiers = way == 1 ? Tiers(dice) : [],
            Prices = way == 4 ? [new PriceClass("complex", null, Money(dice))] : [],
            Credits = way == 3 ? new Amount(Math.Max(1, Money(dice).Micros)) : null,
            IncludedUnits = dice.Chance(30) ? dice.One(1, 1_000_000, 1_000_000_000_000) : 0,
            MeasurementWindow = dice.One(TimeSpan.Zero, TimeSpan.FromHours(30)),
            CreditAfterWindow = dice.Chance(60),
            PendingCounts = dice.Chance(80),
            Continuation = dice.Chance(50),
            VerificationRequired = dice.Chance(10),
            OncePerSession = dice.Chance(70),
            Overage = dice.Chance(20) ? Rule(dice) : null,
        };
    }

    private static ImmutableArray<Tier> Tiers(Dice dice) =>
        [new Tier(1 + dice.Below(2_000_000), Money(dice)), new Tier(1_000_000_000_000, Money(dice)),
            new Tier(null, Money(dice))];

    private static OverageRule Rule(Dice dice) => new(dice.One<bool?>(null, true, false),
        dice.Chance(50) ? Money(dice) : null, dice.Chance(30) ? Limit.Of(Money(dice)) : null, dice.Chance(20),
        AtLimit.Pause);

    private static Commitment Commitment(Dice dice) => dice.Chance(50)
        ? new Commitment(dice.One(Types), 1 + dice.Below(1_000_000), new Amount(1 + dice.Below(1_000_000_000)), null,
            dice.Chance(40))
        : new Commitment(dice.Chance(50) ? null : dice.One(Types), null, null, Small(dice), dice.Chance(40));
}
