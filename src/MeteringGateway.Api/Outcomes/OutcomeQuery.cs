using MeteringGateway.Api.Json;
using Microsoft.AspNetCore.Mvc;

namespace MeteringGateway.Api.Outcomes;

/// <summary>The query of the list of outcomes; what is absent does not filter.</summary>
internal sealed record OutcomeQuery
{
    [FromQuery(Name = "period")]
    public string? Period { get; init; }
    [FromQuery(Name = "status")]
    public string? Status { get; init; }
    [FromQuery(Name = "outcome_type")]
    public string? OutcomeType { get; init; }
    [FromQuery(Name = "reason")]
    public string? Reason { get; init; }
    [FromQuery(Name = "session")]
    public string? Session { get; init; }
    [FromQuery(Name = "changed_after")]
    public string? ChangedAfter { get; init; }
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }
    [FromQuery(Name = "limit")]
    public string? Limit { get; init; }

    public OutcomeFilter Filter() => new(
        Query.Date("period", Period), Query.OneOf<OutcomeStatus>("status", Status), OutcomeType,
        Query.OneOf("reason", Reason, Core.Reason.None), Session,
        Query.Whole("changed_after", ChangedAfter));
}
