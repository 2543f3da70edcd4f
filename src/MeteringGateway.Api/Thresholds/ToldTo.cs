using System.Text.Json;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Thresholds;

/// <summary>
/// To which receivers of the tenant's own its alerts went (S7). A delivery is recognised by what its body says: of each
/// receiver the newest are looked at, so that no list is read to its end.
/// </summary>
internal sealed class ToldTo
{
    /// <summary>Of each receiver.</summary>
    private const int Newest = 100;

    private readonly List<(AlertDeliveryWire Wire, string Type, string? Of, string First, string Last)> _deliveries =
        [];

    public static async Task<ToldTo> Read(string tenant, WebhookBook book, IStore store,
        CancellationToken cancellation)
    {
        var told = new ToldTo();
        foreach (var (key, receiver) in book.OwnOf(tenant))
            foreach (var delivery in await store.Deliveries(key, null, null, Newest, cancellation))
                told.Add(receiver.Email is null ? "webhook" : "email", key, delivery);
        return told;
    }

    public IReadOnlyList<AlertDeliveryWire> Of(RaisedAlert alert)
    {
        // Times of this form are in order as their texts are.
        var (of, at) = (alert.Threshold?.Id ?? alert.Of, alert.At.ToString());
        return [.. _deliveries.Where(one => one.Type == alert.Type && one.Of == of
            && string.CompareOrdinal(one.First, at) <= 0 && string.CompareOrdinal(at, one.Last) <= 0)
            .Select(one => one.Wire)];
    }

    private void Add(string kind, string key, Delivery delivery)
    {
        using var body = JsonDocument.Parse(delivery.Body);
        var data = body.RootElement.GetProperty("data");
        var last = body.RootElement.GetProperty("timestamp").GetString()!;
        var wire = new AlertDeliveryWire(kind, OwnId.IdOf(key), delivery.Id,
            Names<DeliveryStatus>.Of(delivery.Status), delivery.EndedAt?.ToString());
        _deliveries.Add((wire, delivery.Type, About(delivery.Type, data), Text(data, "first_at") ?? last, last));
    }

    /// <summary>As <see cref="RaisedAlert.Of"/>, or a threshold's id.</summary>
    private static string? About(string type, JsonElement data) => type switch
    {
        Alerts.ThresholdCrossed => Text(data, "threshold"),
        Alerts.CapReached or Alerts.CapCleared => Text(data, "key"),
        Alerts.CreditsExhausted => "credits",
        Alerts.OverageStarted => Text(data, "outcome_type") is { } funded ? $"overage:{funded}" : "overage",
        Alerts.GrantExpiring => $"grant:{Text(data, "grant")}",
        Alerts.AgreementLow => $"agreement:{Text(data, "outcome_type")}",
        _ => null, // not among the alerts that are listed
    };

    private static string? Text(JsonElement data, string member) =>
        data.TryGetProperty(member, out var value) ? value.GetString() : null;
}
