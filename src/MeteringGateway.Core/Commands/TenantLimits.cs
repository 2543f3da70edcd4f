namespace MeteringGateway.Core;

/// <summary>
/// How much of a kind one tenant may have, so that no command costs more than a little (N4). Asked when something is
/// taken, never when it is folded: another setting changes nothing that was. Section <c>Metering:Limits</c>.
/// </summary>
public class TenantLimits
{
    /// <summary>Outcomes of one session (409 <c>too_many_in_session</c>).</summary>
    public int SessionOutcomes { get; set; } = 20_000;

    /// <summary>
    /// Outcomes of one session that wait and whose windows activity restarts (409 <c>too_many_in_session</c>).
    /// </summary>
    public int SessionWaiting { get; set; } = 1_000;

    /// <summary>Activities of one session (409 <c>too_many_in_session</c>).</summary>
    public int SessionActivities { get; set; } = 10_000;

    /// <summary>
    /// Facts of one party, vendor or buyer, on all outcomes of one session (409 <c>too_many_facts</c>).
    /// </summary>
    public int SessionFacts { get; set; } = 1_000;

    /// <summary>
    /// Facts of one party on one outcome (409 <c>too_many_facts</c>); its first reversal is always taken.
    /// </summary>
    public int OutcomeFacts { get; set; } = 1_000;

    /// <summary>
    /// Outcomes of a tenant in memory: of periods that are not closed, and of closed ones as long as their session is
    /// remembered (409 <c>too_many_outcomes</c>); see <see href="limits.md">limits.md</see>.
    /// </summary>
    public int OpenOutcomes { get; set; } = 20_000_000;

    /// <summary>
    /// Facts of a tenant that wait for reports (409 <c>too_many_facts</c>); of first reversals four times as many.
    /// </summary>
    public int WaitingFacts { get; set; } = 100_000;

    /// <summary>
    /// Bytes of memory, about, that outcomes, facts, sessions, ids of events, kinds of activities, disputes and signals
    /// of a tenant take (409 <c>tenant_full</c>); size memory by it, see <see href="limits.md">limits.md</see>.
    /// </summary>
    public long TenantBytes { get; set; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Reservations of a tenant at one time (409 <c>too_many_reservations</c>).</summary>
    public int Reservations { get; set; } = 1_000;

    /// <summary>Names of activities in a period that the plan does not name (409 <c>too_many_activities</c>).</summary>
    public int ActivityNames { get; set; } = 1_000;

    /// <summary>
    /// Kinds of activities that a period counts, by name, agent, channel, workflow and day (409
    /// <c>too_many_activities</c>).
    /// </summary>
    public int ActivityCounters { get; set; } = 100_000;

    /// <summary>Grants of a tenant in force (409 <c>too_many_grants</c>).</summary>
    public int GrantsInForce { get; set; } = 1_000;

    /// <summary>Grants of a tenant that are in force or were issued within 400 days (<c>too_many_grants</c>).</summary>
    public int Grants { get; set; } = 10_000;

    /// <summary>Changes of a tenant's plan and terms in a period (409 <c>too_many_changes</c>).</summary>
    public int TermChanges { get; set; } = 1_000;

    /// <summary>
    /// Bytes, as they are stored, of all terms that a tenant ever had (409 <c>too_many_changes</c>); the first change
    /// of a period is always taken.
    /// </summary>
    public int TermBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Disputes of a tenant that are open at one time (409 <c>too_many_disputes</c>).</summary>
    public int OpenDisputes { get; set; } = 1_000;
}
