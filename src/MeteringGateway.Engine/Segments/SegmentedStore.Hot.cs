using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>What is the hot store's alone.</summary>
public sealed partial class SegmentedStore
{
    public ValueTask<IReadOnlyList<AppendResult>> Append(IReadOnlyList<TenantBatch> batches,
        CancellationToken cancellation) =>
        hot.Append(batches, cancellation);

    public ValueTask<bool> SaveSnapshot(string tenant, StoredSnapshot snapshot, CancellationToken cancellation) =>
        hot.SaveSnapshot(tenant, snapshot, cancellation);

    public ValueTask<bool> Trim(string tenant, long first, byte[] previousHash, IReadOnlyList<long> details,
        CancellationToken cancellation) =>
        hot.Trim(tenant, first, previousHash, details, cancellation);

    public ValueTask RemoveArchived(string tenant, IReadOnlyList<ArchivedVersion> sealedOnes,
        CancellationToken cancellation) =>
        hot.RemoveArchived(tenant, sealedOnes, cancellation);

    public ValueTask<IdempotencyRow?> Idempotent(string? tenant, string key, CancellationToken cancellation) =>
        hot.Idempotent(tenant, key, cancellation);

    public ValueTask<IReadOnlyList<IdempotencyRow>> IdempotencyPage(string? after, int limit,
        CancellationToken cancellation) =>
        hot.IdempotencyPage(after, limit, cancellation);

    public ValueTask<bool> Once(IdempotencyRow row, CancellationToken cancellation) =>
        hot.Once(row, cancellation);

    public ValueTask Expire(Instant now, CancellationToken cancellation) =>
        hot.Expire(now, cancellation);

    public ValueTask<IReadOnlyList<DueTenant>> Due(Instant now, int limit, CancellationToken cancellation) =>
        hot.Due(now, limit, cancellation);

    public ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation) =>
        hot.List(after, limit, cancellation);

    public ValueTask<IReadOnlyList<TenantInNeed>> Attention(IReadOnlyCollection<string>? among, TenantInNeed? after,
        int limit, CancellationToken cancellation) =>
        hot.Attention(among, after, limit, cancellation);

    public ValueTask<IReadOnlyList<long>> TenantsByState(CancellationToken cancellation) =>
        hot.TenantsByState(cancellation);

    public ValueTask<bool> Put(Document document, CancellationToken cancellation) =>
        hot.Put(document, cancellation);

    public ValueTask<IReadOnlyList<Document>> Documents(string kind, CancellationToken cancellation) =>
        hot.Documents(kind, cancellation);

    public ValueTask<UnpublishedPage> Unpublished(string? after, int limit, CancellationToken cancellation) =>
        hot.Unpublished(after, limit, cancellation);

    public ValueTask Published(IReadOnlyList<PublishedTo> tenants, CancellationToken cancellation) =>
        hot.Published(tenants, cancellation);

    public ValueTask<IReadOnlyList<Document>> NewestDocuments(string kind, CancellationToken cancellation) =>
        hot.NewestDocuments(kind, cancellation);

    public ValueTask<IReadOnlyList<OutboxRow>> Outbox(long after, int limit, CancellationToken cancellation) =>
        hot.Outbox(after, limit, cancellation);

    public ValueTask Dispatch(IReadOnlyList<long> positions, IReadOnlyList<Delivery> deliveries,
        CancellationToken cancellation) =>
        hot.Dispatch(positions, deliveries, cancellation);

    public ValueTask<IReadOnlyList<Delivery>> Heads(string webhook, int limit, CancellationToken cancellation) =>
        hot.Heads(webhook, limit, cancellation);

    public ValueTask Record(IReadOnlyList<Delivery> deliveries, CancellationToken cancellation) =>
        hot.Record(deliveries, cancellation);

    public ValueTask GiveUp(string webhook, Instant now, CancellationToken cancellation) =>
        hot.GiveUp(webhook, now, cancellation);

    public ValueTask<Delivery?> Delivery(string webhook, string id, CancellationToken cancellation) =>
        hot.Delivery(webhook, id, cancellation);

    public ValueTask<IReadOnlyList<Delivery>> Deliveries(string webhook, DeliveryStatus? status, long? before,
        int limit, CancellationToken cancellation) =>
        hot.Deliveries(webhook, status, before, limit, cancellation);

    public ValueTask<Instant?> FailingSince(string webhook, Instant from, CancellationToken cancellation) =>
        hot.FailingSince(webhook, from, cancellation);

    public ValueTask<Instant?> OldestPending(CancellationToken cancellation) =>
        hot.OldestPending(cancellation);

    public ValueTask ExpireDeliveries(Instant before, CancellationToken cancellation) =>
        hot.ExpireDeliveries(before, cancellation);

    public ValueTask<IReadOnlyList<WebhookRow>> Webhooks(CancellationToken cancellation) =>
        hot.Webhooks(cancellation);

    public ValueTask<bool> PutWebhook(Document version, byte[]? content, CancellationToken cancellation) =>
        hot.PutWebhook(version, content, cancellation);
}
