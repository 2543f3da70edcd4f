using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// What a tenant has agreed to: the plan's members, with the tenant's own overrides already laid over them. Immutable
/// and shared between tenants.
/// </summary>
public sealed record Terms
{
    /// <summary>ISO 4217 code; one for the tenant's whole life (N2).</summary>
    public required string Currency { get; init; }
    public required ImmutableArray<OutcomeType> OutcomeTypes { get; init; }
    public ImmutableArray<ActivityType> Activities { get; init; } = [];
    public ImmutableArray<Cap> Caps { get; init; } = [];
    public ImmutableArray<Threshold> Thresholds { get; init; } = [];
    public Training? Training { get; init; }
    /// <summary>
    /// What a credit is worth in the currency, to show credits in money (N2); null where the plan does not say.
    /// </summary>
    public Amount? CreditValue { get; init; }
    /// <summary>A line on every statement (F8).</summary>
    public Amount? PlatformFee { get; init; }
    /// <summary>A line on the first period's statement (F8).</summary>
    public Amount? ImplementationFee { get; init; }
    /// <summary>In the order in which they are used up (F1, F8).</summary>
    public ImmutableArray<Commitment> Commitments { get; init; } = [];
    /// <summary>Credits granted with each period; 0 for none (F5).</summary>
    public Amount PeriodGrant { get; init; }
    public Rollover? Rollover { get; init; }
    /// <summary>For the governed types that have no rule of their own (F2).</summary>
    public OverageRule? Overage { get; init; }

    /// <summary>Packs of credits that the buyer may buy (F9).</summary>
    public ImmutableArray<Pack> TopUps { get; init; } = [];
    /// <summary>What packs may come to in a period (F9); null: anything; 0: none can be bought.</summary>
    public Amount? TopUpLimit { get; init; }

    /// <summary>How old an event may be when it arrives (T3, T4); 0 to 30 days.</summary>
    public TimeSpan MaxLateness { get; init; } = TimeSpan.FromHours(72);

    public OutcomeType? Type(string id)
    {
        foreach (var type in OutcomeTypes) if (type.Id == id) return type;
        return null;
    }

    /// <summary>What is told to whoever names a type that there is none of: with those that there are, ten at
    /// most.</summary>
    public string NoSuchType(string id) => $"the plan has no outcome type '{id}'; {TypesInWords}";

    /// <summary>Those that there are, ten at most.</summary>
    public string TypesInWords => "it has "
        + string.Join(", ", OutcomeTypes.Take(10).Select(type => $"'{type.Id}'"))
        + (OutcomeTypes.Length > 10 ? $" and {OutcomeTypes.Length - 10} more" : "");

    /// <summary>Says the same: member by member, not only the same object.</summary>
    public bool IsSameAs(Terms other) => ReferenceEquals(this, other) || TermsWire.AreSame(this, other);

    /// <summary>
    /// Credits in money, rounded down to millionths; null where the plan does not say what one is worth (N2).
    /// </summary>
    public Amount? Worth(Amount credits) => CreditValue is { } value
        ? new Amount(checked((long)((Int128)credits.Micros * value.Micros / 1_000_000))) : null;

    public ActivityType? Activity(string id)
    {
        foreach (var activity in Activities) if (activity.Id == id) return activity;
        return null;
    }

    public Pack? Pack(string id)
    {
        foreach (var pack in TopUps) if (pack.Id == id) return pack;
        return null;
    }
}

/// <summary>The definition of an outcome that may be billed (rules O1 to O8, I4, C3).</summary>
public sealed record OutcomeType
{
    public required string Id { get; init; }
    /// <summary>Price of a unit; null where the plan names none (counts as 0).</summary>
    public Amount? Price { get; init; }
    /// <summary>Units in each period that cost nothing (F1).</summary>
    public long IncludedUnits { get; init; }
    /// <summary>0 to 30 days (O2).</summary>
    public TimeSpan MeasurementWindow { get; init; } = TimeSpan.FromHours(72);
    public bool WindowRestartsOnActivity { get; init; }
    public bool OncePerSession { get; init; } = true;
    public string? ExclusiveGroup { get; init; }
    /// <summary>
    /// True: a success after a reversal in the same session returns the same outcome to pending (O3).
    /// </summary>
    public bool Continuation { get; init; } = true;
    /// <summary>True: billable only with a confirmation (O4).</summary>
    public bool SettlesOnConfirmation { get; init; }
    public bool VerificationRequired { get; init; }
    /// <summary>In millionths, 0 to 1,000,000 (O4).</summary>
    public int? MinConfidence { get; init; }
    public ImmutableArray<string> RequiredCriteria { get; init; } = [];
    public bool HandoffBillable { get; init; }
    /// <summary>True: a reversal after the window credits the outcome (O5).</summary>
    public bool CreditAfterWindow { get; init; }
    /// <summary>False: a pending outcome counts toward caps only when it settles (C3).</summary>
    public bool PendingCounts { get; init; } = true;
    public string? Description { get; init; }
    /// <summary>
    /// Graduated prices by the unit's number in the period, instead of one price (F7); the last has no end.
    /// </summary>
    public ImmutableArray<Tier> Tiers { get; init; } = [];
    /// <summary>The first that matches is the price, else <see cref="Price"/> (F7).</summary>
    public ImmutableArray<PriceClass> Prices { get; init; } = [];
    /// <summary>Credits that a unit takes, while there are any (F1); null: it takes none.</summary>
    public Amount? Credits { get; init; }
    public OverageRule? Overage { get; init; }

    /// <summary>Outcomes of types with the same group exclude each other within a session (I4).</summary>
    public string Group => ExclusiveGroup ?? Id;
}

public sealed record ActivityType
{
    public required string Id { get; init; }
    public Amount? Price { get; init; }
    public string? Description { get; init; }
}

/// <summary>Free units to learn with (O9): until the earlier of the date and the count.</summary>
public sealed record Training(int? Days, Instant? Until, long? MaxOutcomes);

/// <param name="UpTo">Last unit, 1-based, that has this price; null: all that follow.</param>
public sealed record Tier(long? UpTo, Amount Price);

/// <summary>
/// A price for the outcomes of a workflow, or with a method of verification; with both, both must match.
/// </summary>
public sealed record PriceClass(string? Workflow, string? Verification, Amount Price);

/// <summary>
/// What is owed whether it is used or not (F8): <see cref="Units"/> of a type at a <see cref="Price"/>, or an
/// <see cref="Amount"/> that is used up at the types' own prices.
/// </summary>
/// <param name="OutcomeType">Null, only with an amount: every type.</param>
/// <param name="PerYear">For twelve periods, counted from the tenant's first; else for each period.</param>
public sealed record Commitment(string? OutcomeType, long? Units, Amount? Price, Amount? Amount, bool PerYear);

/// <summary>What a plan grant has left moves into the next periods (F6).</summary>
/// <param name="Max">Of all rolled-over credits together.</param>
/// <param name="Periods">How long they last, 1 to 36; null: without end.</param>
public sealed record Rollover(Amount Max, int? Periods);

/// <summary>Credits that the buyer buys as they are (F9).</summary>
/// <param name="Credits">Above 0.</param>
/// <param name="Price">Above 0: credits for nothing are the vendor's to give.</param>
/// <param name="ExpiresAfter">How long they last from the purchase on; null: without end.</param>
public sealed record Pack(string Id, Amount Credits, Amount Price, TimeSpan? ExpiresAfter);

/// <summary>What may go on demand once prepaid units are used up, and at what price (F2).</summary>
/// <param name="Bills">False: nothing (<c>block</c>). Null: where the type has a price.</param>
/// <param name="Price">Null: the type's own.</param>
/// <param name="Limit">Units, or an amount, in the period; null for none.</param>
public sealed record OverageRule(bool? Bills, Amount? Price, Limit? Limit, bool RequiresAuthorization, AtLimit AtLimit)
{
    /// <summary>Of a governed type that no rule names.</summary>
    public static readonly OverageRule Default = new(null, null, null, RequiresAuthorization: false, AtLimit.Pause);
}

/// <summary>A limit on units or on money for a scope and a period (C1, C7).</summary>
public sealed record Cap
{
    public required string Id { get; init; }
    public Scope Scope { get; init; } = Scope.Everything;
    /// <summary>Units, 0 to 10^12, or an amount from 0.</summary>
    public required Limit Limit { get; init; }
    public CapPeriod Period { get; init; }
    public AtLimit AtLimit { get; init; } = AtLimit.Pause;

    /// <summary>
    /// Whether the units or fees of a subject stand against it: one on money takes in activities too, unless it names a
    /// type (C7).
    /// </summary>
    public bool Counts(in Subject subject) =>
        Scope.Matches(subject)
            || (Limit.IsMoney && subject.IsActivity && Scope is { Activity: null, OutcomeType: null }
            && Scope.MatchesDimensions(subject));

    /// <summary>What stands against it is what stands against the other.</summary>
    public bool IsSameAs(Cap other) =>
        Scope == other.Scope && Period == other.Period && Limit.IsMoney == other.Limit.IsMoney;
}

public enum CapPeriod : byte { BillingPeriod, Day }

public enum LimitAction : byte { Pause, Handoff, Notify }

/// <summary>What agents are told at a limit; <see cref="To"/> and <see cref="Message"/> go with a hand-off.</summary>
public sealed record AtLimit(LimitAction Action, string? To = null, string? Message = null)
{
    public static readonly AtLimit Pause = new(LimitAction.Pause);
}

/// <summary>A level at which an alert is raised (S4); of a cap, at which it is <c>warned</c> (S1).</summary>
/// <param name="Target">The cap's or the outcome type's id; null for credits and spend.</param>
/// <param name="Percent">1 to 100, of the limit in force; null with <paramref name="At"/>.</param>
/// <param name="At">Units of a cap or of included units, or an amount of a cap, of credits or of spend.</param>
public sealed record Threshold(string Id, Measure Of, string? Target, int? Percent, Limit? At)
{
    /// <summary>A level in units is none of a cap on money, nor one in money of a cap on units.</summary>
    public bool IsOf(Cap cap) =>
        Of == Measure.Cap && Target == cap.Id && (At is not { } at || at.IsMoney == cap.Limit.IsMoney);

    /// <summary>
    /// Where it is crossed for a limit in force, in units or millionths; never, for a percentage of nothing.
    /// </summary>
    public long Level(long limit) =>
        At?.Value ?? (limit <= 0 ? long.MaxValue : (long)(((Int128)limit * Percent!.Value + 99) / 100));
}

/// <summary>What a threshold watches. The numbers are stored.</summary>
public enum Measure : byte { Cap = 0, Included = 1, Credits = 2, Spend = 3 }

/// <summary>
/// What a cap applies to. Empty: every outcome of the tenant. With <see cref="Activity"/> it is a cap on that activity
/// (C9) and never matches an outcome.
/// </summary>
public sealed record Scope(string? OutcomeType = null, string? Activity = null, string? Agent = null,
    string? Channel = null, string? Workflow = null)
{
    public static readonly Scope Everything = new();

    public bool Matches(in Subject subject) =>
        (subject.IsActivity ? Activity == subject.What : Activity is null
            && (OutcomeType is null || OutcomeType == subject.What))
        && MatchesDimensions(subject);

    public bool MatchesDimensions(in Subject subject) =>
        (Agent is null || Agent == subject.Dimensions.Agent)
        && (Channel is null || Channel == subject.Dimensions.Channel)
        && (Workflow is null || Workflow == subject.Dimensions.Workflow);
}

/// <summary>Who acted, where, and in which workflow.</summary>
public sealed record Dimensions(string? Agent = null, string? Channel = null, string? Workflow = null)
{
    public static readonly Dimensions None = new();
}

/// <summary>
/// What an admission, a check or a reservation is about: an outcome type or an activity, with its dimensions.
/// </summary>
public readonly record struct Subject(string What, bool IsActivity, Dimensions Dimensions);
