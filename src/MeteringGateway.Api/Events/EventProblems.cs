using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Events;

/// <summary>What an event may be refused for, alone or in a batch or stream.</summary>
internal static class EventProblems
{
    public static RouteHandlerBuilder RefusesEvents(this RouteHandlerBuilder endpoint) => endpoint
        .Refuses(Refusal.IdReused, Refusal.OutcomeExists, Refusal.UnknownOutcome, Refusal.UnknownOutcomeType,
            Refusal.EventTooOld, Refusal.EventInFuture, Refusal.TenantClosed, Refusal.AmountOverflow,
            Refusal.TooManyInSession, Refusal.TooManyFacts, Refusal.TooManyActivities, Refusal.TooManyOutcomes,
            Refusal.TooManyDisputes, Refusal.TenantFull)
        .Refuses(StatusCodes.Status400BadRequest, "malformed_event")
        .Refuses(StatusCodes.Status413PayloadTooLarge, "detail_too_large")
        .Refuses(StatusCodes.Status422UnprocessableEntity, "malformed_event");
}
