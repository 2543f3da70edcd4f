namespace MeteringGateway.Core;

/// <summary>What a command is answered. Refusals are values.</summary>
public abstract record Answer
{
    private Answer() { }

    /// <summary>
    /// Sequence of the last entry that the answer is based on; the answer leaves when that entry is durable.
    /// </summary>
    public long Sequence { get; internal set; }

    /// <summary>
    /// Nothing was made: it was refused, or it had been there before. Not to be remembered under an idempotency key,
    /// since the same question may have another answer soon.
    /// </summary>
    public bool MadeNothing => this is Refused or Reserved { Reservation: null } or Accepted { Duplicate: true };

    public sealed record Done : Answer;

    /// <param name="Detail">Says what and where, for the caller.</param>
    /// <param name="Exposure">With <see cref="Core.Refusal.CapBelowExposure"/>: what stands.</param>
    public sealed record Refused(Refusal Code, string Detail, Limit? Exposure = null) : Answer;

    /// <summary>An event was taken, now or before.</summary>
    /// <param name="Duplicate">True: it had been; this is the first answer (I1).</param>
    /// <param name="Remaining">Units left under everything that binds the event's subject; null when nothing
    /// does.</param>
    public sealed record Accepted(bool Duplicate, OutcomeSummary? Outcome, long? Remaining) : Answer;

    public sealed record Decided(Decision Decision) : Answer;

    /// <param name="Reservation">Null when the decision is a refusal.</param>
    public sealed record Reserved(Decision Decision, ReservationFigure? Reservation) : Answer;

    /// <param name="Grant">As it was issued: the same however often it is asked for under the same key.</param>
    /// <param name="Bought">False: it had been, under the same key (F6).</param>
    public sealed record Granted(GrantFigure Grant, bool Bought) : Answer;

    /// <param name="Dispute">As it stands after the command.</param>
    public sealed record Disputed(Dispute Dispute) : Answer;

    /// <summary>
    /// The outcome may be among the archived ones: ask again when it has been recalled from the store.
    /// </summary>
    public sealed record Needs(string OutcomeId) : Answer;

    /// <summary>
    /// More is due first than one turn does: ask again, when others have had their turn (T1). What was done is done.
    /// </summary>
    public sealed record Unfinished : Answer;
}

public sealed record OutcomeSummary(string Id, OutcomeStatus Status, Reason Reason);

/// <summary>The answer to an allowance check (A1, A2).</summary>
/// <param name="Remaining">Units, for this question; null when nothing binds.</param>
/// <param name="RetryAt">When asking again may be answered otherwise; null when not known or allowed.</param>
/// <param name="Sequence">Of the last entry it is based on.</param>
/// <param name="At">The tenant's time of which it speaks (T5). Not kept in entries, which have their own; null in an
/// answer that was kept before this was said.</param>
/// <param name="Currency">Of its amounts (N2); kept as the time is.</param>
public sealed record Decision(
    DecisionKind Kind, DecisionReason Reason, long? Remaining, Binding? Limit, Funding? Funding, Amount? UnitPrice,
    AtLimit? Handoff, Instant? RetryAt, DateOnly Period, long Sequence, Instant? At = null,
    string? Currency = null);

/// <summary>What binds a question most.</summary>
/// <param name="Kind"><c>cap</c>, <c>included</c>, <c>credits</c> or <c>overage</c>.</param>
public sealed record Binding(string Id, string Kind, Limit Limit, Limit Used, Instant ResetsAt, CapPeriod Period);

public sealed record ReservationFigure(string Id, long Quantity, long Remaining, Instant ExpiresAt);
