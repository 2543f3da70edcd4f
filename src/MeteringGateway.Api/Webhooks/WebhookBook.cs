using System.Collections.Concurrent;
using System.Text.Json;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Webhooks;

/// <summary>Every webhook, by its id.</summary>
internal sealed class WebhookBook(TimeProvider clock, SecretSeal seal, ILogger<WebhookBook> log)
{
    public const string Kind = "webhook";

    private readonly ConcurrentDictionary<string, StoredWebhook> _webhooks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _versions = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, bool> _locked = new(StringComparer.Ordinal);

    private readonly Unreadable _unreadable = new(Kind, log);

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
        foreach (var gone in _webhooks.Keys.Where(id => !rows.ContainsKey(id))) _webhooks.TryRemove(gone, out _);
        foreach (var (id, webhook) in rows) _webhooks[id] = webhook;
        // Of those that were deleted too: a version is never written twice.
        foreach (var (id, version) in versions)
            _versions.AddOrUpdate(id, version, (_, before) => Math.Max(before, version));
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

    /// <summary>By id.</summary>
    public IEnumerable<(string Id, StoredWebhook Webhook)> All =>
        _webhooks.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value));

    public StoredWebhook? Find(string id) => _webhooks.GetValueOrDefault(id);

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
        _versions[id] = version;
        if (next is null)
        {
            _webhooks.TryRemove(id, out _);
            _unreadable.Forget(id);
            _locked.TryRemove(id, out _);
        }
        else _webhooks[id] = next;
        return next;
    }

    /// <summary>A webhook as it is shown, without its secrets.</summary>
    public static WebhookWire Wire(string id, StoredWebhook webhook) => new(
        id, webhook.Url, webhook.Events ?? ["*"], new TenantsWire(webhook.Tenants), webhook.IsEnabled ? "enabled"
            : "disabled", webhook.DisabledReason,
        webhook.DisabledAt?.ToString(), webhook.CreatedAt.ToString(), webhook.UpdatedAt.ToString());

    private static byte[] Public(string id, StoredWebhook webhook) =>
        JsonSerializer.SerializeToUtf8Bytes(Wire(id, webhook), WireJson.Typed<WebhookWire>());
}
