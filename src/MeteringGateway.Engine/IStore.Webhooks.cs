using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// What is told to those outside (S5): the outbox, which is written with the entries, and the deliveries that are made
/// of it. One process at a time works on what these calls show it.
/// </summary>
public partial interface IStore
{
    /// <summary>
    /// The oldest rows of the outbox behind a position (0: all), in order of their positions: of one tenant, in order
    /// of its sequences.
    /// </summary>
    ValueTask<IReadOnlyList<OutboxRow>> Outbox(long after, int limit, CancellationToken cancellation);

    /// <summary>
    /// Adds the deliveries and deletes these positions from the outbox, as one transaction.
    /// </summary>
    ValueTask Dispatch(IReadOnlyList<long> positions, IReadOnlyList<Delivery> deliveries,
        CancellationToken cancellation);

    /// <summary>
    /// Of each tenant the first delivery to this webhook that is pending; in order of <see cref="Delivery.Due"/>.
    /// </summary>
    ValueTask<IReadOnlyList<Delivery>> Heads(string webhook, int limit, CancellationToken cancellation);

    /// <summary>
    /// Writes what became of deliveries, as one transaction; those that are not there any more are left out.
    /// </summary>
    ValueTask Record(IReadOnlyList<Delivery> deliveries, CancellationToken cancellation);

    /// <summary>Fails every pending delivery of a webhook; <paramref name="now"/> is when.</summary>
    ValueTask GiveUp(string webhook, Instant now, CancellationToken cancellation);

    ValueTask<Delivery?> Delivery(string webhook, string id, CancellationToken cancellation);

    /// <summary>
    /// Deliveries to a webhook with a number below <paramref name="before"/>, newest first; null filters nothing.
    /// </summary>
    ValueTask<IReadOnlyList<Delivery>> Deliveries(string webhook, DeliveryStatus? status, long? before, int limit,
        CancellationToken cancellation);

    /// <summary>
    /// Since when deliveries to a webhook have failed and none has succeeded: when the first of them was made, at or
    /// after <paramref name="from"/>. Null: none has failed since the last success.
    /// </summary>
    ValueTask<Instant?> FailingSince(string webhook, Instant from, CancellationToken cancellation);

    /// <summary>When the oldest delivery that is pending was made; null if none is.</summary>
    ValueTask<Instant?> OldestPending(CancellationToken cancellation);

    /// <summary>Deletes deliveries that ended before <paramref name="before"/>.</summary>
    ValueTask ExpireDeliveries(Instant before, CancellationToken cancellation);

    /// <summary>Every webhook by its id, as it is now.</summary>
    ValueTask<IReadOnlyList<WebhookRow>> Webhooks(CancellationToken cancellation);

    /// <summary>
    /// Adds a version of a webhook's document, as <see cref="Put"/>, and with it replaces what the webhook is now:
    /// unlike the versions it may hold secrets. A null <paramref name="content"/> deletes it, and its deliveries. False
    /// if the version exists already.
    /// </summary>
    ValueTask<bool> PutWebhook(Document version, byte[]? content, CancellationToken cancellation);
}

/// <summary>An entry that is an alert (S5), to be written with it.</summary>
/// <param name="Type">As <see cref="Alerts.TypeOf"/> says.</param>
/// <param name="At">The entry's time, on the tenant's clock.</param>
/// <param name="Hash">The chain's hash after the entry: the same for good, and of no other entry.</param>
/// <param name="Entry">As <see cref="EntryCodec"/> wrote it.</param>
public sealed record Alert(long Sequence, string Type, Instant At, byte[] Hash, byte[] Entry);

/// <param name="Position">Higher than that of every row before, over all tenants; never used again.</param>
public sealed record OutboxRow(long Position, string Tenant, Alert Alert);

/// <summary>An alert on its way to one webhook.</summary>
/// <param name="Number">Given by the store; 0 before.</param>
/// <param name="Id">The same for every webhook that the alert goes to; a webhook has each once.</param>
public sealed record Delivery(long Number, string Webhook, string Id, string Tenant, long Sequence, string Type,
    byte[] Body, Instant CreatedAt)
{
    public DeliveryStatus Status { get; init; }

    /// <summary>When it is to be tried next; null unless it is its tenant's first pending one.</summary>
    public Instant? Due { get; init; }

    /// <summary>The day, more or less, in which it is tried ends then.</summary>
    public required Instant GiveUpAt { get; init; }

    /// <summary>How often it was tried since it last became pending.</summary>
    public int Tries { get; init; }

    /// <summary>When it was delivered or given up.</summary>
    public Instant? EndedAt { get; init; }

    /// <summary>What became of each attempt; the store does not look inside.</summary>
    public byte[] Attempts { get; init; } = [];
}

/// <summary>The numbers are stored.</summary>
public enum DeliveryStatus : byte { Pending = 0, Delivered = 1, Failed = 2 }

public sealed record WebhookRow(string Id, byte[] Content);
