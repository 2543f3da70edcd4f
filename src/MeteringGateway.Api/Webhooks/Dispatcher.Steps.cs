using System.Text.Json;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// From the outbox to deliveries, and from an attempt to what becomes of its delivery. Each step is a transaction, and
/// safe to do twice.
/// </summary>
internal sealed partial class Dispatcher
{
    private const int AttemptsKept = 30;
    private const string Ourselves = "webhooks"; // who it was, when nobody did it by hand

    /// <summary>
    /// Makes deliveries of the oldest in the outbox, and deletes these there. Those of a tenant that does not answer
    /// stay, with all of its that follow, and are tried again. True if there may be more.
    /// </summary>
    private async Task<bool> Deal()
    {
        // Which of them it would want is not known.
        if (book.HasUnreadable) return false;
        var most = AtOnce + _kept; // those that stay are no reason to stop at
        var rows = await Store.Outbox(most, _stop.Token);
        var kept = new List<long>();
        var away = new HashSet<string>(StringComparer.Ordinal);
        var made = new List<Delivery>();
        var webhooks = book.All.ToList();
        foreach (var row in rows)
            if (webhooks.Where(one => one.Webhook.Wants(row.Tenant, row.Alert.Type)).ToList() is { Count: > 0 } wanting
                && (away.Contains(row.Tenant) || !await Make(row, wanting.Select(one => one.Id), made)))
            {
                away.Add(row.Tenant);
                kept.Add(row.Position);
            }
        _kept = kept.Count;
        if (rows.Count == kept.Count) return false;
        await Store.Dispatch(rows[^1].Position, kept, made, _stop.Token);
        foreach (var webhook in made.Select(one => one.Webhook).Distinct()) LookAgain(webhook);
        return rows.Count == most;
    }

    /// <summary>False: its tenant does not answer, and without it the alert cannot be told.</summary>
    private async Task<bool> Make(OutboxRow row, IEnumerable<string> webhooks, List<Delivery> made)
    {
        var now = Now;
        try
        {
            var body = await Payloads.Write(row, _tenants!, _stop.Token);
            // Of the chain's hash: the same for good, of no other alert anywhere, and without a dot, which separates
            // what is signed.
            var id = $"evt_{Convert.ToHexStringLower(row.Alert.Hash.AsSpan(0, 16))}";
            made.AddRange(
                webhooks.Select(webhook =>
                    new Delivery(0, webhook, id, row.Tenant, row.Alert.Sequence, row.Alert.Type, body, now)
            {
                GiveUpAt = now + _settings.GiveUpAfter,
                Attempts = WriteAttempts([]),
            }));
        }
        catch (Exception failure) when (failure is TenantFailedException or TenantUnavailableException)
        {
            if (_kept == 0)
                log.LogWarning("Alert {Sequence} of tenant {Tenant} waits: {Why}", row.Alert.Sequence, row.Tenant,
                    failure.Message);
            return false;
        }
#pragma warning disable CA1031 // One that cannot be told must not stop all that follow; when it is the store, it is tried again.
        catch (Exception failure) when (failure is not (OperationCanceledException or StoreException
            or StoreFailedException or ObjectDisposedException))
#pragma warning restore CA1031
        {
            log.LogError(failure, "Alert {Sequence} of tenant {Tenant} cannot be told", row.Alert.Sequence, row.Tenant);
        }
        return true;
    }

    /// <summary>Takes note of attempts that ended.</summary>
    private async Task Settle()
    {
        var settled = new List<(Lane Lane, Delivery Before, Delivery After, Attempt Attempt)>();
        while (_ended.TryDequeue(out var one))
            settled.Add((one.Lane, one.Delivery, After(one.Lane, one.Delivery, one.Attempt), one.Attempt));
        if (settled.Count == 0) return;
        try
        {
            // Not to be broken off: a receiver that has it should not get it again.
            await Store.Record([.. settled.Select(one => one.After)], CancellationToken.None);
        }
        catch
        {
            foreach (var (lane, before, _, attempt) in settled) _ended.Enqueue((lane, before, attempt));
            throw;
        }
        foreach (var (lane, before, after, attempt) in settled)
        {
            lane.Settled(before);
            lane.LookAt = Instant.MinValue;
            WebhookInstruments.Count(after, attempt);
        }
        foreach (var (lane, _, after, attempt) in settled)
        {
            if (after.Tries == 1 && !attempt.Succeeded)
                log.LogWarning("Webhook {Webhook}: the first try of {Delivery} ended with {Result}", lane.Webhook,
                    after.Id, (object?)attempt.Wire.StatusCode ?? attempt.Wire.Error);
            if (attempt.IsGone) await SwitchOff(lane.Webhook, StoredWebhook.Gone);
            else if (after.Status == DeliveryStatus.Failed) await GivenUp(lane.Webhook, after, attempt);
        }
    }

    private Delivery After(Lane lane, Delivery delivery, Attempt attempt)
    {
        var now = Now;
        var tried = delivery with
        {
            Tries = delivery.Tries + 1,
            Attempts = WriteAttempts([.. ReadAttempts(delivery).TakeLast(AttemptsKept - 1), attempt.Wire]),
        };
        if (attempt.Succeeded) return tried with { Status = DeliveryStatus.Delivered, EndedAt = now, Due = null };
        var next = attempt.IsGone || book.Find(lane.Webhook) is not { IsEnabled: true }
            ? null
            : Backoff.Next(tried.Tries, now, delivery.GiveUpAt, attempt.RetryAfter);
        return next is null ? tried with { Status = DeliveryStatus.Failed, EndedAt = now, Due = null }
            : tried with { Due = next };
    }

    private async Task GivenUp(string webhook, Delivery delivery, Attempt attempt)
    {
        log.LogWarning("Webhook {Webhook}: {Delivery} was given up after {Tries} tries; the last ended with {Result}",
            webhook, delivery.Id, delivery.Tries, (object?)attempt.Wire.StatusCode ?? attempt.Wire.Error);
        if (book.Find(webhook) is not { IsEnabled: true } hook) return;
        if (await Store.FailingSince(webhook, hook.EnabledAt, _stop.Token) is { } since
            && delivery.EndedAt - since >= _settings.SwitchOffAfter)
            await SwitchOff(webhook, StoredWebhook.Failing);
    }

    private async Task SwitchOff(string webhook, string reason)
    {
        if (book.Find(webhook) is not { IsEnabled: true } hook) return;
        log.LogWarning("Webhook {Webhook} was switched off: {Reason}", webhook, reason);
        await book.Put(Store, webhook, hook with { DisabledReason = reason, DisabledAt = Now }, Ourselves,
            CancellationToken.None);
        await Store.GiveUp(webhook, Now, CancellationToken.None);
    }

    public static AttemptWire[] ReadAttempts(Delivery delivery) =>
        JsonSerializer.Deserialize(delivery.Attempts, StoredWebhookJson.Default.AttemptWireArray)!;

    private static byte[] WriteAttempts(AttemptWire[] attempts) =>
        JsonSerializer.SerializeToUtf8Bytes(attempts, StoredWebhookJson.Default.AttemptWireArray);

    private void LookAgain(string webhook)
    {
        if (_lanes.TryGetValue(webhook, out var lane)) lane.LookAt = Instant.MinValue;
    }
}
