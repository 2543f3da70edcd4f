using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>An outcome as its owner may inspect it (D1), without what is stored apart.</summary>
/// <param name="HandedOff">When it was reported, or by an escalation since.</param>
public sealed record OutcomeFigure(
    string Id, Instant Time, DateOnly Period, string OutcomeType, Dimensions Dimensions, string? Session, int Quantity,
    Result Result, ImmutableArray<string> CriteriaMet, bool HandedOff, Verification? Verification,
    WindowStatus Window, Instant? ClosesAt, OutcomeStatus Status, Reason Reason,
    ImmutableArray<Charge> Charges, Amount Amount, Amount Credits, Dispute? Dispute, long FirstSequence, long Sequence,
    bool HasDetail)
{
    /// <summary>When the window ended, if something said within it ended it early.</summary>
    public Instant? EndedAt { get; init; }

    /// <summary>What was taken back of it; null where nothing was, and of what was credited before this was kept.
    /// </summary>
    public Credit? Credit { get; init; }

    /// <summary>The source of the event that reported it.</summary>
    public string? EventSource { get; init; }

    /// <summary>It was reported without a session, and its type is counted once per session (I4): no other can be found
    /// to be its duplicate.</summary>
    public bool NoSession { get; init; }
}

public enum WindowStatus : byte { None, Open, Closed }

/// <summary>Part of an outcome's units, and the source that funds them (F4).</summary>
/// <param name="Credits">Credits that these units took; their amount is then 0.</param>
public sealed record Charge(Funding Source, long Units, Amount UnitPrice, Amount Amount, Amount Credits);

public enum DisputeStatus : byte { Open, Upheld, Credited }

/// <summary>The buyer contests an outcome (D3). Its id has the sequence of the entry that opened it.</summary>
public sealed record Dispute(string Id, string OutcomeId, string Reason, DisputeStatus Status, Instant OpenedAt)
{
    /// <summary>Sequence of the entry that opened it.</summary>
    public long OpenedBy => long.Parse(Id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>What the vendor said when it decided; null until then.</summary>
    public string? Note { get; init; }
    public Instant? ResolvedAt { get; init; }
    /// <summary>What was taken back; null where nothing was.</summary>
    public Credit? Credit { get; init; }
}

/// <summary>What was taken back of an outcome that was billable (O5, D3).</summary>
/// <param name="Amount">What its period's rating came to less without it, in the tenant's currency, not below 0, not
/// rounded: of a closed period the correction.</param>
/// <param name="Credits">The same in credits.</param>
/// <param name="Period">On whose statement: its own, which then has nothing of it, or the one that corrects its own,
/// which is closed.</param>
public sealed record Credit(Amount Amount, Amount Credits, CreditReason Reason, DateOnly Period, Instant At);

/// <summary>A period's figures.</summary>
/// <param name="Spend">What its statement would total for outcomes and activities now, unrounded (settled and pending),
/// and for nothing else.</param>
/// <param name="Corrections">What was taken back from closed periods, unrounded; not above 0.</param>
/// <param name="Total">Of its statement as it is now: fees, packs and shortfalls too, rounded line by line
/// (N3).</param>
/// <param name="Forecast">Null: it would go beyond what an amount can be (N1).</param>
public sealed record Usage(
    Period Period, PeriodStatus Status, LimitState State, long Sequence, string Currency,
    ImmutableArray<TypeUsage> OutcomeTypes, ImmutableArray<ActivityUsage> Activities, ImmutableArray<CapUsage> Caps,
    ImmutableArray<IncludedUsage> Included, ImmutableArray<CommitmentUsage> Commitments, CreditsUsage Credits,
    OverageUsage Overage,
    Amount Spend, Amount Corrections, Amount Total, Forecast? Forecast);

/// <summary>Units of one outcome type in a period, by where they stand.</summary>
/// <param name="Reported">Units of every report, whatever became of it; the others but <paramref name="Reserved"/> add
/// up to it.</param>
public sealed record TypeUsage(
    string Id, long Reported, long Pending, long Settled, long Reserved, long Credited,
    ImmutableSortedDictionary<Reason, long> NonBillable, Amount Amount);

public sealed record ActivityUsage(string Id, long Reported, Amount Amount);

/// <param name="Exposure">Settled, pending and reserved, in units or as an amount, like the limit.</param>
/// <param name="Remaining">0 at or over the limit.</param>
public sealed record CapUsage(Cap Cap, Limit Exposure, Limit Remaining, LimitState State, Instant ResetsAt);

public sealed record IncludedUsage(string OutcomeType, long Units, long Used);

/// <param name="Used">Units or an amount, like the commitment; per year of all its periods up to this one.</param>
public sealed record CommitmentUsage(Commitment Commitment, Limit Used);

/// <param name="Balance">Credits that could be spent now.</param>
/// <param name="Value">The balance in money, where the plan says what a credit is worth (N2).</param>
/// <param name="Grants">Those that have not ended and are not used up by closed periods, in the order in which they are
/// spent.</param>
public sealed record CreditsUsage(Amount Balance, Amount? Value, ImmutableArray<GrantFigure> Grants);

/// <summary>What went on demand under the rules of overage (F2), of all types together.</summary>
/// <param name="Bills">Whether any rule lets units go on demand.</param>
/// <param name="Authorized">Nothing waits for an authorisation.</param>
/// <param name="Limit">Of the rule for all types, or what was authorised, if that is less; null: neither.</param>
/// <param name="NothingPrepaid">So there is nothing to go beyond, and no rule.</param>
public sealed record OverageUsage(bool Bills, long Units, Amount Amount, bool Authorized, Limit? Limit,
    bool NothingPrepaid = false);

/// <summary>The period's end at the present pace (Q2), as far as caps and the funding let it come.</summary>
/// <param name="Units">Rated units of all types.</param>
/// <param name="Amount">Spend.</param>
/// <param name="Uncapped">What all that is asked for would come to, if nothing were refused.</param>
public sealed record Forecast(long Units, Amount Amount, Projection Uncapped, ImmutableArray<CapForecast> Caps);

public sealed record Projection(long Units, Amount Amount);

/// <param name="ReachedAt">When it was, or will be at this pace; null: not in its period, or day.</param>
public sealed record CapForecast(string Cap, Instant? ReachedAt);

/// <summary>A lot of credits (F5).</summary>
/// <param name="Amount">As issued.</param>
/// <param name="Remaining">Not taken by outcomes, and not ended; what is held by reservations still counts.</param>
/// <param name="Price">Owed for all of it (F10).</param>
/// <param name="From">The grant that it rolled over from, or corrects.</param>
/// <param name="Pack">The pack that was bought (F9); null: it is none.</param>
/// <param name="Quantity">Packs; 0 where it is none.</param>
public sealed record GrantFigure(
    string Id, GrantKind Kind, Amount Amount, Amount Remaining, int Priority, Instant EffectiveAt, Instant? ExpiresAt,
    Amount? Price,
    string? Note, Instant CreatedAt, Instant? VoidedAt, string? From, string? Pack = null, int Quantity = 0);

/// <param name="Level">What stands, in units or as an amount; null: it is out of force.</param>
/// <param name="InForce">The limit that it is a level of; null for spend, and out of force.</param>
public sealed record ThresholdFigure(Threshold Threshold, bool Crossed, Limit? Level, Limit? InForce);

/// <summary>What the tenant owes for a period, or would owe now (F8).</summary>
/// <param name="Status"><see cref="PeriodStatus.Closed"/>: final.</param>
/// <param name="Total">Sum of the rounded lines (N3).</param>
/// <param name="CreditsValue">In money, where the plan says what a credit is worth.</param>
/// <param name="ClosedBy">Sequence of the entry that made it final; null until then.</param>
/// <param name="Zone">The time zone that the period runs under (T2).</param>
/// <param name="FinalAt">When it became final; null until then.</param>
public sealed record Statement(
    Period Period, PeriodStatus Status, string Currency, ImmutableArray<StatementLine> Lines, Amount Total,
    Amount UnroundedTotal,
    Amount CreditsUsed, Amount? CreditsValue, long Sequence, long? ClosedBy, string Zone, Instant? FinalAt);

/// <param name="Amount">Rounded half to even to the currency's minor unit (N3).</param>
public sealed record StatementLine(Line Line, string Description, Amount Amount);

/// <summary>The tenant as an administrator sees it.</summary>
/// <param name="Scheduled">Changes that are to come, in order of their dates.</param>
public sealed record TenantFigure(
    string Name, PlanRef Plan, Terms Terms, string Zone, int AnchorDay, TestClock? TestClock, Instant Now,
    LimitState State,
    Period Period, PeriodStatus PeriodStatus, ImmutableArray<CapFigure> Caps, Authorization? Authorization,
    Instant CreatedAt, Instant? ClosedAt, long Sequence, ImmutableArray<Scheduled> Scheduled);

public sealed record CapFigure(Cap Cap, LimitState State);

/// <summary>A finance admin lets units go on demand (F2).</summary>
/// <param name="Period">Null: standing.</param>
/// <param name="Limit">Beside the rule's own.</param>
public sealed record Authorization(DateOnly? Period, Limit? Limit);

/// <summary>What a reservation holds, as a list of them shows it (A4).</summary>
/// <param name="Remaining">Units that no outcome has drawn yet.</param>
/// <param name="Period">In which it counts (A5).</param>
public sealed record HeldFigure(string Id, Subject Subject, long Quantity, long Remaining, Instant ExpiresAt,
    DateOnly Period);

/// <summary>Which outcomes to list; null members do not filter.</summary>
/// <param name="ChangedAfter">With it, those whose last entry has a higher sequence, oldest change first.</param>
public sealed record OutcomeFilter(
    DateOnly? Period = null, OutcomeStatus? Status = null, string? OutcomeType = null, Reason? Reason = null,
    string? Session = null,
    long? ChangedAfter = null);
