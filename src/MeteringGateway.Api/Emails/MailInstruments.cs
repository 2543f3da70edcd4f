using System.Diagnostics.Metrics;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Emails;

/// <summary>What is measured of mails, beside <see cref="WebhookInstruments"/>.</summary>
internal static class MailInstruments
{
    /// <summary>Counter. Mails that ended, by <c>result</c>: sent or failed.</summary>
    public const string Mails = "metering.mail.messages";
    /// <summary>
    /// Counter. Attempts by <c>result</c>: sent, the class of the server's answer (<c>4xx</c>), or why there was none.
    /// </summary>
    public const string Attempts = "metering.mail.attempts";
    /// <summary>Gauge. Alerts and confirmations that wait to be mailed.</summary>
    public const string Waiting = "metering.mail.waiting";

    private static readonly Meter Meter = new(Instruments.Name);
    private static readonly Counter<long> Ended = Meter.CreateCounter<long>(Mails, "{mail}",
        "Mails that ended, by result: sent (the mail server has taken it) or failed.");
    private static readonly Counter<long> Attempted = Meter.CreateCounter<long>(Attempts, "{attempt}",
        "Attempts to hand a mail over: sent, the class of the server's answer, or why there was none.");
    private static readonly Lock Registering = new();
    private static Dispatcher[] _dispatchers = [];

    static MailInstruments() => Meter.CreateObservableGauge(Waiting, () => _dispatchers.Sum(one => one.MailsWaiting()),
        "{alert}", "Alerts and confirmations that wait to be mailed, as of the last look.");

    public static void Count(Delivery delivery, Attempt attempt)
    {
        Attempted.Add(1, new KeyValuePair<string, object?>("result", attempt.Succeeded ? "sent"
            : attempt.Wire.Error ?? $"{attempt.Wire.StatusCode / 100}xx"));
        if (delivery.Status != DeliveryStatus.Pending)
            Ended.Add(1, new KeyValuePair<string, object?>("result",
                delivery.Status == DeliveryStatus.Delivered ? "sent" : "failed"));
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
