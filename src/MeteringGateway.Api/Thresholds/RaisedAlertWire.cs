using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Thresholds;

/// <summary>An alert that was raised (S7).</summary>
/// <param name="Type">As webhooks name it: <c>threshold.crossed</c>, <c>cap.reached</c>, <c>credits.exhausted</c>,
/// <c>overage.started</c>, <c>grant.expiring</c> or <c>agreement.low</c>.</param>
/// <param name="Threshold">Its id; null where it is of none.</param>
/// <param name="Of">As a threshold says it (<c>cap:monthly</c>); else <c>funding:</c> or <c>overage:</c> and an outcome
/// type's id, <c>overage</c> for the plan's rule, <c>grant:</c> and a grant's id, or
/// <c>agreement:</c> and an outcome type's id.</param>
/// <param name="At">Of a threshold: where it is crossed.</param>
/// <param name="Level">What was reached; of a grant, what was left; of agreement, outcomes that the buyer
/// accepted.</param>
/// <param name="Limit">What it was a level of; of agreement, outcomes with a verdict; null where there is none.</param>
internal sealed record RaisedAlertWire(
    string Type, string? Threshold, string Of, LevelWire? At, LimitWire? Level, LimitWire? Limit, string RaisedAt)
{
    public static RaisedAlertWire From(RaisedAlert alert, string currency)
    {
        var threshold = alert.Threshold is { } crossed ? ThresholdReader.Write(crossed, currency) : null;
        // Credits are no money (N2): those of grants, and of thresholds on credits.
        var unit = alert.Threshold is { } of ? ThresholdReader.UnitOf(of, currency)
            : alert.Of?.StartsWith("grant:", StringComparison.Ordinal) == true ? null : currency;
        return new RaisedAlertWire(alert.Type, threshold?.Id, alert.Of ?? threshold!.Of!, threshold?.At,
            alert.Level?.Wire(unit), alert.Limit?.Wire(unit), alert.At.ToString());
    }
}
