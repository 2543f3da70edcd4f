using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>An outcome as its owner may inspect it (D1), without what is stored apart.</summary>
public sealed record OutcomeFigure(
    string Id, Instant Time, DateOnly Period, string OutcomeType, Dimensions Dimensions, string? Session, int Quantity,
    Result Result, ImmutableArray<string> CriteriaMet, bool HandedOff, Verification? Verification,
    WindowStatus Window, Instant? ClosesAt, OutcomeStatus Status, Reason Reason,
    ImmutableArray<Charge> Charges, Amount Amount, Dispute? Dispute, long FirstSequence, long Sequence, bool HasDetail);

public enum WindowStatus : byte { None, Open, Closed }

/// <summary>Part of an outcome's units, and the source that funds them (F4).</summary>
public sealed record Charge(Funding Source, long Units, Amount UnitPrice, Amount Amount);

public enum DisputeStatus : byte { Open, Upheld, Credited }

public sealed record Dispute(string Id, string OutcomeId, string Reason, DisputeStatus Status, Instant OpenedAt);

/// <summary>A period's figures.</summary>
/// <param name="Spend">What its statement would total for outcomes and activities now, unrounded (settled and pending; fees apart).</param>
public sealed record Usage(
    Period Period, PeriodStatus Status, LimitState State, long Sequence, string Currency,
    ImmutableArray<TypeUsage> OutcomeTypes, ImmutableArray<ActivityUsage> Activities, ImmutableArray<CapUsage> Caps,
    ImmutableArray<IncludedUsage> Included, Amount Spend);

/// <summary>Units of one outcome type in a period, by where they stand.</summary>
/// <param name="Reported">Units of every report, whatever became of it; the others but <paramref name="Reserved"/> add up to it.</param>
public sealed record TypeUsage(
    string Id, long Reported, long Pending, long Settled, long Reserved, long Credited, ImmutableSortedDictionary<Reason, long> NonBillable, Amount Amount);

public sealed record ActivityUsage(string Id, long Reported, Amount Amount);

/// <param name="Remaining">Whole units; 0 at or over the limit.</param>
public sealed record CapUsage(Cap Cap, long Exposure, long Remaining, LimitState State, Instant ResetsAt);

public sealed record IncludedUsage(string OutcomeType, long Units, long Used);

/// <summary>The tenant as an administrator sees it.</summary>
public sealed record TenantFigure(
    string Name, PlanRef Plan, Terms Terms, string Zone, int AnchorDay, TestClock? TestClock, Instant Now, LimitState State,
    Period Period, PeriodStatus PeriodStatus, ImmutableArray<CapFigure> Caps, Instant CreatedAt, Instant? ClosedAt, long Sequence);

public sealed record CapFigure(Cap Cap, LimitState State);

/// <summary>Which outcomes to list; null members do not filter.</summary>
/// <param name="ChangedAfter">With it, those whose last entry has a higher sequence, oldest change first.</param>
public sealed record OutcomeFilter(
    DateOnly? Period = null, OutcomeStatus? Status = null, string? OutcomeType = null, Reason? Reason = null, string? Session = null,
    long? ChangedAfter = null);
