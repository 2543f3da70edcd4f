using System.Text.Json;
using MeteringGateway.Api.Disputes;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Outcomes;

/// <summary>An outcome as its owner may inspect it (D1).</summary>
/// <param name="NoSession">It was reported without a session though its type is counted once per session: nothing can
/// be found to be its duplicate.</param>
/// <param name="NoDispute">Only in the answer to a rejection that neither left the outcome uncharged nor opened a
/// dispute: why not.</param>
internal sealed record OutcomeWire(
    string OutcomeId, string Tenant, string Timestamp, string Period, string OutcomeType, string? Workflow,
    string? Channel, string? Agent,
    string? Session, bool NoSession, string? EndCustomer, int Quantity, IReadOnlyList<string> SuccessCriteriaMet,
    bool HandedOff,
    WindowWire Window,
    VerificationWire? Verification, [property: Values<OutcomeStatus>] string Status,
    string? BillableReason, string? NonBillableReason,
    IReadOnlyList<ChargeWire> Charges, string Amount, string Currency, string Credits, DisputeWire? Dispute,
    CreditWire? Credit, string EventSource, string? SourceUrl, JsonElement Metadata, long Sequence,
    [property: Values("dispute_too_late", "dispute_exists", "not_disputable")] string? NoDispute = null);

/// <summary>An outcome with the entries that made and changed it.</summary>
internal sealed record InspectedOutcomeWire(
    string OutcomeId, string Tenant, string Timestamp, string Period, string OutcomeType, string? Workflow,
    string? Channel, string? Agent,
    string? Session, bool NoSession, string? EndCustomer, int Quantity, IReadOnlyList<string> SuccessCriteriaMet,
    bool HandedOff,
    WindowWire Window,
    VerificationWire? Verification, [property: Values<OutcomeStatus>] string Status,
    string? BillableReason, string? NonBillableReason,
    IReadOnlyList<ChargeWire> Charges, string Amount, string Currency, string Credits, DisputeWire? Dispute,
    CreditWire? Credit, string EventSource, string? SourceUrl, JsonElement Metadata, long Sequence,
    IReadOnlyList<EntryWire> History);

/// <param name="Status"><c>open</c>, <c>closed</c> or <c>none</c>.</param>
/// <param name="EndedAt">When it ended, if something said within it ended it early.</param>
internal sealed record WindowWire([property: Values<WindowStatus>] string Status, string? ClosesAt, string? EndedAt);

/// <summary>What was taken back of an outcome that was billable (O5, D3).</summary>
/// <param name="Amount">What its period came to less without it; not rounded.</param>
/// <param name="Credits">The same in credits.</param>
/// <param name="Reason"><c>disputed</c>, or the reversal: <c>reopened</c> and so on.</param>
/// <param name="Period">On whose statement: that of its own period, which does not list it then, or the one that was
/// open when its own was closed.</param>
internal sealed record CreditWire(
    string Amount, string Credits, [property: Values<CreditReason>] string Reason, string At, string Period);

/// <summary>Part of the units, and what funds them (F4).</summary>
/// <param name="Credits">What these units took of grants; their amount is then 0.</param>
internal sealed record ChargeWire(
    [property: Values<Funding>] string Source, long Units, string UnitPrice, string Amount, string Credits);

/// <param name="Erased">Of how many events there was anything stored.</param>
internal sealed record ErasedWire(long Erased);

internal sealed record VerdictWire
{
    /// <summary><c>accepted</c> or <c>rejected</c>.</summary>
    [Values("accepted", "rejected")]
    [Demanded]
    public string? Verdict { get; init; }
    /// <summary>1 to 5.</summary>
    public long? Csat { get; init; }
}

internal static class OutcomeFigures
{
    public static OutcomeWire Wire(this OutcomeRow row, string tenant, string currency)
    {
        var outcome = row.Outcome;
        var apart = Apart.Of(row);
        return new OutcomeWire(
            outcome.Id, tenant, outcome.Time.ToString(), Text.Date(outcome.Period), outcome.OutcomeType,
            outcome.Dimensions.Workflow,
            outcome.Dimensions.Channel, outcome.Dimensions.Agent, outcome.Session, outcome.NoSession,
            apart.EndCustomer,
            outcome.Quantity,
            outcome.CriteriaMet, outcome.HandedOff,
            new WindowWire(Names<WindowStatus>.Of(outcome.Window), outcome.ClosesAt?.ToString(),
                outcome.EndedAt?.ToString()),
            outcome.Verification.Wire(apart.Evidence), Names<OutcomeStatus>.Of(outcome.Status),
            outcome.BillableReason(), outcome.NonBillableReason(),
            [.. outcome.Charges.Select(charge => charge.Wire(currency))], Text.Money(outcome.Amount, currency),
            currency, outcome.Credits.ToString(),
            outcome.Dispute is { } dispute ? DisputeWire.From(dispute, currency) : null,
            outcome.Credit.Wire(currency), outcome.EventSource ?? "", apart.Source, apart.Metadata, outcome.Sequence);
    }

    /// <summary>Why a buyer's rejection came to nothing (O8, D3); null: the outcome is not charged, or a dispute is open.
    /// </summary>
    public static string? NoDispute(OutcomeFigure outcome) => outcome switch
    {
        { Status: OutcomeStatus.NonBillable, Reason: Reason.Rejected } => null,
        { Dispute.Status: DisputeStatus.Open } => null,
        { Dispute: not null } => "dispute_exists",
        { Status: OutcomeStatus.Billable } => "dispute_too_late",
        _ => "not_disputable",
    };

    public static InspectedOutcomeWire With(this OutcomeWire o, IReadOnlyList<EntryWire> history) => new(
        o.OutcomeId, o.Tenant, o.Timestamp, o.Period, o.OutcomeType, o.Workflow, o.Channel, o.Agent, o.Session,
        o.NoSession, o.EndCustomer, o.Quantity,
        o.SuccessCriteriaMet, o.HandedOff, o.Window, o.Verification, o.Status, o.BillableReason, o.NonBillableReason,
        o.Charges, o.Amount,
        o.Currency, o.Credits, o.Dispute, o.Credit, o.EventSource, o.SourceUrl, o.Metadata, o.Sequence, history);

    public static string? BillableReason(this OutcomeFigure outcome) => BillableReason(outcome.Status, outcome.Reason);

    public static string? BillableReason(OutcomeStatus status, Reason reason) =>
        status is OutcomeStatus.Billable or OutcomeStatus.Credited && IsBillable(reason)
            ? Names<Reason>.Of(reason) : null;

    public static string? NonBillableReason(this OutcomeFigure outcome) => NonBillableReason(outcome.Reason);

    public static string? NonBillableReason(Reason reason) =>
        reason == Reason.None || IsBillable(reason) ? null : Names<Reason>.Of(reason);

    public static ChargeWire Wire(this Charge charge, string currency) => new(
        Names<Funding>.Of(charge.Source), charge.Units, Text.Money(charge.UnitPrice, currency),
        Text.Money(charge.Amount, currency), charge.Credits.ToString());

    private static bool IsBillable(Reason reason) =>
        reason is Reason.WindowClosed or Reason.Confirmed or Reason.Immediate;

    public static VerificationWire? Wire(this Verification? verification, string? evidence) => verification is null
        ? null
        : new VerificationWire(verification.Method, verification.Passed, verification.Confidence / 1_000_000m,
            evidence);

    public static CreditWire? Wire(this Credit? credit, string currency) => credit is null
        ? null
        : new CreditWire(Text.Money(credit.Amount, currency), credit.Credits.ToString(),
            Names<CreditReason>.Of(credit.Reason), credit.At.ToString(), Text.Date(credit.Period));
}

/// <summary>What is stored apart from an outcome's entry, personal detail with it; empty where nothing is.</summary>
internal readonly record struct Apart(string? EndCustomer, string? Evidence, string? Source, JsonElement Metadata)
{
    private static readonly JsonElement None = JsonElement.Parse("{}"u8);

    public static Apart Of(OutcomeRow row)
    {
        if (row.Detail is not { } json) return new Apart(null, null, null, None);
        // As it is stored, also where a member is there twice, which was taken once.
        var apart = JsonElement.Parse(json);
        return new Apart(Text("end_customer"), Text("evidence_url"), Text("source_url"),
            apart.TryGetProperty("metadata", out var metadata) ? metadata : None);

        string? Text(string name) => apart.TryGetProperty(name, out var value) ? value.GetString() : null;
    }
}
