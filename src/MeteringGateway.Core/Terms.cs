using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What a tenant has agreed to: the plan's members, with the tenant's own overrides already laid over them. Immutable and shared between tenants.</summary>
public sealed record Terms
{
    /// <summary>ISO 4217 code; one for the tenant's whole life (N2).</summary>
    public required string Currency { get; init; }
    public required ImmutableArray<OutcomeType> OutcomeTypes { get; init; }
    public ImmutableArray<ActivityType> Activities { get; init; } = [];
    public ImmutableArray<Cap> Caps { get; init; } = [];
    public ImmutableArray<Threshold> Thresholds { get; init; } = [];
    public Training? Training { get; init; }

    /// <summary>How old an event may be when it arrives (T3, T4); 0 to 30 days.</summary>
    public TimeSpan MaxLateness { get; init; } = TimeSpan.FromHours(72);

    public OutcomeType? Type(string id)
    {
        foreach (var type in OutcomeTypes) if (type.Id == id) return type;
        return null;
    }

    public ActivityType? Activity(string id)
    {
        foreach (var activity in Activities) if (activity.Id == id) return activity;
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
    /// <summary>True: a success after a reversal in the same session returns the same outcome to pending (O3).</summary>
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

/// <summary>A limit on units for a scope and a period (C1).</summary>
public sealed record Cap
{
    public required string Id { get; init; }
    public Scope Scope { get; init; } = Scope.Everything;
    /// <summary>Units, 0 to 10^12.</summary>
    public required long Limit { get; init; }
    public CapPeriod Period { get; init; }
    public AtLimit AtLimit { get; init; } = AtLimit.Pause;
}

public enum CapPeriod : byte { BillingPeriod, Day }

public enum LimitAction : byte { Pause, Handoff, Notify }

/// <summary>What agents are told at a limit; <see cref="To"/> and <see cref="Message"/> go with a hand-off.</summary>
public sealed record AtLimit(LimitAction Action, string? To = null, string? Message = null)
{
    public static readonly AtLimit Pause = new(LimitAction.Pause);
}

/// <summary>A level of a cap at which it is <c>warned</c> (S1, S4): a percentage of the limit in force, or units.</summary>
public sealed record Threshold(string Id, string Cap, int? Percent, long? Units)
{
    /// <summary>The exposure from which the threshold counts as crossed, for a limit in units.</summary>
    public long Level(long limit) => Units ?? (long)(((Int128)limit * Percent!.Value + 99) / 100);
}

/// <summary>
/// What a cap applies to. Empty: every outcome of the tenant. With <see cref="Activity"/> it is a cap on that activity (C9)
/// and never matches an outcome.
/// </summary>
public sealed record Scope(string? OutcomeType = null, string? Activity = null, string? Agent = null, string? Channel = null, string? Workflow = null)
{
    public static readonly Scope Everything = new();

    public bool Matches(in Subject subject) =>
        (subject.IsActivity ? Activity == subject.What : Activity is null && (OutcomeType is null || OutcomeType == subject.What))
        && (Agent is null || Agent == subject.Dimensions.Agent)
        && (Channel is null || Channel == subject.Dimensions.Channel)
        && (Workflow is null || Workflow == subject.Dimensions.Workflow);
}

/// <summary>Who acted, where, and in which workflow.</summary>
public sealed record Dimensions(string? Agent = null, string? Channel = null, string? Workflow = null)
{
    public static readonly Dimensions None = new();
}

/// <summary>What an admission, a check or a reservation is about: an outcome type or an activity, with its dimensions.</summary>
public readonly record struct Subject(string What, bool IsActivity, Dimensions Dimensions);
