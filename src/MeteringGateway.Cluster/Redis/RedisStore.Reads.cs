using System.Globalization;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

public sealed partial class RedisStore
{
    public async ValueTask<IReadOnlyList<DetailRow?>> Details(string tenant, IReadOnlyList<long> sequences,
        CancellationToken cancellation)
    {
        if (sequences.Count == 0) return [];
        RedisValue[] asked = [.. sequences.Select(sequence => (RedisValue)sequence)];
        var found = await Ask(_ => _redis.HashGetAsync(Key("d", tenant), asked, Master), cancellation);
        return [.. found.Select((value, i) => value.IsNull ? null
            : Detail(tenant, sequences[i], (byte[])value!))];
    }

    /// <summary>
    /// Says that this cluster is there; returns the id of another that was heard of within <paramref name="silence"/>.
    /// </summary>
    /// <param name="isStart">Where there is another one, this one says nothing of itself.</param>
    internal async ValueTask<string?> OtherCluster(string id, TimeSpan silence, bool isStart,
        CancellationToken cancellation)
    {
        var other = (string?)await Ask(Scripts.Cluster, [Key("clusters")],
            [id, (long)silence.TotalMilliseconds, isStart ? 1 : 0], cancellation);
        return other is { Length: > 0 } ? other : null;
    }

    /// <summary>Redis has no index of end customers: all of the tenant's detail is looked through.</summary>
    public async ValueTask<IReadOnlyList<long>> DetailsOf(string tenant, string endCustomer,
        CancellationToken cancellation)
    {
        var found = new SortedSet<long>();
        await foreach (var entry in _redis.HashScanAsync(Key("d", tenant), pageSize: 1_000, flags: Master)
            .WithCancellation(cancellation))
            if (Detail(tenant, (long)entry.Name, (byte[])entry.Value!).EndCustomer == endCustomer)
                found.Add((long)entry.Name);
        return [.. found];
    }

    public async ValueTask Erase(string tenant, IReadOnlyList<long> sequences, CancellationToken cancellation)
    {
        foreach (var some in sequences.Select(sequence => (RedisValue)sequence).Chunk(1_000))
            await Ask(_ => _redis.HashDeleteAsync(Key("d", tenant), some, Master), cancellation);
    }

    private static DetailRow Detail(string tenant, long sequence, byte[] bytes) => Read(() =>
    {
        var row = Packed.Unpack(bytes);
        return new DetailRow(sequence, row[0] is { } customer ? Packed.Text(customer) : null,
            row[1] ?? throw new ArgumentException("no salt"), row[2] ?? throw new ArgumentException("no detail"));
    }, $"the detail of entry {sequence} of {tenant}");

    public async ValueTask<IReadOnlyList<byte[]?>> Archived(string tenant, IReadOnlyList<string> outcomeIds,
        CancellationToken cancellation)
    {
        var found = new List<byte[]?>(outcomeIds.Count);
        foreach (var some in outcomeIds.Chunk(RowsAtOnce))
        {
            var rows = await Ask(_ => _redis.HashGetAsync(Key("a", tenant), [.. some.Select(id => (RedisValue)id)],
                Master), cancellation);
            found.AddRange(rows.Zip(some, (row, id) => row.IsNull ? null
                : Read(() => Packed.Archived((byte[])row!), $"the archived outcome '{id}' of {tenant}")));
        }
        return found;
    }

    public async ValueTask<IReadOnlyList<byte[]>> ArchivedPage(
        string tenant, OutcomeFilter filter, long? cursor, long? end, int limit, CancellationToken cancellation)
    {
        var page = new List<byte[]>();
        RedisKey[] keys = [Key("a", tenant), Key(filter.ChangedAfter is null ? "af" : "as", tenant)];
        RedisValue[] asked = Asked(filter, cursor, end);
        for (var more = limit > 0; more && page.Count < limit;)
        {
            // Without a filter none is looked at in vain.
            asked[2] = HasFilter(filter) ? RowsAtOnce : Math.Min(RowsAtOnce, limit - page.Count);
            var answer = (RedisResult[])(await Ask(Scripts.Archived, keys, [.. asked], cancellation))!;
            page.AddRange(answer.Skip(1).Select(row => Packed.Archived((byte[])row!)));
            asked[1] = (string)answer[0]!;
            more = asked[1] != "";
        }
        return page.Count > limit ? page[..limit] : page;
    }

    private static bool HasFilter(OutcomeFilter filter) =>
        filter != new OutcomeFilter(ChangedAfter: filter.ChangedAfter);

    /// <summary>In the order in which <see cref="Scripts.Archived"/> takes it.</summary>
    private static RedisValue[] Asked(OutcomeFilter filter, long? cursor, long? end) =>
    [
        filter.ChangedAfter is null ? 0 : 1,
        filter.ChangedAfter is { } after ? Math.Max(cursor ?? 0, after) : cursor is { } before ? before : "+inf",
        0,
        filter.Period is { } period ? period.DayNumber : "",
        filter.Status is { } status ? (int)status : "",
        filter.Reason is { } reason ? (int)reason : "",
        filter.OutcomeType is { } type ? "=" + type : "",
        filter.Session is { } session ? "=" + session : "",
        end is { } limit ? string.Create(CultureInfo.InvariantCulture, $"({limit}")
            : filter.ChangedAfter is null ? "-inf" : "+inf",
    ];

    public async ValueTask<IdempotencyRow?> Idempotent(string? tenant, string key, CancellationToken cancellation)
    {
        var row = await Ask(_ => _redis.StringGetAsync(Key("i", key), Master), cancellation);
        if (row.IsNull) return null;
        await AwaitReplicas(cancellation);
        return Idempotency(key, row);
    }

    private static IdempotencyRow Idempotency(string key, RedisValue value)
    {
        var row = Opened((byte[])value!, IdempotencyMembers, key, IdempotencySeal, $"i:{key}");
        return new IdempotencyRow(key, row[0]!, row[1]!, new Instant(Packed.Number(row[2])));
    }

    /// <summary>
    /// Goes through all keys, as they are not kept in order: nothing that happens often asks this. Redis is asked for a
    /// few at a time.
    /// </summary>
    public async ValueTask<IReadOnlyList<IdempotencyRow>> IdempotencyPage(string? after, int limit,
        CancellationToken cancellation)
    {
        var keys = await Ask(_ => Keys(after ?? "", limit, cancellation), cancellation);
        if (keys.Count == 0) return [];
        var values = await Ask(_ => _redis.StringGetAsync([.. keys.Select(key => Key("i", key))], Master),
            cancellation);
        return [.. keys.Zip(values).Where(row => !row.Second.IsNull).Select(row => Idempotency(row.First, row.Second))];
    }

    private async Task<SortedSet<string>> Keys(string after, int limit, CancellationToken cancellation)
    {
        var first = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var row in _redis.SortedSetScanAsync(Key("expires"), pageSize: RowsAtOnce, flags: Master)
            .WithCancellation(cancellation))
        {
            var key = (string)row.Element!;
            if (string.CompareOrdinal(key, after) <= 0) continue;
            first.Add(key);
            if (first.Count > limit) first.Remove(first.Max!);
        }
        return first;
    }

    public async ValueTask<bool> Once(IdempotencyRow row, CancellationToken cancellation) =>
        (int)await Ask(before => Run(Scripts.Once, [],
        [
            prefix, row.Key, row.ExpiresAt.UnixMilliseconds, Bytes(row), before > 0 ? 1 : 0,
        ]), cancellation) == 1;

    /// <summary>Redis does not delete idempotency rows by itself: somebody has to call this.</summary>
    public ValueTask Expire(Instant now, CancellationToken cancellation) =>
        Repeat(Scripts.Expire, [prefix, now.UnixMilliseconds, RowsAtOnce], cancellation);

    /// <summary>
    /// Runs a script until it has found fewer rows than it may take at once: others are served in between.
    /// </summary>
    private async ValueTask Repeat(string script, RedisValue[] arguments, CancellationToken cancellation)
    {
        var done = RowsAtOnce;
        while (done >= RowsAtOnce && !cancellation.IsCancellationRequested)
            done = (int)await Ask(script, [], arguments, cancellation);
    }

    public async ValueTask<IReadOnlyList<DueTenant>> Due(Instant now, int limit, CancellationToken cancellation)
    {
        var found = await Ask(_ => _redis.SortedSetRangeByScoreWithScoresAsync(
            Key("due"), stop: now.UnixMilliseconds, take: limit, flags: Master), cancellation);
        return [.. found.Select(row => new DueTenant((string)row.Element!, new Instant((long)row.Score)))];
    }

    public async ValueTask<IReadOnlyList<string>> List(string? after, int limit, CancellationToken cancellation)
    {
        var found = await Ask(_ => _redis.SortedSetRangeByValueAsync(
            Key("tenants"), after ?? RedisValue.Null, RedisValue.Null, Exclude.Start, Order.Ascending, 0, limit,
            Master), cancellation);
        return [.. found.Select(id => (string)id!)];
    }

    public async ValueTask<IReadOnlyList<TenantInNeed>> Attention(
        IReadOnlyCollection<string>? among, TenantInNeed? after, int limit, CancellationToken cancellation)
    {
        if (among is not null) return await AttentionAmong(among, after, limit, cancellation);
        LimitState[] states =
            [.. Enum.GetValues<LimitState>()
                .Where(state => state > LimitState.Active && state <= (after?.State ?? state)).OrderDescending()];
        if (states.Length == 0) return [];
        var answer = (RedisResult[])(await Ask(
            Scripts.Attention, [.. states.Select(state => Key($"severity:{(int)state}"))], [limit, after?.Tenant ?? ""],
            cancellation))!;
        return [.. answer.Chunk(2).Select(row => new TenantInNeed((string)row[1]!, states[(int)row[0] - 1]))];
    }

    public async ValueTask<IReadOnlyList<long>> TenantsByState(CancellationToken cancellation)
    {
        var states = Enum.GetValues<LimitState>();
        var counts = await Ask(_ => Task.WhenAll(states.Select(state => _redis.SortedSetLengthAsync(
            Key(state == LimitState.Active ? "tenants" : $"severity:{(int)state}"), flags: Master))), cancellation);
        counts[0] = Math.Max(0, counts[0] - counts[1..].Sum());
        return counts;
    }

    /// <summary>Asks for each of them: whoever may see few tenants asks for no more.</summary>
    private async ValueTask<IReadOnlyList<TenantInNeed>> AttentionAmong(
        IReadOnlyCollection<string> among, TenantInNeed? after, int limit, CancellationToken cancellation)
    {
        var asked = among.Distinct().ToList();
        var states = await Ask(_ => Task.WhenAll(asked.Select(id => _redis.HashGetAsync(Key("t", id), "v", Master))),
            cancellation);
        return [.. asked.Zip(states, (id, state) => new TenantInNeed(id, (LimitState)((int?)state ?? 0)))
            .Where(one => one.State > LimitState.Active && (after is null || one.State < after.State
                || (one.State == after.State && string.CompareOrdinal(one.Tenant, after.Tenant) > 0)))
            .OrderByDescending(one => one.State).ThenBy(one => one.Tenant, StringComparer.Ordinal).Take(limit)];
    }
}
