using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// What is done with webhooks, each in the turn of whoever sends them: by an administrator with the operator's, by a
/// buyer with its tenant's own. Each goes by its key (<see cref="OwnId"/>).
/// </summary>
internal sealed class WebhookChange(WebhookBook book, SecretSeal seal, ITurns turns, IStore store,
    MeteringSettings settings, TimeProvider clock)
{
    private const int MostSecrets = 5;
    private static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    private Instant Now => Instant.From(clock.GetUtcNow());

    // Nobody hears, or sees who hears, of more tenants than they have.
    public static bool IsWithin(IReadOnlyList<string>? tenants, Principal caller) =>
        caller.Tenants is null || (tenants is not null && tenants.All(caller.Tenants.Contains));

    /// <summary>
    /// Deliveries outlive what a webhook was bound to: one of a tenant that the caller does not have is not there.
    /// </summary>
    public static bool IsOf(Delivery delivery, Principal caller) => caller.Tenants?.Contains(delivery.Tenant) ?? true;

    /// <summary>The key of one of the operator's.</summary>
    /// <exception cref="ProblemException">404: nothing has such an id.</exception>
    public static string Operators(string id) => Ids.IsId(id) ? id : throw new ProblemException(Unknown());

    /// <summary>The key of one of a tenant's own.</summary>
    /// <exception cref="ProblemException">404: nothing has such an id.</exception>
    public static string Own(string tenant, string id) => OwnId.Webhook(tenant, Operators(id));

    /// <exception cref="ProblemException">404: there is none that the caller may see.</exception>
    public StoredWebhook Find(string id, Principal caller)
    {
        book.Demand(id);
        return book.Find(id) is { } webhook && IsWithin(webhook.Tenants, caller) ? webhook
            : throw new ProblemException(Unknown());
    }

    /// <summary>Makes one, or changes the one that there is.</summary>
    /// <param name="tenant">Whose own it is; null: the operator's.</param>
    public async Task<(StoredWebhook Webhook, bool Created)> Put(HttpContext context, string? tenant, string name,
        PutWebhookWire wanted, Principal caller, CancellationToken cancellation)
    {
        var findings = new Findings();
        if (tenant is not null && !await TenantsThere.IsThere(store, tenant, cancellation))
            throw new ProblemException(Problem.UnknownTenant());
        var target = WebhookReader.Read(name, wanted, settings.Webhooks.AllowPrivate, findings);
        if (findings.Problem is { } invalid) throw new ProblemException(invalid);
        if (!IsWithin(target.Tenants, caller)) throw new ProblemException(Beyond());
        await findings.Find(store, target.Tenants, cancellation);
        if (findings.Problem is { } unknown) throw new ProblemException(unknown);
        target = target with { Tenants = target.Tenants?.Distinct().ToList() };
        var id = tenant is null ? name : OwnId.Webhook(tenant, name);
        await using var turn = await turns.TakeWebhooks(cancellation);
        book.Demand(id);
        var before = book.Find(id);
        if (before is not null && !IsWithin(before.Tenants, caller)) throw new ProblemException(Unknown());
        ETags.Demand(context, before is null ? null : ETags.Of(before.Version));
        if (before is null) DemandRoom(tenant, caller);
        var after = before is null ? New(target)
            : before with { Url = target.Url, Events = target.Events, Tenants = target.Tenants, IsInTheClear = false };
        if (before is { IsEnabled: true, IsInTheClear: false } && IsSame(before, target)) return (before, false);
        book.DemandFewChanges(id, caller);
        if (!after.IsEnabled) after = after.Enabled(Now);
        return ((await book.Put(store, id, after, caller.Id, cancellation))!, before is null);
    }

    // A version more would be kept for good.
    private static bool IsSame(StoredWebhook before, WebhookTarget target) => before.Url == target.Url
        && AreSame(before.Events, target.Events) && AreSame(before.Tenants, target.Tenants);

    public static bool AreSame(IReadOnlyList<string>? some, IReadOnlyList<string>? others) =>
        some is null || others is null ? some == others : some.SequenceEqual(others, StringComparer.Ordinal);

    public async Task Delete(HttpContext context, string id, Principal caller, CancellationToken cancellation)
    {
        await using var turn = await turns.TakeWebhooks(cancellation);
        // One whose secrets cannot be opened any more holds up the alerts that it may want: it can be ended.
        if (caller.Tenants is not null || !book.IsLocked(id))
            ETags.Demand(context, ETags.Of(Find(id, caller).Version));
        await book.Put(store, id, null, caller.Id, cancellation);
    }

    /// <returns>The new secret, and how long the one before it signs.</returns>
    public async Task<(StoredSecret Secret, Instant Until)> Rotate(string id, string? idempotencyKey, Principal caller,
        CancellationToken cancellation)
    {
        await using var turn = await turns.TakeWebhooks(cancellation);
        var (webhook, now) = (Find(id, caller), Now);
        var request = idempotencyKey is null ? null
            : SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.Id}\n{idempotencyKey}"));
        if (request is not null
            && webhook.Secrets.FirstOrDefault(one => one.Request.AsSpan().SequenceEqual(request)
            && now < one.MadeAt + Overlap) is { } made)
            return (made, made.MadeAt + Overlap);
        var kept = webhook.Secrets.Where(one => one.Until is null || now < one.Until)
            .Select(one => one with { Until = one.Until ?? now + Overlap }).ToList();
        book.DemandFewChanges(id, caller);
        if (kept.Count >= MostSecrets) throw new ProblemException(TooOften(kept[^1].Until!.Value - now));
        var secret = new StoredSecret(NewSecret(), now, null, request);
        await book.Put(store, id, webhook with { Secrets = [secret, .. kept] }, caller.Id, cancellation);
        return (secret, now + Overlap);
    }

    /// <summary>
    /// Makes a delivery pending again, due at once, for as long as a new one; a webhook that was switched off is on
    /// again.
    /// </summary>
    public async Task<Delivery> Retry(string id, string delivery, Principal caller, CancellationToken cancellation)
    {
        await using var turn = await turns.TakeWebhooks(cancellation);
        var webhook = Find(id, caller);
        if (await store.Delivery(id, delivery, cancellation) is not { } found || !IsOf(found, caller))
            throw new ProblemException(
                Problem.NotFound("unknown_delivery", "There is no such delivery to this webhook."));
        if (!webhook.IsEnabled) await book.Put(store, id, webhook.Enabled(Now), caller.Id, cancellation);
        var again = found with { Status = DeliveryStatus.Pending, Due = Now,
            GiveUpAt = Now + settings.Webhooks.GiveUpAfter, Tries = 0, EndedAt = null };
        await store.Record([again], cancellation);
        return await store.Delivery(id, delivery, cancellation) ?? again;
    }

    /// <exception cref="ProblemException">409: there are as many as there may be.</exception>
    private void DemandRoom(string? tenant, Principal caller)
    {
        var all = (tenant is null ? book.Operators : book.OwnOf(tenant)).Select(one => one.Webhook)
            .Where(one => one.Email is null).ToList();
        if (tenant is not null && all.Count >= settings.Limits.TenantWebhooks)
            throw new ProblemException(TooMany(settings.Limits.TenantWebhooks));
        if (tenant is not null) return;
        if (all.Count >= settings.Limits.Webhooks) throw new ProblemException(TooMany(settings.Limits.Webhooks));
        if (caller.Tenants is not null
            && all.Count(one => IsWithin(one.Tenants, caller)) >= settings.Limits.BoundWebhooks)
            throw new ProblemException(TooMany(settings.Limits.BoundWebhooks));
    }

    private static Problem TooMany(int most) =>
        new(StatusCodes.Status409Conflict, "too_many_webhooks", $"There are {most} webhooks, and may be no more.");

    private StoredWebhook New(WebhookTarget target)
    {
        var now = Now;
        return new StoredWebhook(
            0, target.Url, target.Events, target.Tenants, [new StoredSecret(NewSecret(), now, null, null)],
            null, null, now, now, now);
    }

    /// <exception cref="ProblemException">409: it could not be sealed.</exception>
    private string NewSecret() => seal.HasRing ? Signature.NewSecret() : throw new ProblemException(NoRing());

    /// <summary>A secret cannot be sealed.</summary>
    public static Problem NoRing() => new(StatusCodes.Status409Conflict, "no_key_directory",
        "A receiver's secret is sealed with keys that the silos share: set Metering:KeyDirectory on each of them.");

    private static Problem Unknown() => Problem.NotFound("unknown_webhook", "There is no such webhook.");

    private static Problem Beyond() =>
        new(StatusCodes.Status403Forbidden, "forbidden",
            "A key cannot make a webhook for a tenant that it is not bound to.");

    private static Problem TooOften(TimeSpan wait) =>
        new(StatusCodes.Status409Conflict, "rotated_too_often",
            $"{MostSecrets} secrets sign already; the oldest ends within 24 hours.")
        {
            RetryAfter = (int)Math.Ceiling(wait.TotalSeconds),
        };
}
