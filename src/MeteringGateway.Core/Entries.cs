using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// A fact in the tenant's journal: what became true, never what was asked. The state is the fold of the entries, in order,
/// and of nothing else. Sequence and hashes belong to the journal (see <see cref="EntryCodec"/>).
/// </summary>
/// <remarks>A kind's members may only be added to, at the end; how versions change is in <c>docs/journal.md</c>.</remarks>
public abstract record Entry
{
    private Entry() { }

    /// <summary>When it became true, on the tenant's clock.</summary>
    public required Instant At { get; init; }
    public Actor? Actor { get; init; }

    public sealed record TenantCreated(string Name, string Zone, int AnchorDay, TestClock? TestClock, PlanRef Plan, Terms Terms, Period Period) : Entry;

    /// <summary>Name, zone and anchor as they are to be; zone and anchor take effect with the next period (T2).</summary>
    public sealed record TenantChanged(string Name, string Zone, int AnchorDay) : Entry;

    /// <summary>New terms, in force for what is timed from <paramref name="From"/> on; included units with the next period (F7).</summary>
    public sealed record TermsSet(PlanRef Plan, Terms Terms, Instant From) : Entry;

    public sealed record TenantClosed : Entry;
    public sealed record ClockAdvanced : Entry;

    /// <summary>The open period ended and begins to settle; this one is open now (T2, T3).</summary>
    public sealed record PeriodStarted(Period Period) : Entry;

    /// <summary>Never changes any more (T3). What its rating came to is fixed here (F4).</summary>
    public sealed record PeriodClosed(DateOnly Period, ImmutableArray<RatedType> Ratings) : Entry;

    /// <summary>A local day began; journalled only where a cap by the day has something to lift (S2).</summary>
    public sealed record DayStarted(DateOnly Period, int Day) : Entry;

    /// <summary>An outcome was reported, with what became of it at once.</summary>
    /// <param name="Period">Where it counts (T3).</param>
    /// <param name="ContinuationOf">The outcome that this report returned to pending (O3); <see cref="OutcomeId"/> is then its alias.</param>
    /// <param name="ClosesAt">Null: no window.</param>
    /// <param name="Drawn">Units taken out of <paramref name="Reservation"/>.</param>
    public sealed record OutcomeReported(
        EventId Id, ulong Fingerprint, Instant Time, string OutcomeType, string OutcomeId, int Quantity, Result Result,
        string? Session, Dimensions Dimensions, ImmutableArray<string> CriteriaMet, bool HandedOff, bool Sandbox, Verification? Verification,
        DateOnly Period, OutcomeStatus Status, Reason Reason, bool Admitted, Instant? ClosesAt, WindowEnd End, string? ContinuationOf,
        string? Reservation, int Drawn, long? Remaining, byte[]? DetailHash) : Entry;

    /// <summary>A confirmation, reversal or verdict was taken; what it changed follows as <see cref="OutcomeChanged"/>.</summary>
    /// <param name="Waits">True: its report is not yet known (O6).</param>
    public sealed record FactReported(
        EventId Id, ulong Fingerprint, Instant Time, string OutcomeId, FactKind Kind, string? Session, Dimensions Dimensions,
        Verification? Verification, byte? Csat, bool Waits, OutcomeSummary? Outcome, byte[]? DetailHash) : Entry;

    /// <summary>An outcome's status, window or admission changed.</summary>
    /// <param name="Opened">Start of the window now running or last run (a continuation restarts it).</param>
    /// <param name="ContinuationOf">Not null: from now on only an alias of that outcome (O3).</param>
    /// <param name="Correction">What a credit for a closed period gives back (O5); null otherwise.</param>
    public sealed record OutcomeChanged(
        string OutcomeId, OutcomeStatus Status, Reason Reason, bool Admitted, Instant Opened, Instant? ClosesAt, WindowEnd End,
        string? ContinuationOf, Amount? Correction) : Entry;

    /// <param name="BeyondCap">True: a cap on this activity had no room (C9).</param>
    public sealed record ActivityReported(
        EventId Id, ulong Fingerprint, Instant Time, string Activity, int Quantity, string? Session, Dimensions Dimensions, bool HandedOff,
        DateOnly Period, bool BeyondCap, long? Remaining, byte[]? DetailHash) : Entry;

    /// <param name="Reservation">Its id.</param>
    /// <param name="Day">Local day in the open period in which it counts (A5).</param>
    public sealed record ReservationMade(string Reservation, Subject Subject, long Quantity, Instant ExpiresAt, DateOnly Period, int Day, Decision Answer) : Entry;
    public sealed record ReservationExtended(string Reservation, Instant ExpiresAt) : Entry;
    public sealed record ReservationReleased(string Reservation) : Entry;
    public sealed record ReservationExpired(string Reservation) : Entry;

    public sealed record DecisionRecorded(Question Question, Decision Decision) : Entry;

    /// <param name="Effective">With <see cref="Core.Effective.NextPeriod"/> the limit in force stays until the period ends (C6).</param>
    public sealed record CapSet(Cap Cap, Effective Effective, Cap? Before) : Entry;
    public sealed record CapRemoved(Cap Before) : Entry;

    public sealed record TenantPaused(AtLimit Action, string Reason) : Entry;
    public sealed record TenantResumed : Entry;

    /// <summary>The state of a cap, or of the tenant when <see cref="Cap"/> is null, changed; sent to agents once durable (S1).</summary>
    public sealed record StateChanged(
        string? Cap, LimitState State, SignalAction Action, Scope? Scope, long? Limit, DecisionReason Reason, AtLimit? Handoff, Instant? ResetsAt) : Entry;

    public sealed record SignalAcknowledged(long Signal, string Agent) : Entry;

    /// <summary>The buyer disputes a billable outcome (O8, D3).</summary>
    public sealed record DisputeOpened(string Dispute, string OutcomeId, string Reason) : Entry;
}

/// <summary>How an outcome's window ended, if it did; <c>ReversedLate</c>: it had settled before the reversal arrived. The numbers are stored.</summary>
public enum WindowEnd : byte { None = 0, Open = 1, Lapsed = 2, Confirmed = 3, Reversed = 4, ReversedLate = 5 }

/// <summary>What a type's outcomes came to in a closed period.</summary>
/// <param name="Units">Admitted and not taken back.</param>
/// <param name="Included">Of these, units that cost nothing.</param>
public sealed record RatedType(string OutcomeType, long Units, long Included, Amount Amount);
