using System.Text.Json;
using MeteringGateway.Api.Emails;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// From the outbox to deliveries, and from an attempt to what becomes of its delivery. Each step is a transaction, and
/// safe to do twice.
/// </summary>
internal sealed partial class Dispatcher
{
    private const int AttemptsKept = 30;
    private const int SettledAtOnce = 100; // each has up to 30 attempts, and is written
    private const int MostWaiting = 10_000;
    private const string Ourselves = "webhooks"; // who it was, when nobody did it by hand

    /// <summary>
    /// Makes deliveries of what has come to the outbox, and deletes it there, but for what is held back. True if there
    /// may be more.
    /// </summary>
    private async Task<bool> Deal()
    {
        // Which of them it would want is not known.
        if (book.HasUnreadable || _waiting.Count >= MostWaiting) return false;
        var rows = await Store.Outbox(_dealt, AtOnce, _stop.Token);
        if (rows.Count == 0) return false;
        var (told, done) = (new List<Told>(), new List<long>());
        try
        {
            foreach (var row in rows)
                if (!book.Wanting(row.Tenant, row.Alert.Type).Any()) done.Add(row.Position);
                else if (KeyOf(row) is not { } key)
                {
                    // What came before it is told before it.
                    told.AddRange(_caps.Release(Now, tenant => tenant == row.Tenant));
                    told.Add(Told.Alone(row));
                }
                else if (_caps.Take(row, key, Now)) told.Add(Told.Alone(row));
            await Dispatch(told, done);
            _dealt = rows[^1].Position;
        }
        catch
        {
            ReadAnew();
            throw;
        }
        return rows.Count == AtOnce;
    }

    /// <summary>Tells what was held back and is due.</summary>
    private Task Release() => Release(null, book.Wanting);

    /// <summary>
    /// Tells what was held back of tenants whose webhooks have changed in a turn, by what they were. Of no other: who
    /// asks for a change again and again, and of what is so already, would bury everybody's alerts (N4).
    /// </summary>
    private Task ReleaseBefore(List<(string Id, StoredWebhook Webhook)> before)
    {
        var (then, now) = (before.ToDictionary(one => one.Id, one => one.Webhook), book.All.ToDictionary());
        var changed = before.Concat(book.All).Where(one =>
            then.GetValueOrDefault(one.Id)?.Version != now.GetValueOrDefault(one.Id)?.Version).ToList();
        return changed.Count == 0 ? Task.CompletedTask
            : Release(tenant => changed.Exists(one => one.Webhook.Tenants?.Contains(tenant) ?? true),
                (tenant, type) => before.Where(one => now.ContainsKey(one.Id) && one.Webhook.Wants(tenant, type)));
    }

    /// <param name="which">Of which tenants; null: of all, what is due.</param>
    /// <param name="wanting">Who is told of a tenant's alerts of a type.</param>
    private async Task Release(Func<string, bool>? which,
        Func<string, string, IEnumerable<(string Id, StoredWebhook Webhook)>> wanting)
    {
        if (book.HasUnreadable) return;
        try
        {
            if (_caps.Release(Now, which) is { Count: > 0 } told) await Dispatch(told, [], wanting);
        }
        catch
        {
            ReadAnew();
            throw;
        }
    }

    /// <summary>What waits for its tenant is tried again.</summary>
    private async Task TryWaiting(bool now = false)
    {
        if (_waiting.Count == 0 || (Now < _tryWaitingAt && !now) || book.HasUnreadable) return;
        var again = _waiting.ToList();
        _waiting.Clear();
        _away.Clear();
        _tryWaitingAt = Now + AfterTrouble;
        try
        {
            await Dispatch(again, []);
        }
        catch
        {
            ReadAnew();
            throw;
        }
    }

    /// <summary>What was not dispatched is in the outbox.</summary>
    private void ReadAnew()
    {
        _caps.Clear();
        _waiting.Clear();
        _away.Clear();
        _dealt = 0;
    }

    /// <param name="done">Positions in the outbox of what nobody wants.</param>
    /// <param name="wanting">Null: the webhooks as they are.</param>
    private async Task Dispatch(List<Told> told, List<long> done,
        Func<string, string, IEnumerable<(string Id, StoredWebhook Webhook)>>? wanting = null)
    {
        var made = new List<Delivery>();
        foreach (var one in told)
        {
            if (_away.Contains(one.Row.Tenant) || !await Make(one, made, wanting ?? book.Wanting))
            {
                // It stays in the outbox, with all of its tenant that follow.
                if (_waiting.Count == 0) _tryWaitingAt = Now + AfterTrouble;
                _away.Add(one.Row.Tenant);
                _waiting.Add(one);
                continue;
            }
            done.Add(one.Row.Position);
            // Only how many they were would be lost with them.
            foreach (var some in one.Superseded.Chunk(AtOnce)) await Store.Dispatch(some, [], _stop.Token);
            // Many webhooks times many alerts are not to hold up what else is written.
            if (made.Count < AtOnce) continue;
            await Write(done, made);
            (done, made) = ([], []);
        }
        await Write(done, made);
    }

    private async Task Write(List<long> done, List<Delivery> made)
    {
        await Store.Dispatch(done, made, _stop.Token);
        foreach (var webhook in made.Select(one => one.Webhook).Distinct()) LookAgain(webhook);
    }

    private string? KeyOf(OutboxRow row)
    {
        try
        {
            return CapAlerts.KeyOf(row);
        }
        catch (FormatException failure)
        {
            log.LogError(failure, "Alert {Sequence} of tenant {Tenant} cannot be read", row.Alert.Sequence, row.Tenant);
            return null;
        }
    }

    /// <summary>False: its tenant does not answer, and without it the alert cannot be told.</summary>
    private async Task<bool> Make(Told told, List<Delivery> made,
        Func<string, string, IEnumerable<(string Id, StoredWebhook Webhook)>> wanting)
    {
        var (row, now) = (told.Row, Now);
        try
        {
            var body = await Payloads.Write(told, _tenants!, _stop.Token);
            // Of the chain's hash: the same for good, of no other alert anywhere, and without a dot, which separates
            // what is signed.
            var id = $"evt_{Convert.ToHexStringLower(row.Alert.Hash.AsSpan(0, 16))}";
            made.AddRange(wanting(row.Tenant, row.Alert.Type).Select(one =>
                new Delivery(0, one.Id, id, row.Tenant, row.Alert.Sequence, row.Alert.Type, body, now)
                {
                    GiveUpAt = now + _settings.GiveUpAfter,
                    Attempts = WriteAttempts([]),
                }));
        }
        catch (Exception failure) when (failure is TenantFailedException or TenantUnavailableException)
        {
            log.LogWarning("Alert {Sequence} of tenant {Tenant} waits: {Why}", row.Alert.Sequence, row.Tenant,
                failure.Message);
            return false;
        }
#pragma warning disable CA1031 // It must not stop all that follow; when it is the store, it is tried again.
        catch (Exception failure) when (failure is not (OperationCanceledException or StoreException
            or StoreFailedException or ObjectDisposedException))
#pragma warning restore CA1031
        {
            log.LogError(failure, "Alert {Sequence} of tenant {Tenant} cannot be told", row.Alert.Sequence, row.Tenant);
        }
        return true;
    }

    /// <summary>Takes note of attempts that ended, of so many at once. True if there may be more.</summary>
    private async Task<bool> Settle()
    {
        var settled = new List<(Lane Lane, IReadOnlyList<Delivery> Before, Delivery[] After, Attempt Attempt)>();
        while (settled.Count < SettledAtOnce && _ended.TryDequeue(out var one))
            settled.Add((one.Lane, one.Deliveries,
                [.. one.Deliveries.Select(delivery => After(one.Lane, delivery, one.Attempt))], one.Attempt));
        if (settled.Count == 0) return false;
        try
        {
            // Not to be broken off: a receiver that has it should not get it again.
            await Store.Record([.. settled.SelectMany(one => one.After)], CancellationToken.None);
        }
        catch
        {
            foreach (var (lane, before, _, attempt) in settled) _ended.Enqueue((lane, before, attempt));
            throw;
        }
        foreach (var (lane, before, after, attempt) in settled)
        {
            lane.Settled(before[0]);
            lane.LookAt = Instant.MinValue;
            if (book.Find(lane.Webhook)?.Email is null) WebhookInstruments.Count(after[0], attempt);
            else MailInstruments.Count(after[0], attempt);
        }
        foreach (var (lane, _, after, attempt) in settled)
        {
            if (after[0].Tries == 1 && !attempt.Succeeded)
                log.LogWarning("{Receiver}: the first try of {Delivery} ended with {Result}", Named(lane.Webhook),
                    after[0].Id, (object?)attempt.Wire.StatusCode ?? attempt.Wire.Error);
            if (attempt.IsGone) await SwitchOff(lane.Webhook, StoredWebhook.Gone);
            else if (after.LastOrDefault(one => one.Status == DeliveryStatus.Failed) is { } failed)
                await GivenUp(lane.Webhook, failed, attempt);
        }
        return settled.Count == SettledAtOnce;
    }

    /// <summary>For the log; an address is named by its id.</summary>
    private string Named(string webhook) =>
        book.Find(webhook)?.Email is null ? $"Webhook {webhook}" : $"E-mail address {webhook}";

    private Delivery After(Lane lane, Delivery delivery, Attempt attempt)
    {
        var now = Now;
        var tried = delivery with
        {
            Tries = delivery.Tries + 1,
            Attempts = WriteAttempts([.. ReadAttempts(delivery).TakeLast(AttemptsKept - 1), attempt.Wire]),
        };
        if (attempt.Succeeded) return tried with { Status = DeliveryStatus.Delivered, EndedAt = now, Due = null };
        var next = attempt.IsGone || attempt.IsFinal || book.Find(lane.Webhook) is not { IsEnabled: true }
            ? null
            : Backoff.Next(tried.Tries, now, delivery.GiveUpAt, attempt.RetryAfter);
        return next is null ? tried with { Status = DeliveryStatus.Failed, EndedAt = now, Due = null }
            : tried with { Due = next };
    }

    private async Task GivenUp(string webhook, Delivery delivery, Attempt attempt)
    {
        log.LogWarning("{Receiver}: {Delivery} was given up after {Tries} tries; the last ended with {Result}",
            Named(webhook), delivery.Id, delivery.Tries, (object?)attempt.Wire.StatusCode ?? attempt.Wire.Error);
        if (book.Find(webhook) is not { IsEnabled: true } hook) return;
        if (await Store.FailingSince(webhook, hook.EnabledAt, _stop.Token) is { } since
            && delivery.EndedAt - since >= _settings.SwitchOffAfter)
            await SwitchOff(webhook, StoredWebhook.Failing);
    }

    private async Task SwitchOff(string webhook, string reason)
    {
        if (book.Find(webhook) is not { IsEnabled: true } hook) return;
        log.LogWarning("{Receiver} was switched off: {Reason}", Named(webhook), reason);
        await book.Put(Store, webhook, hook with { DisabledReason = reason, DisabledAt = Now }, Ourselves,
            CancellationToken.None);
        await Store.GiveUp(webhook, Now, CancellationToken.None);
    }

    public static AttemptWire[] ReadAttempts(Delivery delivery) =>
        JsonSerializer.Deserialize(delivery.Attempts, StoredWebhookJson.Default.AttemptWireArray)!;

    public static byte[] WriteAttempts(AttemptWire[] attempts) =>
        JsonSerializer.SerializeToUtf8Bytes(attempts, StoredWebhookJson.Default.AttemptWireArray);

    private void LookAgain(string webhook)
    {
        if (_lanes.TryGetValue(webhook, out var lane)) lane.LookAt = Instant.MinValue;
    }
}
