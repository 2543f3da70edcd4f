using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// A fact in the tenant's journal: what became true, never what was asked. The state is the fold of the entries, in
/// order, and of nothing else. Sequence and hashes belong to the journal (see <see cref="EntryCodec"/>).
/// </summary>
/// <remarks>A kind's members may only be added to, at the end; how versions change is in
/// <c>docs/journal.md</c>.</remarks>
public abstract record Entry
{
    private Entry() { }

    /// <summary>When it became true, on the tenant's clock.</summary>
    public required Instant At { get; init; }
    public Actor? Actor { get; init; }

    public sealed record TenantCreated(string Name, string Zone, int AnchorDay, TestClock? TestClock, PlanRef Plan,
        Terms Terms, Period Period) : Entry;

    /// <summary>Name, zone and anchor from now on; the next period that begins runs under them (T2).</summary>
    /// <param name="ZoneBefore">The zone that the open period runs under; null where the zone stays.</param>
    /// <param name="NameBefore">Null where the name stays, and in older entries; the anchor's the same.</param>
    public sealed record TenantChanged(string Name, string Zone, int AnchorDay, string? ZoneBefore = null,
        string? NameBefore = null, int? AnchorDayBefore = null) : Entry;

    /// <summary>
    /// New terms, in force for what is timed from <paramref name="From"/> on; included units with the next period (F7).
    /// </summary>
    /// <param name="Before">The plan until then, whose terms are in the entry that set them; null in older
    /// entries.</param>
    public sealed record TermsSet(PlanRef Plan, Terms Terms, Instant From, PlanRef? Before = null) : Entry;

    /// <summary>A setting is to change; when the time has come, the entries of the change itself say so (T2).</summary>
    /// <param name="Change">Its id.</param>
    /// <param name="Before">What was to come of the same setting, and does not; null: nothing was.</param>
    public sealed record ChangeScheduled(string Change, Instant EffectiveAt, Setting Setting, Scheduled? Before)
        : Entry;

    /// <summary>A change that was to come does not.</summary>
    public sealed record ChangeWithdrawn(Scheduled Before) : Entry;

    public sealed record TenantClosed : Entry;
    public sealed record ClockAdvanced : Entry;

    /// <summary>The open period ended and begins to settle; this one is open now (T2, T3).</summary>
    public sealed record PeriodStarted(Period Period) : Entry;

    /// <summary>Never changes any more (T3). What its rating came to is fixed here (F4).</summary>
    /// <param name="Lines">Its statement, unrounded.</param>
    /// <param name="Draws">Credits that its outcomes took, by grant.</param>
    /// <param name="Committed">What its outcomes used of each of its commitments, in the plan's order: units or an
    /// amount.</param>
    public sealed record PeriodClosed(
        DateOnly Period, ImmutableArray<Line> Lines, ImmutableArray<Draw> Draws, ImmutableArray<Limit> Committed)
            : Entry
    {
        /// <summary>Many outcomes leave memory after it, in steps (<see cref="OutcomesArchived"/>); false, also in
        /// older entries: all with it.</summary>
        public bool InSteps { get; init; }

        /// <summary>For so many bits an id, it is noted which ids may be among the archived (I3); 0, in older entries:
        /// 12.</summary>
        public byte IdBits { get; init; }
    }

    /// <summary>The next of the outcomes that are to leave memory since their period was closed are archived (I4): in
    /// this entry's write they go from the state to where they are found by their id.</summary>
    public sealed record OutcomesArchived(int Count) : Entry;

    /// <summary>A local day began; journalled only where a cap by the day has something to lift (S2).</summary>
    public sealed record DayStarted(DateOnly Period, int Day) : Entry;

    /// <summary>The day has come up to which outcomes were free (O9): what limits them is told from now on.</summary>
    public sealed record TrainingEnded : Entry;

    /// <summary>An outcome was reported, with what became of it at once.</summary>
    /// <param name="Period">Where it counts (T3).</param>
    /// <param name="ContinuationOf">The outcome that this report returned to pending (O3); <see cref="OutcomeId"/> is
    /// then its alias.</param>
    /// <param name="ClosesAt">Null: no window.</param>
    /// <param name="Drawn">Units taken out of <paramref name="Reservation"/>.</param>
    public sealed record OutcomeReported(
        EventId Id, ulong Fingerprint, Instant Time, string OutcomeType, string OutcomeId, int Quantity, Result Result,
        string? Session, Dimensions Dimensions, ImmutableArray<string> CriteriaMet, bool HandedOff, bool Sandbox,
        Verification? Verification,
        DateOnly Period, OutcomeStatus Status, Reason Reason, bool Admitted, Instant? ClosesAt, WindowEnd End,
        string? ContinuationOf,
        string? Reservation, int Drawn, long? Remaining, byte[]? DetailHash) : Entry
    {
        /// <summary>Null in entries of before it was kept. The turn that takes the entry sets it, once.</summary>
        public Counted? Counted { get; set; }

        /// <summary>Keyed hash of who the end customer is; 0: not told, or not kept (Q1).</summary>
        public ulong Customer { get; init; }
    }

    /// <summary>
    /// A confirmation, reversal or verdict was taken; what it changed follows as <see cref="OutcomeChanged"/>.
    /// </summary>
    /// <param name="Waits">True: its report is not yet known (O6).</param>
    public sealed record FactReported(
        EventId Id, ulong Fingerprint, Instant Time, string OutcomeId, FactKind Kind, string? Session,
        Dimensions Dimensions,
        Verification? Verification, byte? Csat, bool Waits, OutcomeSummary? Outcome, byte[]? DetailHash) : Entry
    {
        /// <summary>Its id is remembered among those of verdicts (I1); false in verdicts journalled before there were
        /// any.</summary>
        public bool IsApart { get; init; }

        /// <summary>What a verdict adds to the agreement of its outcome's type; null where nothing, and in older
        /// entries.</summary>
        public VerdictCount? Counts { get; init; }
    }

    /// <summary>An outcome's status, window or admission changed.</summary>
    /// <param name="Opened">Start of the window now running or last run (a continuation restarts it).</param>
    /// <param name="ContinuationOf">Not null: from now on only an alias of that outcome (O3).</param>
    /// <param name="Correction">What a credit for a closed period gives back (O5); null otherwise.</param>
    public sealed record OutcomeChanged(
        string OutcomeId, OutcomeStatus Status, Reason Reason, bool Admitted, Instant Opened, Instant? ClosesAt,
        WindowEnd End,
        string? ContinuationOf, Correction? Correction) : Entry
    {
        /// <summary>Null in entries of before it was kept, and of outcomes that have left memory. The turn that takes
        /// the entry sets it, once.</summary>
        public Counted? Counted { get; set; }

        /// <summary>What this takes back of an outcome that was billable; null where it does not, and in older entries.
        /// </summary>
        public Credit? Credit { get; init; }

        /// <summary>The correction's line names the outcome, though no dispute took it back; false in older entries.
        /// </summary>
        public bool IsNamed { get; init; }

        /// <summary>It had settled, but its place in the session turned out not to be held: it settles by this entry,
        /// and stands behind what was reported before (I4; 0001, 6). False in older entries.</summary>
        public bool Anew { get; init; }
    }

    /// <param name="BeyondCap">True: a cap on this activity had no room (C9).</param>
    public sealed record ActivityReported(
        EventId Id, ulong Fingerprint, Instant Time, string Activity, int Quantity, string? Session,
        Dimensions Dimensions, bool HandedOff,
        DateOnly Period, bool BeyondCap, long? Remaining, byte[]? DetailHash) : Entry
    {
        /// <summary>See <see cref="OutcomeReported.Customer"/>.</summary>
        public ulong Customer { get; init; }
    }

    /// <param name="Reservation">Its id.</param>
    /// <param name="Day">Local day in the open period in which it counts (A5).</param>
    public sealed record ReservationMade(string Reservation, Subject Subject, long Quantity, Instant ExpiresAt,
        DateOnly Period, int Day, Decision Answer) : Entry;
    public sealed record ReservationExtended(string Reservation, Instant ExpiresAt) : Entry;
    public sealed record ReservationReleased(string Reservation) : Entry;
    public sealed record ReservationExpired(string Reservation) : Entry;

    public sealed record DecisionRecorded(Question Question, Decision Decision) : Entry;

    /// <param name="Effective">With <see cref="Core.Effective.NextPeriod"/> the limit in force stays until the period
    /// ends (C6).</param>
    public sealed record CapSet(Cap Cap, Effective Effective, Cap? Before) : Entry;
    public sealed record CapRemoved(Cap Before) : Entry;

    public sealed record TenantPaused(AtLimit Action, string Reason) : Entry;
    public sealed record TenantResumed : Entry;

    /// <summary>
    /// The state of a cap, of a type's funding (<see cref="Cap"/> is null, the scope names the type), or of the tenant
    /// (both are null) changed, or what it stops; sent to agents once durable (S1, S6).
    /// </summary>
    /// <param name="Stops">See <see cref="Signal.Stops"/>.</param>
    /// <param name="Used">Of a cap: what stood against it, reservations apart.</param>
    /// <param name="Alert">See <see cref="ThresholdCrossed"/>.</param>
    public sealed record StateChanged(
        string? Cap, LimitState State, SignalAction Action, Scope? Scope, Limit? Limit, DecisionReason Reason,
        AtLimit? Handoff, Instant? ResetsAt,
        LimitState Before, ImmutableArray<Stop>? Stops, Limit? Used, long Alert) : Entry
    {
        public Signal ToSignal(long sequence) =>
            new(sequence, At, Action, State, Cap, Scope, Limit, Reason, Handoff, ResetsAt, Stops);
    }

    public sealed record SignalAcknowledged(long Signal, string Agent) : Entry;

    public sealed record ThresholdSet(Threshold Threshold, Threshold? Before) : Entry;
    public sealed record ThresholdRemoved(Threshold Before) : Entry;

    /// <summary>A level was reached (S4).</summary>
    /// <param name="InForce">The limit that it is a level of; null for spend.</param>
    /// <param name="Level">What was reached.</param>
    /// <param name="Alert">Its number among the tenant's alerts (S7), from 1; 0: it is not kept among them.</param>
    public sealed record ThresholdCrossed(Threshold Threshold, Limit? InForce, Limit Level, DateOnly Period,
        long Alert) : Entry;

    /// <summary>It may alert again.</summary>
    /// <param name="RoomCameBack">True: not because the limit was raised; this happens at most once a day (S4).</param>
    public sealed record ThresholdRearmed(string Threshold, bool RoomCameBack) : Entry;

    /// <param name="Key">The caller's idempotency key (F6).</param>
    /// <param name="From">The grant that a rolled-over or correction grant comes from.</param>
    /// <param name="Price">Owed for all of it, in the period that is open then (F10).</param>
    /// <param name="Pack">The pack that was bought (F9); null: it is none.</param>
    /// <param name="Quantity">Packs; 0 where it is none.</param>
    public sealed record GrantIssued(
        string Grant, GrantKind Kind, Amount Amount, int Priority, Instant EffectiveAt, Instant? ExpiresAt,
        Amount? Price, string? Note,
        string? Key, string? From, string? Pack = null, int Quantity = 0) : Entry;

    /// <summary>
    /// What a grant had left was taken, because it expired or was voided (F5); of a voided one again, when something
    /// comes back to it.
    /// </summary>
    public sealed record GrantEnded(string Grant, Amount Taken, bool Voided) : Entry;

    public sealed record GrantExpiring(string Grant, Amount Left, Instant ExpiresAt, long Alert) : Entry;

    /// <summary>No unit can be funded by credits any more.</summary>
    public sealed record CreditsExhausted(DateOnly Period, long Alert) : Entry;

    /// <summary>The first unit of the period went on demand under a rule of overage.</summary>
    /// <param name="OutcomeType">Null: the plan's rule.</param>
    public sealed record OverageStarted(string? OutcomeType, DateOnly Period, long Alert) : Entry;

    /// <param name="Before">What was authorised until then; null where nothing was, and in older entries.</param>
    public sealed record OverageAuthorized(bool Standing, Limit? Limit, Authorization? Before = null) : Entry;
    public sealed record AuthorizationWithdrawn(Authorization? Before = null) : Entry;

    /// <summary>What is stored apart of an end customer's events was erased (D2); of whom is said nowhere.</summary>
    /// <param name="Events">Of how many events there was anything.</param>
    public sealed record DetailErased(long Events) : Entry;

    /// <summary>The buyer disputes a billable outcome (O8, D3).</summary>
    /// <param name="Via">How; <see cref="DisputeVia.Unsaid"/> in older entries.</param>
    public sealed record DisputeOpened(string Dispute, string OutcomeId, string Reason,
        DisputeVia Via = DisputeVia.Unsaid) : Entry;

    /// <summary>The vendor decided a dispute (D3); what it takes back of the outcome follows as
    /// <see cref="OutcomeChanged"/>.</summary>
    /// <param name="Before">As it was opened.</param>
    /// <param name="Status"><see cref="DisputeStatus.Upheld"/> or <see cref="DisputeStatus.Credited"/>.</param>
    /// <param name="Credit">Null where nothing is taken back: also where the outcome is not billable any more.</param>
    public sealed record DisputeResolved(Dispute Before, DisputeStatus Status, string Note, Credit? Credit) : Entry;

    /// <summary>
    /// The buyer agrees with less than 95 % of the successes of a type that it gave a verdict on (O8).
    /// </summary>
    /// <param name="Alert">See <see cref="ThresholdCrossed"/>.</param>
    public sealed record AgreementLow(DateOnly Period, string OutcomeType, long Agreed, long Total, long Alert) : Entry;
}

/// <summary>How a dispute came to be opened. The numbers are stored.</summary>
public enum DisputeVia : byte { Unsaid = 0, Verdict = 1, Call = 2 }

/// <summary>Whose agreement a verdict counts in: that of its outcome's period and type.</summary>
/// <param name="Before">The buyer's verdict on it until now, whose place this one takes; null: there was none.</param>
public sealed record VerdictCount(DateOnly Period, string OutcomeType, FactKind? Before);

/// <summary>
/// Units of an outcome's type that were pending or settled in its period, before and after an entry (D2).
/// </summary>
public readonly record struct Counted(long Before, long After);

/// <summary>
/// How an outcome's window ended, if it did; <c>ReversedLate</c>: it had settled before the reversal arrived. The
/// numbers are stored.
/// </summary>
public enum WindowEnd : byte { None = 0, Open = 1, Lapsed = 2, Confirmed = 3, Reversed = 4, ReversedLate = 5 }

/// <summary>A statement's line before it is rounded (F8, N3). The numbers of the kinds are stored.</summary>
/// <param name="What">Outcome type, activity or pack; null where it is of none.</param>
/// <param name="Source">Of outcomes: which source funded them.</param>
/// <param name="Of">Of a correction: the closed period.</param>
/// <param name="Credits">Credits taken.</param>
public sealed record Line(LineKind Kind, string? What, Funding? Source, DateOnly? Of, long Quantity, Amount? UnitPrice,
    Amount Amount, Amount Credits);

public enum LineKind
    : byte { PlatformFee = 0, ImplementationFee = 1, Outcomes = 2, Overage = 3, Activities = 4, CommitmentShortfall = 5,
        Correction = 6, TopUp = 7 }

/// <summary>What a closed period's rating would have differed by without an outcome (T3, O5).</summary>
/// <param name="Place">Units rated before it in its period.</param>
/// <param name="Amount">Not above 0.</param>
/// <param name="Returned">Credits that come back, by grant; the grant is empty where it is not known any more.</param>
public sealed record Correction(
    DateOnly Period, string OutcomeType, long Quantity, long Place, Amount Amount, ImmutableArray<Draw> Returned);

/// <summary>Credits taken from a grant.</summary>
public sealed record Draw(string Grant, Amount Credits);

/// <summary>Why credits were issued (F5). The numbers are stored.</summary>
public enum GrantKind : byte { Plan = 0, Rollover = 1, Promotional = 2, TopUp = 3, Correction = 4 }
