using System.Globalization;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

public sealed partial class RedisStore
{
    public async ValueTask<IReadOnlyList<OutboxRow>> Outbox(long after, int limit,
        CancellationToken cancellation)
    {
        var rows = await Ask(_ => _redis.StreamRangeAsync(Key("outbox"),
            string.Create(CultureInfo.InvariantCulture, $"{after + 1}-0"), count: limit, flags: Master), cancellation);
        if (rows.Length > 0) await AwaitReplicas(cancellation); // receivers are told of them
        return [.. rows.Select(row => new OutboxRow(
            long.Parse(((string)row.Id!).Split('-')[0], CultureInfo.InvariantCulture), (string)row["t"]!,
            new Alert((long)row["s"], (string)row["y"]!, new Instant((long)row["a"]), (byte[])row["h"]!,
                (byte[])row["e"]!)))];
    }

    public async ValueTask Dispatch(IReadOnlyList<long> positions, IReadOnlyList<Delivery> deliveries,
        CancellationToken cancellation)
    {
        var arguments = new List<RedisValue> { prefix, positions.Count };
        arguments.AddRange(positions.Select(position => (RedisValue)position));
        foreach (var made in deliveries)
            arguments.AddRange(
                made.Webhook, made.Id, made.Tenant, made.Sequence, made.Type, made.Body,
                made.CreatedAt.UnixMilliseconds,
                made.GiveUpAt.UnixMilliseconds, made.Attempts);
        await Ask(Scripts.Dispatch, [], [.. arguments], cancellation);
    }

    public async ValueTask Record(IReadOnlyList<Delivery> deliveries, CancellationToken cancellation)
    {
        var arguments = new List<RedisValue> { prefix };
        foreach (var one in deliveries)
            arguments.AddRange(one.Number, (int)one.Status, Time(one.Due), one.GiveUpAt.UnixMilliseconds, one.Tries,
                Time(one.EndedAt), one.Attempts);
        await Ask(Scripts.Record, [], [.. arguments], cancellation);
    }

    private static RedisValue Time(Instant? time) => time is { } at ? at.UnixMilliseconds : "";

    /// <summary>Some at a time, each time as one step: those after them are pending until it is their turn.</summary>
    public ValueTask GiveUp(string webhook, Instant now, CancellationToken cancellation) =>
        Repeat(Scripts.GiveUp, [prefix, webhook, now.UnixMilliseconds, RowsAtOnce], cancellation);

    public async ValueTask<IReadOnlyList<Delivery>> Heads(string webhook, int limit, CancellationToken cancellation) =>
        limit <= 0 ? [] : Deliveries(await Ask(Scripts.Heads, [], [prefix, webhook, limit], cancellation));

    public async ValueTask<Delivery?> Delivery(string webhook, string id, CancellationToken cancellation) =>
        Deliveries(await Ask(Scripts.Delivery, [], [prefix, webhook, id], cancellation)) is [var one] ? one : null;

    public async ValueTask<IReadOnlyList<Delivery>> Deliveries(
        string webhook, DeliveryStatus? status, long? before, int limit, CancellationToken cancellation) =>
        Deliveries(await Ask(
            Scripts.Deliveries, [],
            [prefix, webhook, status is { } only ? (int)only : "", before is { } number ? number : "+inf", limit],
            cancellation));

    /// <summary>Reads what <c>show</c> in <see cref="Scripts"/> shows.</summary>
    private static List<Delivery> Deliveries(RedisResult answer)
    {
        var deliveries = new List<Delivery>();
        foreach (var shown in (RedisResult[])answer!)
        {
            var row = (RedisValue[])shown!;
            if (row[15] != 1) throw new StoreException(Damaged($"delivery:{row[0]}"));
            deliveries.Add(new Delivery(
                (long)row[0], (string)row[2]!, (string)row[3]!, (string)row[4]!, (long)row[5], (string)row[6]!,
                (byte[])row[7]!,
                new Instant((long)row[8]))
            {
                Status = (DeliveryStatus)(int)row[9],
                Due = row[1] == 1 ? new Instant((long)row[10]) : null,
                GiveUpAt = new Instant((long)row[11]),
                Tries = (int)row[12],
                EndedAt = row[13] == "" ? null : new Instant((long)row[13]),
                Attempts = (byte[])row[14]!,
            });
        }
        return deliveries;
    }

    public async ValueTask<Instant?> FailingSince(string webhook, Instant from, CancellationToken cancellation)
    {
        var answer = await Ask(Scripts.FailingSince, [Key("failed", webhook), Key("delivered", webhook)],
            [from.UnixMilliseconds], cancellation);
        return (RedisValue)answer == "" ? null : new Instant((long)answer);
    }

    public async ValueTask<Instant?> OldestPending(CancellationToken cancellation)
    {
        var first = await Ask(_ => _redis.SortedSetRangeByRankWithScoresAsync(Key("pending"), 0, 0, flags: Master),
            cancellation);
        return first is [var oldest] ? new Instant((long)oldest.Score) : null;
    }

    public ValueTask ExpireDeliveries(Instant before, CancellationToken cancellation) =>
        Repeat(Scripts.ExpireDeliveries, [prefix, before.UnixMilliseconds, RowsAtOnce], cancellation);

    public async ValueTask<IReadOnlyList<WebhookRow>> Webhooks(CancellationToken cancellation)
    {
        var rows = (RedisValue[])(await Ask(Scripts.Webhooks, [], [prefix], cancellation))!;
        foreach (var row in rows.Chunk(3))
            if (row[2] != 1) throw new StoreException(Damaged($"webhooks: '{row[0]}'"));
        if (rows.Length > 0) await AwaitReplicas(cancellation);
        return [.. rows.Chunk(3).Select(row => new WebhookRow((string)row[0]!, (byte[])row[1]!))
            .OrderBy(row => row.Id, StringComparer.Ordinal)];
    }

    public async ValueTask<bool> PutWebhook(Document version, byte[]? content, CancellationToken cancellation)
    {
        RedisValue[] Arguments(int before) =>
            [.. this.Arguments(version, before), version.Id, content is null ? 0 : 1, content ?? []];

        // What there is of deliveries goes first, some at a time, so that the step that deletes the webhook has few
        // left to delete.
        if (content is null) await Repeat(Scripts.Forget, [.. Arguments(0), RowsAtOnce], cancellation);
        return (int)await Ask(before => Run(Scripts.PutWebhook, [], Arguments(before)), cancellation) == 1;
    }
}
