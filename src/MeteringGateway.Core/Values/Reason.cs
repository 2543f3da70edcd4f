namespace MeteringGateway.Core;

/// <summary>Where an outcome stands (section O). Written in snake_case.</summary>
public enum OutcomeStatus : byte { Pending, Billable, NonBillable, Credited }

/// <summary>
/// Why an outcome is billable or not; written in snake_case. The numbers are stored: only ever append.
/// </summary>
public enum Reason : byte
{
    None = 0,
    // billable
    WindowClosed = 1, Confirmed = 2, Immediate = 3,
    // the result as reported (O1), or a reversal within the window (O3)
    Escalated = 10, Abandoned = 11, Failed = 12, Cancelled = 13, Disconnected = 14, NoShow = 15, Greeting = 16,
    Unanswered = 17,
    Rejected = 18, Diagnostic = 19, Partial = 20, Ignored = 21, Reopened = 22,
    // the type's own conditions (O1, O4)
    CriteriaNotMet = 30, Unverified = 31, Unconfirmed = 32,
    // outside billing (O7, O9, I4)
    Sandbox = 40, Training = 41, DuplicateInSession = 42,
    // admission (C4, F3)
    OverCap = 50, CreditsExhausted = 51, OverageBlocked = 52, OverageNotAuthorized = 53, OverageLimitReached = 54,
}

/// <summary>Why an outcome that was billable was credited (O5, D3). Written in snake_case; the numbers are stored.
/// </summary>
public enum CreditReason : byte { Reopened = 1, Escalated = 2, Abandoned = 3, Failed = 4, Rejected = 5, Disputed = 6 }

/// <summary>What became of the work, as the runtime reports it (O1).</summary>
public enum Result : byte
{
    Success, Escalated, Abandoned, Failed, Cancelled, Disconnected, NoShow, Greeting, Unanswered, Rejected, Diagnostic,
    Partial, Ignored,
}

/// <summary>What may be said of an outcome after it was reported (O3, O4, O8).</summary>
public enum FactKind
    : byte { Confirmed, Reopened, Escalated, Abandoned, Failed, Rejected, VerdictAccepted, VerdictRejected }

/// <summary>
/// Why a command was refused, in order of precedence: the first that applies is answered. Written in snake_case.
/// </summary>
public enum Refusal : byte
{
    UnknownTenant, IdReused, TenantClosed, UnknownOutcomeType, EventTooOld, EventInFuture, OutcomeExists,
    TenantExists, NotATestClock, ClockRunsBack, CapBelowExposure, UnknownCap, TooManyCaps, UnknownReservation,
    CurrencyFixed, TestClockFixed,
    UnknownSignal, UnknownPeriod, UnknownOutcome, NotDisputable, AmountOverflow,
    UnknownThreshold, TooManyThresholds, UnknownGrant, TooManyGrants, IdempotencyKeyReused, AlreadyExpired,
    UnknownScheduled, ChangedMeanwhile, UnknownPack, TopUpLimitReached,
    TooManyInSession, TooManyFacts, TooManyReservations, TooManyActivities,
    TooManyOutcomes, TooManyChanges, TenantFull,
    DisputeExists, DisputeTooLate, UnknownDispute, DisputeResolved, TooManyDisputes,
}

public enum DecisionKind : byte { Allow, Pause, Handoff }

/// <summary>
/// Why a check was answered as it was (A1). Written in snake_case. The numbers are stored: only ever append.
/// </summary>
public enum DecisionReason
    : byte { Ok, TenantPaused, CapReached, CreditsExhausted, OverageBlocked, OverageNotAuthorized, OverageLimitReached,
        TenantClosed }

/// <summary>Which source pays for a unit (F1).</summary>
public enum Funding : byte { Training, Included, Committed, Credits, OnDemand }

/// <summary>The state of a cap or of the tenant, in order of severity (S1).</summary>
public enum LimitState : byte { Active, Warned, Paused, Handoff }

public enum SignalAction : byte { Warn, Pause, Handoff, Resume }

public enum PeriodStatus : byte { Open, Settling, Closed }

public enum Effective : byte { Now, NextPeriod }
