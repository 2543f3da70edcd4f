using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Problems;

/// <summary>How a refusal of the rules is told over HTTP: one status and one code each.</summary>
internal static class Refusals
{
    /// <param name="currency">The tenant's, for a refusal that tells an amount.</param>
    public static Problem ToProblem(this Answer.Refused refused, string currency = "") => refused.Code switch
    {
        Refusal.UnknownTenant => Problem.UnknownTenant(),
        Refusal.CapBelowExposure => Of(refused) with
        {
            Detail = $"{refused.Detail}; say in when_below_exposure whether it holds now or from next_period on",
            Exposure = (refused.Exposure ?? 0).Wire(currency),
            Choices = ["now", "next_period"],
        },
        _ => Of(refused),
    };

    private static Problem Of(Answer.Refused refused) =>
        new(Status(refused.Code), Names<Refusal>.Of(refused.Code), refused.Detail);

    public static int Status(Refusal code) => code switch
    {
        Refusal.UnknownTenant or Refusal.UnknownCap or Refusal.UnknownReservation or Refusal.UnknownSignal
            or Refusal.UnknownPeriod or Refusal.UnknownOutcome or Refusal.UnknownThreshold or Refusal.UnknownGrant
            or Refusal.UnknownScheduled or Refusal.UnknownDispute =>
                StatusCodes.Status404NotFound,
        Refusal.UnknownOutcomeType or Refusal.EventTooOld or Refusal.EventInFuture or Refusal.AmountOverflow
            or Refusal.IdempotencyKeyReused or Refusal.AlreadyExpired or Refusal.UnknownPack =>
                StatusCodes.Status422UnprocessableEntity,
        Refusal.IdReused or Refusal.TenantClosed or Refusal.OutcomeExists or Refusal.TenantExists
            or Refusal.NotATestClock
            or Refusal.ClockRunsBack or Refusal.CapBelowExposure or Refusal.TooManyCaps or Refusal.CurrencyFixed
            or Refusal.ChangedMeanwhile or Refusal.TestClockFixed or Refusal.NotDisputable
            or Refusal.TooManyThresholds or Refusal.TooManyGrants or Refusal.TopUpLimitReached
            or Refusal.TooManyInSession or Refusal.TooManyFacts or Refusal.TooManyReservations
            or Refusal.TooManyActivities or Refusal.TooManyOutcomes or Refusal.TooManyChanges
            or Refusal.TenantFull or Refusal.DisputeExists or Refusal.DisputeTooLate or Refusal.DisputeResolved
            or Refusal.TooManyDisputes =>
                StatusCodes.Status409Conflict,
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "a refusal without a status"),
    };

    /// <summary>An answer of a kind that its command never gives: a fault of ours, not of the caller.</summary>
    public static InvalidOperationException Unexpected(this Answer answer) => new(
        $"unexpected answer {answer.GetType().Name}");
}
