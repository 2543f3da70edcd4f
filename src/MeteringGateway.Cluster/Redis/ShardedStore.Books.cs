using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>What is no tenant's, and the way from tenants' outboxes to it.</summary>
internal sealed partial class ShardedStore
{
    /// <summary>Positions are numbers of this process: see <see cref="OutboxOrder"/>.</summary>
    public async ValueTask<IReadOnlyList<OutboxRow>> Outbox(long after, int limit, CancellationToken cancellation)
    {
        var behind = _outbox.Behind(after);
        var found = await EachThatAnswers((shard, i) => shard.Outbox(behind[i], limit, cancellation));
        return [.. found.SelectMany(some => (some.Of ?? []).Select(row =>
                row with { Position = _outbox.NumberOf(some.Shard, row.Position) }))
            .OrderBy(row => row.Position).Take(limit)];
    }

    /// <summary>
    /// First the deliveries, in one step, and then the rows that they are made of go. Of what is left of an alert in
    /// between the deliveries are there already when it is dealt again.
    /// </summary>
    public async ValueTask Dispatch(IReadOnlyList<long> positions, IReadOnlyList<Delivery> deliveries,
        CancellationToken cancellation)
    {
        if (deliveries.Count > 0) await Books.Dispatch([], deliveries, cancellation);
        await Task.WhenAll(_outbox.Places(positions).Select(async some =>
            await _shards[some.Key].Dispatch([.. some], [], cancellation)));
        _outbox.Forget(positions);
    }

    public ValueTask Record(IReadOnlyList<Delivery> deliveries, CancellationToken cancellation) =>
        Books.Record(deliveries, cancellation);

    public ValueTask GiveUp(string webhook, Instant now, CancellationToken cancellation) =>
        Books.GiveUp(webhook, now, cancellation);

    public ValueTask<IReadOnlyList<Delivery>> Heads(string webhook, int limit, CancellationToken cancellation) =>
        Books.Heads(webhook, limit, cancellation);

    public ValueTask<Delivery?> Delivery(string webhook, string id, CancellationToken cancellation) =>
        Books.Delivery(webhook, id, cancellation);

    public ValueTask<IReadOnlyList<Delivery>> Deliveries(string webhook, DeliveryStatus? status, long? before,
        int limit, CancellationToken cancellation) => Books.Deliveries(webhook, status, before, limit, cancellation);

    public ValueTask<Instant?> FailingSince(string webhook, Instant from, CancellationToken cancellation) =>
        Books.FailingSince(webhook, from, cancellation);

    public ValueTask<Instant?> OldestPending(CancellationToken cancellation) => Books.OldestPending(cancellation);

    public ValueTask ExpireDeliveries(Instant before, CancellationToken cancellation) =>
        Books.ExpireDeliveries(before, cancellation);

    public ValueTask<IReadOnlyList<WebhookRow>> Webhooks(CancellationToken cancellation) =>
        Books.Webhooks(cancellation);

    public ValueTask<bool> PutWebhook(Document version, byte[]? content, CancellationToken cancellation) =>
        Books.PutWebhook(version, content, cancellation);

    public ValueTask<bool> Put(Document document, CancellationToken cancellation) =>
        Books.Put(document, cancellation);

    public ValueTask<IReadOnlyList<Document>> Documents(string kind, CancellationToken cancellation) =>
        Books.Documents(kind, cancellation);

    public ValueTask<IReadOnlyList<Document>> NewestDocuments(string kind, CancellationToken cancellation) =>
        Books.NewestDocuments(kind, cancellation);
}
