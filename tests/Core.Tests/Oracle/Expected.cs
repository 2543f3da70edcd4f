namespace MeteringGateway.Core.Tests.Oracles;

/// <summary>What the rules say that a command is answered.</summary>
internal abstract record Expected
{
    public sealed record Done : Expected;

    public sealed record Refused(Refusal Code, long? Exposure = null) : Expected;

    /// <param name="Remaining">Compared only with <paramref name="RemainingKnown"/>.</param>
    public sealed record Accepted(bool Duplicate, OutcomeStatus? Status, Reason? Reason, bool RemainingKnown, long? Remaining)
        : Expected;

    /// <summary>Too long ago to be certain of: recognised, or too old (I2).</summary>
    public sealed record DuplicateOrTooOld : Expected;

    public sealed record Decided(DecisionKind Kind, DecisionReason Reason, long? Remaining, string? Limit) : Expected;

    /// <param name="Quantity">Null: refused, as the decision says.</param>
    public sealed record Reserved(Decided Decision, long? Quantity) : Expected;

    public sealed record Extended(Instant ExpiresAt, long Remaining) : Expected;

    /// <summary>The rules leave it open.</summary>
    public sealed record Unknown : Expected;
}

internal sealed record ExpectedSignal(SignalAction Action, string? Cap, LimitState State);

/// <summary>Units of one type in a period, by where they stand.</summary>
internal sealed record ExpectedType(
    long Reported, long Pending, long Settled, long Reserved, long Credited, IReadOnlyDictionary<Reason, long> NonBillable,
        long Included, Amount Amount);

/// <summary>The rules do not say what happens here: the history ends before it, and is counted.</summary>
internal sealed class AmbiguousException(string what) : Exception(what);
