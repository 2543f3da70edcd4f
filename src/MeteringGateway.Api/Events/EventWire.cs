using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>What became of one event.</summary>
/// <param name="Status"><c>accepted</c>, <c>duplicate</c> or <c>rejected</c>.</param>
/// <param name="Remaining">Units left under everything that binds what the event was about; null when nothing
/// does.</param>
/// <param name="NoDispute">Only of a buyer's rejection that neither left the outcome uncharged nor opened a dispute: why
/// not.</param>
internal sealed record EventResultWire(
    string Id, [property: Values("accepted", "duplicate", "rejected")] string Status, OutcomeSummaryWire? Outcome,
    long? Remaining,
    [property: Values("dispute_too_late", "dispute_exists", "not_disputable")] string? NoDispute = null);

/// <summary>
/// What 200 is with: of one event that was there already id, status, outcome and remaining; of a batch or stream the
/// others. One form for both, since neither has a member that says which it is. Only the API document has it.
/// </summary>
internal sealed record EventAnswerWire(
    string? Id = null, [property: Values("accepted", "duplicate", "rejected")] string? Status = null,
    OutcomeSummaryWire? Outcome = null, long? Remaining = null, IReadOnlyList<BatchItemWire>? Results = null,
    long? Accepted = null, long? Duplicates = null, long? Rejected = null,
    IReadOnlyDictionary<string, long>? Unlisted = null,
    [property: Values("dispute_too_late", "dispute_exists", "not_disputable")] string? NoDispute = null);

/// <param name="Reason">Null while it is pending.</param>
internal sealed record OutcomeSummaryWire(
    string Id, [property: Values<OutcomeStatus>] string Status, [property: Values<Reason>("none")] string? Reason);

/// <summary>What became of a batch or stream: the results in the order of the events, then the totals.</summary>
/// <param name="Unlisted">After 1,000 refusals those of events without an id are counted here by their code, and are
/// not in <c>results</c>; other refusals are there, not explained again. Absent when there are none.</param>
internal sealed record BatchResultWire(IReadOnlyList<BatchItemWire> Results, long Accepted, long Duplicates,
    long Rejected, IReadOnlyDictionary<string, long>? Unlisted = null);

/// <param name="Index">Place in the batch or stream, from 0.</param>
/// <param name="Id">Null when it could not be read.</param>
/// <param name="Problem">With <c>rejected</c>; then there is no <c>outcome</c> and no <c>remaining</c>.</param>
internal sealed record BatchItemWire(
    long Index, string? Id, [property: Values("accepted", "duplicate", "rejected")] string Status,
    OutcomeSummaryWire? Outcome = null, long? Remaining = null,
    Problem? Problem = null,
    [property: Values("dispute_too_late", "dispute_exists", "not_disputable")] string? NoDispute = null);

/// <summary>A CloudEvent 1.0 in the structured form.</summary>
internal sealed record CloudEventWire(
    [property: Values("1.0")] string Specversion, string Id, string Source, [property: EventTypeNames] string Type,
    string Subject, string? Time, EventDataWire Data);

/// <summary>The data of an event; which members it may have depends on the type.</summary>
internal sealed record EventDataWire(
    string? OutcomeType, string? OutcomeId, string? Activity, int? Quantity,
    [property: Values<Result>] string? Result, string? Session,
    string? Agent, string? Channel,
    string? Workflow, string? Reservation, IReadOnlyList<string>? SuccessCriteriaMet, bool? HandedOff, bool? Sandbox,
    string? EndCustomer,
    VerificationWire? Verification, string? SourceUrl, string? Note,
    [property: Values("accepted", "rejected")] string? Verdict, int? Csat,
    IReadOnlyDictionary<string, System.Text.Json.JsonElement>? Metadata);

/// <summary>The data of a report, with the attributes that a CloudEvent would carry.</summary>
internal sealed record NewOutcomeWire(
    string? Id, string? Time, string? OutcomeId, string OutcomeType, int? Quantity,
    [property: Values<Result>] string? Result, string? Session,
    string? Agent, string? Channel,
    string? Workflow, string? Reservation, IReadOnlyList<string>? SuccessCriteriaMet, bool? HandedOff, bool? Sandbox,
    string? EndCustomer,
    VerificationWire? Verification, string? SourceUrl,
    IReadOnlyDictionary<string, System.Text.Json.JsonElement>? Metadata);

/// <param name="Confidence">0 to 1.</param>
internal sealed record VerificationWire(string Method, bool? Passed, decimal? Confidence, string? EvidenceUrl);

internal static class OutcomeSummaries
{
    public static OutcomeSummaryWire Wire(this OutcomeSummary outcome) =>
        new(outcome.Id, Json.Names<OutcomeStatus>.Of(outcome.Status),
            outcome.Reason == Reason.None ? null : Json.Names<Reason>.Of(outcome.Reason));
}
