namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>What the rules say that a command is answered.</summary>
internal abstract record Expected
{
    public sealed record Done : Expected;

    public sealed record Refused(Refusal Code, Limit? Exposure = null) : Expected;

    /// <param name="Remaining">Compared only with <paramref name="RemainingKnown"/>.</param>
    public sealed record Accepted(bool Duplicate, OutcomeStatus? Status, Reason? Reason, bool RemainingKnown,
        long? Remaining)
        : Expected;

    /// <summary>Too long ago to be certain of: recognised, or too old (I2).</summary>
    public sealed record DuplicateOrTooOld : Expected;

    public sealed record Decided(
        DecisionKind Kind, DecisionReason Reason, long? Remaining, Bound? Limit, Funding? Funding, Amount? UnitPrice,
        Instant? RetryAt) : Expected;

    /// <summary>What binds most; the figures only where the rules say what they are.</summary>
    public sealed record Bound(string Id, string Kind, Limit? Limit, Limit? Used);

    /// <param name="Quantity">Null: refused, as the decision says.</param>
    public sealed record Reserved(Decided Decision, long? Quantity) : Expected;

    public sealed record Extended(Instant ExpiresAt, long Remaining) : Expected;

    public sealed record Granted(Lot Lot, bool Bought) : Expected;

    /// <param name="Amount">What is taken back; null: nothing is.</param>
    public sealed record Disputed(DisputeStatus Status, Amount? Amount) : Expected;

    /// <summary>The rules leave it open.</summary>
    public sealed record Unknown : Expected;
}

/// <param name="Askable">Everything that could be asked then.</param>
/// <param name="At">When it is told.</param>
/// <param name="Stops">What of it the key refuses for one unit (S6).</param>
internal sealed record ExpectedSignal(
    string Key, SignalAction Action, LimitState State, DecisionReason Reason, AtLimit? Handoff,
    IReadOnlyList<Subject> Askable, IReadOnlyList<Subject> Stops, Instant At);

internal abstract record ExpectedAlert
{
    public sealed record Crossed(string Threshold, long Level, long? InForce, DateOnly Period) : ExpectedAlert;

    public sealed record Rearmed(string Threshold, bool RoomCameBack) : ExpectedAlert;

    public sealed record CreditsExhausted(DateOnly Period) : ExpectedAlert;

    public sealed record OverageStarted(string? OutcomeType, DateOnly Period) : ExpectedAlert;

    public sealed record GrantExpiring(Lot Lot, Amount Left) : ExpectedAlert;
}

/// <summary>What was credited of a closed period.</summary>
/// <param name="In">The period whose line it is.</param>
/// <param name="Of">The closed one.</param>
/// <param name="Returned">Without a grant where it is no longer known.</param>
internal sealed record ExpectedCorrection(
    DateOnly In, DateOnly Of, Report Report, Amount Amount, IReadOnlyList<(Lot? Lot, Amount Credits)> Returned);

/// <summary>Units of one type in a period, by where they stand.</summary>
internal sealed record ExpectedType(
    long Reported, long Pending, long Settled, long Reserved, long Credited,
    IReadOnlyDictionary<Reason, long> NonBillable,
        long Included, Amount Amount);

/// <summary>The rules do not say what happens here: the history ends before it, and is counted.</summary>
internal sealed class AmbiguousException(string what) : Exception(what);
