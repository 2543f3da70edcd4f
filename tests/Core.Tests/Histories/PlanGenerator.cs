using System.Collections.Immutable;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>Random terms: every switch of a plan.</summary>
internal static partial class PlanGenerator
{
    public static readonly string[] Types = ["support.resolution", "sales.lead", "retention.save"];
    public static readonly string[] Activities = ["conversation", "ticket"];
    public static readonly string[] Agents = ["fin", "max"];
    private static readonly double[] Hours = [0, 0.5, 1, 6, 24, 72, 72, 240, 720];

    public static Terms Terms(Dice dice, Instant start)
    {
        var grouped = dice.Chance(40);
        var types = Types.Take(1 + dice.Below(3)).Select(id => Type(dice, id, grouped)).ToImmutableArray();
        var caps = Enumerable.Range(1, dice.Below(4)).Select(number => Cap(dice, $"c{number}", types))
            .ToImmutableArray();
        var terms = new Terms
        {
            Currency = "USD",
            OutcomeTypes = types,
            Caps = caps,
            Training = dice.Chance(7) ? Training(dice, start) : null,
            MaxLateness = TimeSpan.FromHours(dice.One(72, 72, 72, 24, 240, 1)),
        };
        terms = Funded(dice, terms);
        return terms
            with { Thresholds = [.. from number in Enumerable.Range(1, 4)
                where dice.Chance(50) select Threshold(dice, number, terms)] };
    }

    private static Training Training(Dice dice, Instant start) => new(
        dice.Chance(50) ? 1 + dice.Below(4) : null,
        dice.Chance(50) ? start + dice.Within(TimeSpan.FromDays(10)) : null,
        dice.Chance(60) ? 1 + dice.Below(3) : null);

    private static OutcomeType Type(Dice dice, string id, bool grouped) => Priced(dice, new OutcomeType
    {
        Id = id,
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
    });

    public static IEnumerable<Cap> MoneyCaps(Dice dice, ImmutableArray<OutcomeType> types) =>
        Enumerable.Range(1, 1 + dice.Below(3)).Select(number =>
            Cap(dice, $"m{number}", types) with { Limit = Limit(dice, money: true) });

    public static Cap Cap(Dice dice, string id, ImmutableArray<OutcomeType> types) => new()
    {
        Id = id,
        Scope = dice.Below(7) switch
        {
            0 or 1 => Scope.Everything,
            2 => new Scope(OutcomeType: Types[0]),
            3 => new Scope(Activity: dice.One(Activities)),
            4 => new Scope(Agent: dice.One(Agents)),
            5 => new Scope(Workflow: "complex"),
            _ => new Scope(OutcomeType: types[^1].Id, Channel: "chat"),
        },
        Limit = Limit(dice, dice.Chance(45)),
        Period = dice.Chance(30) ? CapPeriod.Day : CapPeriod.BillingPeriod,
        AtLimit = AtLimit(dice),
    };

    public static AtLimit AtLimit(Dice dice) => dice.Below(10) switch
    {
        < 5 => Core.AtLimit.Pause,
        < 8 => new AtLimit(LimitAction.Handoff, "queue:tier1"),
        _ => new AtLimit(LimitAction.Notify),
    };

    /// <summary>
    /// Other prices, windows, definitions and funding for the same types (F7); caps, thresholds and lateness stay.
    /// </summary>
    public static Terms Changed(Dice dice, Terms terms) => Funded(dice, terms with
    {
        OutcomeTypes = [.. terms.OutcomeTypes.Select(type =>
            Type(dice, type.Id, type.ExclusiveGroup is not null) with { OncePerSession = type.OncePerSession })],
    });
}
