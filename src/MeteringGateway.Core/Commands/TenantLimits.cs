namespace MeteringGateway.Core;

/// <summary>
/// How much of a kind one tenant may have, so that no command costs more than a little (N4). Asked when something is
/// taken, never when it is folded: another setting changes nothing that was. Section <c>Metering:Limits</c>.
/// </summary>
public class TenantLimits
{
    /// <summary>Outcomes of one session (<see cref="Refusal.TooManyInSession"/>).</summary>
    public int SessionOutcomes { get; set; } = 20_000;

    /// <summary>
    /// Outcomes of one session that wait, and whose windows activity restarts: each activity is a change of all of
    /// them (<see cref="Refusal.TooManyInSession"/>).
    /// </summary>
    public int SessionWaiting { get; set; } = 1_000;

    /// <summary>Activities of one session (<see cref="Refusal.TooManyInSession"/>).</summary>
    public int SessionActivities { get; set; } = 10_000;

    /// <summary>
    /// Facts of one party on all outcomes of one session together (<see cref="Refusal.TooManyFacts"/>).
    /// </summary>
    public int SessionFacts { get; set; } = 1_000;

    /// <summary>
    /// Facts of one party, vendor or buyer, on one outcome (<see cref="Refusal.TooManyFacts"/>). Its first reversal is
    /// always taken.
    /// </summary>
    public int OutcomeFacts { get; set; } = 1_000;

    /// <summary>
    /// Outcomes in memory: of periods that are not closed, and of closed ones as long as their session is remembered
    /// (<see cref="Refusal.TooManyOutcomes"/>).
    /// </summary>
    public int OpenOutcomes { get; set; } = 20_000_000;

    /// <summary>
    /// Facts that wait for reports, or did in vain since the last close of a period
    /// (<see cref="Refusal.TooManyFacts"/>). Of outcomes' first reversals there may be four times as many.
    /// </summary>
    public int WaitingFacts { get; set; } = 100_000;

    /// <summary>
    /// Bytes of memory, about, that outcomes, facts, sessions, ids of events, kinds of activities, disputes and signals
    /// take together (<see cref="Refusal.TenantFull"/>). Of outcomes' first reversals those that wait for a report are
    /// taken up to twice as many bytes, all others without end.
    /// </summary>
    public long TenantBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Reservations that hold something (<see cref="Refusal.TooManyReservations"/>).</summary>
    public int Reservations { get; set; } = 1_000;

    /// <summary>
    /// Names of activities in a period that its plan does not name (<see cref="Refusal.TooManyActivities"/>).
    /// </summary>
    public int ActivityNames { get; set; } = 1_000;

    /// <summary>
    /// Counters of a period's activities: one a name, agent, channel, workflow and day
    /// (<see cref="Refusal.TooManyActivities"/>).
    /// </summary>
    public int ActivityCounters { get; set; } = 100_000;

    /// <summary>Grants in force (<see cref="Refusal.TooManyGrants"/>).</summary>
    public int GrantsInForce { get; set; } = 1_000;

    /// <summary>
    /// Grants that are in force or were issued within 400 days (<see cref="Refusal.TooManyGrants"/>).
    /// </summary>
    public int Grants { get; set; } = 10_000;

    /// <summary>Changes of plan and terms in a period (<see cref="Refusal.TooManyChanges"/>).</summary>
    public int TermChanges { get; set; } = 1_000;

    /// <summary>
    /// Bytes, as they are stored, of all terms that a tenant ever had: outcomes go by theirs, so none is forgotten
    /// (<see cref="Refusal.TooManyChanges"/>). The first change of a period is always taken.
    /// </summary>
    public int TermBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Disputes that are open at one time (<see cref="Refusal.TooManyDisputes"/>).</summary>
    public int OpenDisputes { get; set; } = 1_000;
}
