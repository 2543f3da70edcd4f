using System.Collections.Concurrent;
using System.Text.Json;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Webhooks;

/// <summary>Every webhook, by its id.</summary>
internal sealed class WebhookBook(TimeProvider clock)
{
    public const string Kind = "webhook";

    private readonly ConcurrentDictionary<string, StoredWebhook> _webhooks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _versions = new(StringComparer.Ordinal);

    /// <summary>Reads what is stored; also when another process has changed it.</summary>
    public async Task Load(IStore store, CancellationToken cancellation)
    {
        var rows = (await store.Webhooks(cancellation))
            .ToDictionary(row => row.Id, row => StoredWebhook.Read(row.Content), StringComparer.Ordinal);
        foreach (var gone in _webhooks.Keys.Where(id => !rows.ContainsKey(id))) _webhooks.TryRemove(gone, out _);
        foreach (var (id, webhook) in rows) _webhooks[id] = webhook;
        // Of those that were deleted too: a version is never written twice.
        foreach (var document in await store.Documents(Kind, cancellation))
            _versions.AddOrUpdate(document.Id, document.Version, (_, before) => Math.Max(before, document.Version));
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
        if (!await store.PutWebhook(document, next?.Write(), cancellation))
            throw new ProblemException(Problem.ChangedMeanwhile());
        _versions[id] = version;
        if (next is null) _webhooks.TryRemove(id, out _);
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
