namespace MeteringGateway.Api.Webhooks;

/// <summary>What may be subscribed to (S5); what each says is in <see cref="Payloads"/>.</summary>
internal static class WebhookEvents
{
    public static readonly IReadOnlyList<string> All =
    [
        "threshold.crossed", "cap.reached", "cap.cleared", "credits.exhausted", "overage.started", "grant.expiring",
        "dispute.opened", "dispute.resolved", "agreement.low", "statement.final",
    ];
}
