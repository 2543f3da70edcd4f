using System.Collections.Immutable;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>Random terms: every switch of a plan that the lifecycle and the caps look at.</summary>
internal static class PlanGenerator
{
    public static readonly string[] Types = ["support.resolution", "sales.lead", "retention.save"];
    public static readonly string[] Activities = ["conversation", "ticket"];
    public static readonly string[] Agents = ["fin", "max"];
    private static readonly double[] Hours = [0, 0.5, 1, 6, 24, 72, 72, 240, 720];

    public static Terms Terms(Dice dice, Instant start)
    {
        var grouped = dice.Chance(40);
        var types = Types.Take(1 + dice.Below(3)).Select(id => Type(dice, id, grouped)).ToImmutableArray();
        var caps = Enumerable.Range(1, dice.Below(4)).Select(number => Cap(dice, $"c{number}")).ToImmutableArray();
        return new Terms
        {
            Currency = "USD",
            OutcomeTypes = types,
            Activities = dice.Chance(50) ? [new ActivityType { Id = Activities[0], Price = new Amount(400_000) }] : [],
            Caps = caps,
            Thresholds = [.. from number in Enumerable.Range(1, 3) where dice.Chance(50) select Threshold(dice, number)],
            Training = dice.Chance(10) ? Training(dice, start) : null,
            MaxLateness = TimeSpan.FromHours(dice.One(72, 72, 72, 24, 240, 1)),
        };
    }

    private static Training Training(Dice dice, Instant start) => new(
        dice.Chance(50) ? 1 + dice.Below(4) : null,
        dice.Chance(50) ? start + dice.Within(TimeSpan.FromDays(10)) : null,
        dice.Chance(60) ? 1 + dice.Below(3) : null);

    private static OutcomeType Type(Dice dice, string id, bool grouped) => new()
    {
        Id = id,
        Price = new Amount(dice.One(990_000L, 500_000, 1, 2_500_000)),
        IncludedUnits = dice.Chance(40) ? dice.Below(8) : 0,
        MeasurementWindow = TimeSpan.FromHours(dice.One<double>(Hours)),
        WindowRestartsOnActivity = dice.Chance(40),
        OncePerSession = dice.Chance(85),
        ExclusiveGroup = grouped ? "any" : null,
        Continuation = dice.Chance(65),
        SettlesOnConfirmation = dice.Chance(20),
        VerificationRequired = dice.Chance(20),
        MinConfidence = dice.Chance(50) ? 800_000 : null,
        RequiredCriteria = dice.Chance(15) ? ["answered"] : [],
        HandoffBillable = dice.Chance(30),
        CreditAfterWindow = dice.Chance(40),
        PendingCounts = dice.Chance(65),
    };

    public static Cap Cap(Dice dice, string id) => new()
    {
        Id = id,
        Scope = dice.Below(6) switch
        {
            0 or 1 => Scope.Everything,
            2 => new Scope(OutcomeType: Types[0]),
            3 => new Scope(Activity: dice.One(Activities)),
            4 => new Scope(Agent: dice.One(Agents)),
            _ => new Scope(OutcomeType: Types[1], Channel: "chat"),
        },
        Limit = dice.One(0, 1, 2, 3, 4, 5, 8, 12, 30),
        Period = dice.Chance(30) ? CapPeriod.Day : CapPeriod.BillingPeriod,
        AtLimit = AtLimit(dice),
    };

    public static AtLimit AtLimit(Dice dice) => dice.Below(10) switch
    {
        < 5 => Core.AtLimit.Pause,
        < 8 => new AtLimit(LimitAction.Handoff, "queue:tier1"),
        _ => new AtLimit(LimitAction.Notify),
    };

    private static Threshold Threshold(Dice dice, int number) =>
        dice.Chance(60) ? new Threshold($"t{number}", $"c{number}", dice.One(50, 80, 100), null)
            : new Threshold($"t{number}", $"c{number}", null, 1 + dice.Below(5));

    /// <summary>Other prices, windows and definitions for the same types (F7); caps and lateness stay.</summary>
    public static Terms Changed(Dice dice, Terms terms) => terms with
    {
        OutcomeTypes = [.. terms.OutcomeTypes.Select(type =>
            Type(dice, type.Id, type.ExclusiveGroup is not null) with { OncePerSession = type.OncePerSession })],
    };
}
