using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

internal sealed partial class MemoryStore
{
    public ValueTask<IReadOnlyList<OutboxRow>> Outbox(int limit, CancellationToken cancellation)
    {
        lock (_gate) return new([.. _disk.Outbox.Take(limit)]);
    }

    public ValueTask Dispatch(long position, IReadOnlyCollection<long> kept, IReadOnlyList<Delivery> deliveries,
        CancellationToken cancellation)
    {
        lock (_gate)
        {
            foreach (var made in deliveries)
                if (!_disk.Deliveries.Exists(one => one.Webhook == made.Webhook && one.Id == made.Id))
                    _disk.Deliveries.Add(made with { Number = ++_disk.Number, Due = made.CreatedAt });
            _disk.Outbox.RemoveAll(row => row.Position <= position && !kept.Contains(row.Position));
        }
        return default;
    }

    public ValueTask<IReadOnlyList<Delivery>> Heads(string webhook, int limit, CancellationToken cancellation)
    {
        lock (_gate)
            return new(
                [.. Of(webhook).Where(one => one.Due is not null).OrderBy(one => one.Due).ThenBy(one => one.Number)
                    .Take(limit)]);
    }

    public ValueTask Record(IReadOnlyList<Delivery> deliveries, CancellationToken cancellation)
    {
        lock (_gate)
            foreach (var changed in deliveries)
                if (_disk.Deliveries.FindIndex(one => one.Number == changed.Number) is var index and >= 0)
                    _disk.Deliveries[index] = changed with { Due = changed.Due ?? _disk.Deliveries[index].Due };
        return default;
    }

    public ValueTask GiveUp(string webhook, Instant now, CancellationToken cancellation)
    {
        lock (_gate)
            for (var i = 0; i < _disk.Deliveries.Count; i++)
                if (_disk.Deliveries[i] is { Status: DeliveryStatus.Pending } one && one.Webhook == webhook)
                    _disk.Deliveries[i] = one with { Status = DeliveryStatus.Failed, EndedAt = now };
        return default;
    }

    public ValueTask<Delivery?> Delivery(string webhook, string id, CancellationToken cancellation)
    {
        lock (_gate) return new(Of(webhook).FirstOrDefault(one => one.Id == id));
    }

    public ValueTask<IReadOnlyList<Delivery>> Deliveries(string webhook, DeliveryStatus? status, long? before,
        int limit, CancellationToken cancellation)
    {
        lock (_gate)
            return new(
                [.. Of(webhook).Where(one => (status ?? one.Status) == one.Status
                    && one.Number < (before ?? long.MaxValue))
                .OrderByDescending(one => one.Number).Take(limit)]);
    }

    public ValueTask<Instant?> FailingSince(string webhook, Instant from, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var success = Of(webhook).Where(one => one.Status == DeliveryStatus.Delivered).Max(one => one.EndedAt);
            return new(Of(webhook).Where(one => one.Status == DeliveryStatus.Failed && one.CreatedAt >= from
                && (success is null || one.CreatedAt > success))
                .Min(one => (Instant?)one.CreatedAt));
        }
    }

    public ValueTask<Instant?> OldestPending(CancellationToken cancellation)
    {
        lock (_gate)
            return new(_disk.Deliveries.Where(one => one.Status == DeliveryStatus.Pending)
                .Min(one => (Instant?)one.CreatedAt));
    }

    public ValueTask ExpireDeliveries(Instant before, CancellationToken cancellation)
    {
        lock (_gate) _disk.Deliveries.RemoveAll(one => one.EndedAt < before);
        return default;
    }

    public ValueTask<IReadOnlyList<WebhookRow>> Webhooks(CancellationToken cancellation)
    {
        lock (_gate)
            return new(
                [.. _disk.Webhooks.OrderBy(row => row.Key, StringComparer.Ordinal)
                    .Select(row => new WebhookRow(row.Key, row.Value))]);
    }

    public ValueTask<bool> PutWebhook(Document version, byte[]? content, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_disk.Documents.TryAdd((version.Kind, version.Id, version.Version), version)) return new(false);
            if (content is not null) _disk.Webhooks[version.Id] = content;
            else
            {
                _disk.Webhooks.Remove(version.Id);
                _disk.Deliveries.RemoveAll(one => one.Webhook == version.Id);
            }
            return new(true);
        }
    }

    /// <summary>Deliveries to a webhook; only the first that is pending of each tenant shows when it is due.</summary>
    private IEnumerable<Delivery> Of(string webhook)
    {
        var tenants = new HashSet<string>();
        foreach (var one in _disk.Deliveries.Where(one => one.Webhook == webhook))
            yield return one with { Due = one.Status == DeliveryStatus.Pending
                && tenants.Add(one.Tenant) ? one.Due : null };
    }

    private sealed partial class Disk
    {
        public List<OutboxRow> Outbox { get; } = [];
        public List<Delivery> Deliveries { get; } = [];
        public Dictionary<string, byte[]> Webhooks { get; } = [];
        public long Position { get; set; }
        public long Number { get; set; }
    }
}
