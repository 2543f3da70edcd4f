using System.Collections.Concurrent;
using System.Text.Json;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Emails;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Webhooks;

/// <summary>Every webhook, by its id.</summary>
internal sealed class WebhookBook(TimeProvider clock, SecretSeal seal, MeteringSettings settings,
    ILogger<WebhookBook> log)
{
    public const string Kind = "webhook";

    /// <summary>Of one tenant's own, those included that have ended.</summary>
    private const int MostIdsEver = 100;

    private readonly ConcurrentDictionary<string, StoredWebhook> _webhooks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _versions = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, bool> _locked = new(StringComparer.Ordinal);

    private readonly OwnKeys _keys = new();

    private readonly Unreadable _unreadable = new(Kind, log);

    private readonly OwnKeys _everKeys = new();

    private readonly Hourly _changes = new(settings.Limits.TenantReceiverChanges);

    /// <summary>Some of them cannot be read: alerts that they may want wait in the outbox.</summary>
    public bool HasUnreadable => _unreadable.Any;

    /// <summary>Its secrets are sealed with a key that is not here.</summary>
    public bool IsLocked(string id) => _locked.ContainsKey(id);

    /// <exception cref="ProblemException">It cannot be read.</exception>
    public void Demand(string id) => _unreadable.Demand(id);

    /// <summary>Reads what is stored; also when another process has changed it.</summary>
    public async Task Load(IStore store, CancellationToken cancellation)
    {
        var versions = (await store.NewestDocuments(Kind, cancellation))
            .ToDictionary(one => one.Id, one => one.Version, StringComparer.Ordinal);
        var rows = new Dictionary<string, StoredWebhook>(StringComparer.Ordinal);
        var stored = await store.Webhooks(cancellation);
        var all = stored.Select(row => row.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var (id, content) in stored)
            if (_unreadable.Read(id, versions.GetValueOrDefault(id), () => Read(id, content)) is { } webhook)
            {
                rows[id] = webhook;
                _unreadable.Forget(id);
            }
        foreach (var id in versions.Keys.Where(id => !all.Contains(id))) _unreadable.Forget(id);
        foreach (var gone in _webhooks.Keys.Where(id => !rows.ContainsKey(id))) Forget(gone);
        foreach (var (id, webhook) in rows) Know(id, webhook);
        // Of those that were deleted too: a version is never written twice.
        foreach (var (id, version) in versions)
            Had(id, version);
    }

    private StoredWebhook Read(string id, byte[] content)
    {
        _locked.TryRemove(id, out _);
        try
        {
            return StoredWebhook.Read(content, seal);
        }
        catch (StoreException)
        {
            _locked[id] = true;
            throw;
        }
    }

    /// <summary>The operator's and the tenants' own, in no order.</summary>
    public IEnumerable<(string Id, StoredWebhook Webhook)> All => _webhooks.Select(pair => (pair.Key, pair.Value));

    /// <summary>The operator's, by id.</summary>
    public IEnumerable<(string Id, StoredWebhook Webhook)> Operators => Of("");

    /// <summary>Those that a tenant keeps for itself, by id.</summary>
    public IEnumerable<(string Id, StoredWebhook Webhook)> OwnOf(string tenant) => Of(tenant);

    /// <summary>Who is to be told of a tenant's alerts of a type.</summary>
    public IEnumerable<(string Id, StoredWebhook Webhook)> Wanting(string tenant, string type) =>
        Operators.Concat(OwnOf(tenant)).Where(one => one.Webhook.Wants(tenant, type));

    public StoredWebhook? Find(string id) => _webhooks.GetValueOrDefault(id);

    /// <summary>
    /// Each change of a tenant's own is a version, and each id a name, that is kept for good; one by a key that is bound
    /// to tenants counts as the first one's.
    /// </summary>
    /// <exception cref="ProblemException">409: enough for this hour, or as many ids as there may be.</exception>
    public void DemandFewChanges(string id, Principal caller)
    {
        var own = OwnId.TenantOf(id);
        if ((own ?? caller.Tenants?.Min(StringComparer.Ordinal)) is not { } tenant) return;
        var ever = _everKeys.Of(tenant);
        if (own is not null && !ever.Contains(id) && ever.Count >= MostIdsEver)
            throw new ProblemException(TooManyIds());
        var now = Instant.From(clock.GetUtcNow());
        if (_changes.Wait(tenant, now) is { Ticks: > 0 } wait) throw new ProblemException(TooManyChanges(wait));
        _changes.Take(tenant, now);
    }

    private static Problem TooManyIds() => new(StatusCodes.Status409Conflict, "too_many_webhooks",
        $"The tenant has used {MostIdsEver} ids, and may use no others: use one of them again.");

    private static Problem TooManyChanges(TimeSpan wait) => new(StatusCodes.Status409Conflict, "too_many_changes",
        "A tenant's webhooks and addresses have been changed too often in an hour.")
    {
        RetryAfter = (int)Math.Ceiling(wait.TotalSeconds),
    };

    private void Had(string id, int version)
    {
        _versions.AddOrUpdate(id, version, (_, before) => Math.Max(before, version));
        _everKeys.Add(OwnId.TenantOf(id) ?? "", id);
    }

    private IEnumerable<(string Id, StoredWebhook Webhook)> Of(string owner) =>
        from key in _keys.Of(owner) where _webhooks.ContainsKey(key) select (key, _webhooks[key]);

    private void Know(string id, StoredWebhook webhook)
    {
        _webhooks[id] = webhook;
        _keys.Add(OwnId.TenantOf(id) ?? "", id);
    }

    private void Forget(string id)
    {
        _keys.Remove(OwnId.TenantOf(id) ?? "", id);
        _webhooks.TryRemove(id, out _);
    }

    /// <summary>Makes or replaces a webhook; null deletes it, and its deliveries. The caller has the turn.</summary>
    /// <param name="actor">Key id of who did it.</param>
    /// <returns>As it is now.</returns>
    public async Task<StoredWebhook?> Put(IStore store, string id, StoredWebhook? webhook, string actor,
        CancellationToken cancellation)
    {
        var now = Instant.From(clock.GetUtcNow());
        var version = _versions.GetValueOrDefault(id) + 1;
        var next = webhook is null ? null : webhook with { Version = version, UpdatedAt = now };
        var document = new Document(Kind, id, version, now, actor, next is null ? "{}"u8.ToArray() : Public(id, next));
        if (!await store.PutWebhook(document, next?.Write(seal), cancellation))
            throw new ProblemException(Problem.ChangedMeanwhile());
        Had(id, version);
        if (next is null)
        {
            Forget(id);
            _unreadable.Forget(id);
            _locked.TryRemove(id, out _);
        }
        else Know(id, next);
        return next;
    }

    /// <summary>A webhook as it is shown, without its secrets.</summary>
    public static WebhookWire Wire(string id, StoredWebhook webhook) => new(
        OwnId.IdOf(id), webhook.Url, webhook.Events ?? ["*"], new TenantsWire(webhook.Tenants), webhook.IsEnabled ? "enabled"
            : "disabled", webhook.DisabledReason,
        webhook.DisabledAt?.ToString(), webhook.CreatedAt.ToString(), webhook.UpdatedAt.ToString());

    /// <summary>One that was just made, with its secret.</summary>
    public static WebhookWire Created(string id, StoredWebhook webhook) =>
        Wire(id, webhook) with { Secret = webhook.Secrets[0].Value };

    // A person's address is kept where it can be taken away again, and not in a version that is kept for good.
    private static byte[] Public(string id, StoredWebhook webhook) => webhook.Email is not null
        ? JsonSerializer.SerializeToUtf8Bytes(EmailEndpoints.Wire(id, webhook) with { Address = "" },
            WireJson.Typed<EmailWire>()) :
        JsonSerializer.SerializeToUtf8Bytes(Wire(id, webhook), WireJson.Typed<WebhookWire>());
}
