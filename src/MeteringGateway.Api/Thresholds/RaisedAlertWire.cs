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
/// <param name="Deliveries">To the tenant's own receivers, as far as they are among the 100 newest of
/// each.</param>
internal sealed record RaisedAlertWire(
    string Type, string? Threshold, string Of, LevelWire? At, LimitWire? Level, LimitWire? Limit, string RaisedAt,
    IReadOnlyList<AlertDeliveryWire> Deliveries)
{
    public static RaisedAlertWire From(RaisedAlert alert, string currency, IReadOnlyList<AlertDeliveryWire> told)
    {
        var threshold = alert.Threshold is { } crossed ? ThresholdReader.Write(crossed, currency) : null;
        // Credits are no money (N2): those of grants, and of thresholds on credits.
        var unit = alert.Threshold is { } of ? ThresholdReader.UnitOf(of, currency)
            : alert.Of?.StartsWith("grant:", StringComparison.Ordinal) == true ? null : currency;
        return new RaisedAlertWire(alert.Type, threshold?.Id, alert.Of ?? threshold!.Of!, threshold?.At,
            alert.Level?.Wire(unit), alert.Limit?.Wire(unit), alert.At.ToString(), told);
    }
}

/// <summary>An alert that went, or is to go, to one of the tenant's own receivers.</summary>
/// <param name="Kind"><c>webhook</c> or <c>email</c>.</param>
/// <param name="Id">Of the receiver.</param>
/// <param name="Delivery">The id by which it is among the receiver's deliveries.</param>
/// <param name="Status"><c>pending</c>, <c>delivered</c> or <c>failed</c>.</param>
internal sealed record AlertDeliveryWire([property: Values("webhook", "email")] string Kind, string Id, string Delivery,
    [property: Values<DeliveryStatus>] string Status, string? EndedAt);
