using System.Diagnostics.Metrics;

namespace MeteringGateway.Api.Webhooks;

/// <summary>What is measured of webhooks, beside <see cref="Instruments"/>.</summary>
internal static class WebhookInstruments
{
    /// <summary>Counter. Deliveries that ended, by <c>result</c>: delivered or failed.</summary>
    public const string Deliveries = "metering.webhook.deliveries";
    /// <summary>
    /// Counter. Attempts by <c>result</c>: delivered, the class of the status (<c>4xx</c>), or why there was no answer.
    /// </summary>
    public const string Attempts = "metering.webhook.attempts";
    /// <summary>Gauge, s. Age of the oldest delivery that is pending, as of the last look; 0 when none is.</summary>
    public const string OldestPending = "metering.webhook.oldest_pending";

    private static readonly Meter Meter = new(Instruments.Name);
    private static readonly Counter<long> Ended = Meter.CreateCounter<long>(Deliveries, "{delivery}",
        "Deliveries of webhooks that ended, by result: delivered or failed.");
    private static readonly Counter<long> Attempted = Meter.CreateCounter<long>(Attempts, "{attempt}",
        "Attempts to deliver: delivered, the class of the answer's status, or why there was none.");
    private static readonly Lock Registering = new();
    private static Dispatcher[] _dispatchers = [];

    static WebhookInstruments() => Meter.CreateObservableGauge(
        OldestPending, () => _dispatchers.Select(one => one.OldestPending().TotalSeconds).DefaultIfEmpty().Max(), "s",
        "Age of the oldest delivery that is pending, as of the last look; 0 when none is.");

    /// <inheritdoc cref="Instruments.Begin"/>
    public static void Begin()
    {
        foreach (var result in (string[])["delivered", "failed"])
            Ended.Add(0, new KeyValuePair<string, object?>("result", result));
        Attempted.Add(0, new KeyValuePair<string, object?>("result", "delivered"));
    }

    public static void Count(Delivery delivery, Attempt attempt)
    {
        Attempted.Add(1,
            new KeyValuePair<string, object?>("result", attempt.Succeeded ? "delivered" : attempt.Wire.Error
                ?? $"{attempt.Wire.StatusCode / 100}xx"));
        if (delivery.Status != DeliveryStatus.Pending)
            Ended.Add(1,
                new KeyValuePair<string, object?>("result",
                    delivery.Status == DeliveryStatus.Delivered ? "delivered" : "failed"));
    }

    public static void Register(Dispatcher dispatcher)
    {
        lock (Registering) _dispatchers = [.. _dispatchers, dispatcher];
    }

    public static void Unregister(Dispatcher dispatcher)
    {
        lock (Registering) _dispatchers = [.. _dispatchers.Where(other => other != dispatcher)];
    }
}
