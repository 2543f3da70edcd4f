using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>What only this store does, as long as its Redis is well.</summary>
[Collection(SharedRedis.Name)]
public sealed class RedisStoreTests(RedisServer server) : IAsyncLifetime
{
    private static readonly Instant Now = Instant.Parse("2026-11-21T09:30:00Z");
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(server.ConnectionString);
    private readonly string _prefix = Guid.NewGuid().ToString("N");
    private RedisStore _store = null!;

    public Task InitializeAsync()
    {
        _store = SharedRedis.Store(_redis, _prefix);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _redis.DisposeAsync();

    [Fact]
    public async Task Of_two_that_write_a_tenant_at_once_exactly_one_is_let_through_D2()
    {
        await using var other = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString);
        RedisStore[] stores = [_store, SharedRedis.Store(other, _prefix)];
        TenantBatch? last = null;
        for (var round = 0; round < 100; round++)
        {
            var mine = stores.Select((_, writer) =>
                Batches.Of("acme", last, $"{round}/{writer}") with { Outbox = [AnAlert(round)] }).ToList();

            var results = await Task.WhenAll(stores.Select((store, writer) => Append(store, mine[writer])));

            Assert.Equal([AppendResult.Written, AppendResult.LostFence], results.Order());
            last = mine[Array.IndexOf(results, AppendResult.Written)];
        }
        Assert.Equal(100, Whole((await _store.Load("acme", default))!).Count);
        Assert.Equal(100, (await _store.Outbox(0, 1000, default)).Count);
    }

    [Fact]
    public async Task A_flipped_bit_of_a_document_is_found_and_the_document_is_never_acted_upon()
    {
        await _store.Put(new Document("key", "k-1", 1, Now, "admin", [.. "{\"role\":\"agent\"}"u8]), default);
        await _store.Put(new Document("plan", "p", 1, Now, "admin", [.. "{}"u8]), default);
        Assert.Empty(await _store.Check(default));
        var (redis, key) = (_redis.GetDatabase(), $"{_prefix}:documents");
        var rows = await redis.StreamRangeAsync(key);
        var whole = (byte[])rows[0]["d"]!;
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            await Write(flipped);
            await Assert.ThrowsAsync<StoreException>(async () => await _store.Documents("key", default));
            // That reads all there is: one bit of each byte.
            if (bit % 8 == bit / 8 % 8)
                Assert.Contains(await _store.Check(default),
                    finding => finding.Contains("'1-0'", StringComparison.Ordinal));
        }
        await Write(whole);
        Assert.Empty(await _store.Check(default));
        // One of before it was there.
        await Write(whole[..^12]);
        Assert.Single(await _store.Documents("key", default));
        await redis.HashSetAsync($"{_prefix}:versions", "key\0k-1\02", "7-0");
        Assert.Contains("key/k-1/2", Assert.Single(await _store.Check(default)), StringComparison.Ordinal);

        async Task Write(byte[] first)
        {
            await redis.KeyDeleteAsync(key);
            await redis.StreamAddAsync(key, "d", first, "1-0");
            await redis.StreamAddAsync(key, "d", (byte[])rows[1]["d"]!, "2-0");
        }
    }

    [Fact]
    public async Task A_batch_that_is_sent_twice_is_written_once_also_when_others_have_written_since()
    {
        var first = Full(Batches.Of("acme", null, "one", "two"), 1);
        var second = Full(Batches.Of("acme", first, "three"), 3);
        Assert.Equal(AppendResult.Written, await Append(_store, first));
        Assert.Equal(AppendResult.Written, await Append(_store, first));
        Assert.Equal(AppendResult.Written, await Append(_store, second));

        Assert.Equal(AppendResult.Written, await Append(_store, first));

        Assert.Equal(["one", "two", "three"], Whole((await _store.Load("acme", default))!));
        Assert.Equal([1L, 3L], (await _store.Outbox(0, 10, default)).Select(row => row.Alert.Sequence));
        // the second's
        Assert.Equal([new DueTenant("acme", Now + TimeSpan.FromHours(3))],
            await _store.Due(Instant.MaxValue, 10, default));
    }

    [Fact]
    public async Task Another_batch_in_the_place_of_one_that_is_there_has_lost_the_fence()
    {
        var first = Batches.Of("acme", null, "one");
        await Append(_store, first);
        await Append(_store, Batches.Of("acme", first, "two"));

        Assert.Equal(AppendResult.LostFence, await Append(_store, Batches.Of("acme", first, "TWO")));
        Assert.Equal(AppendResult.LostFence, await Append(_store, Batches.Of("acme", first, "two", "three")));
        // cut otherwise
        Assert.Equal(AppendResult.LostFence, await Append(_store, Batches.Of("acme", null, "one", "two")));
        Assert.Equal(["one", "two"], Whole((await _store.Load("acme", default))!));
    }

    [Fact]
    public async Task A_batch_that_is_ahead_of_what_is_left_after_a_loss_has_lost_the_fence()
    {
        var first = Batches.Of("acme", null, "one");
        var second = Batches.Of("acme", first, "two");
        await Append(_store, first);

        Assert.Equal(AppendResult.LostFence, await Append(_store, Batches.Of("acme", second, "three")));
        Assert.Equal(AppendResult.LostFence, await Append(_store, Batches.Of("gone", second, "three")));

        Assert.Equal(["one"], Whole((await _store.Load("acme", default))!));
        Assert.Equal(["acme"], await _store.List(null, 10, default));
    }

    [Fact]
    public async Task What_is_wrong_with_one_tenant_is_no_others_affair()
    {
        await _redis.GetDatabase().StringSetAsync($"{_prefix}:t:broken", "not a hash");

        var results = await _store.Append(
            [Batches.Of("a", null, "one"), Batches.Of("broken", null, "one"), Batches.Of("z", null, "one")], default);

        Assert.Equal([AppendResult.Written, AppendResult.Unknown, AppendResult.Written], results);
    }

    [Fact]
    public async Task A_flush_of_many_tenants_is_answered_tenant_by_tenant()
    {
        var batches = Enumerable.Range(0, 500)
            .Select(i => Batches.Of($"tenant-{i:000}", null, new string('x', (i * 7) + 1), $"{i}")).ToList();
        await Append(_store, batches[77]);
        await Append(_store, Batches.Of("tenant-400", null, "another"));

        var results = await _store.Append(batches, default);

        Assert.Equal([400], Enumerable.Range(0, 500).Where(i => results[i] != AppendResult.Written));
        Assert.Equal(batches.Select(batch => batch.Tenant), await _store.List(null, 1000, default));
        Assert.Equal(batches[499].LastHash, (await _store.Load("tenant-499", default))!.Hash);
    }

    [Fact]
    public async Task A_long_journal_is_read_page_by_page()
    {
        var small = new RedisStore(_redis, _prefix, NullLogger<RedisStore>.Instance) { PageBlocks = 40,
            PageBytes = 500 };
        var random = new Random(7);
        TenantBatch? last = null;
        var texts = new List<string>();
        while (texts.Count < 1000)
        {
            string[] some = [.. Enumerable.Range(0, random.Next(1, 5))
                .Select(i => $"{texts.Count + i}-{new string('x', random.Next(60))}")];
            texts.AddRange(some);
            last = Batches.Of("acme", last, some);
            await Append(small, last);
        }

        Assert.Equal(texts, Whole((await small.Load("acme", default))!));
        for (var after = 0; after < texts.Count; after += 97)
        {
            var read = await small.Read("acme", after, 300, default);
            Assert.Equal(texts[after],
                read.SelectMany(Batches.Texts).ElementAt(after + 1 - (int)read[0].FirstSequence));
            Assert.True(read.Sum(block => block.Count) >= Math.Min(300, texts.Count - after));
        }
    }

    [Fact]
    public async Task A_snapshot_that_is_ahead_of_the_journal_is_not_used_and_stands_in_nobodys_way()
    {
        var first = Batches.Of("acme", null, "one");
        var second = Batches.Of("acme", first, "two");
        await Append(_store, first);
        await Append(_store, second);
        await _store.SaveSnapshot("acme", new StoredSnapshot(2, second.LastHash, [[2]]), default);
        await Lose("acme", after: first);

        var stored = (await _store.Load("acme", default))!;
        Assert.Equal((null, 1), (stored.Snapshot, stored.Sequence));
        Assert.Equal(["one"], Whole(stored));

        await _store.SaveSnapshot("acme", new StoredSnapshot(1, first.LastHash, [[1]]), default);
        Assert.Equal(1, (await _store.Load("acme", default))!.Snapshot!.Sequence);
        await _store.SaveSnapshot("acme", new StoredSnapshot(2, second.LastHash, [[2]]), default); // of what is not there
        Assert.Equal(1, (await _store.Load("acme", default))!.Snapshot!.Sequence);
    }

    [Theory]
    [InlineData(1)] // within a block
    [InlineData(2)] // at the end of one
    [InlineData(3)] // at the end of all
    public async Task A_snapshot_of_another_history_is_not_used(int sequence)
    {
        string[] texts = ["one", "two", "three"], others = ["ONE", "TWO", "THREE"];
        var first = Batches.Of("acme", null, "one", "two");
        await Append(_store, first);
        await Append(_store, Batches.Of("acme", first, "three"));

        await _store.SaveSnapshot("acme",
            new StoredSnapshot(sequence, Batches.Of("acme", null, others[..sequence]).LastHash, [[1]]), default);
        var stored = (await _store.Load("acme", default))!;
        Assert.Null(stored.Snapshot);
        Assert.Equal(texts, Whole(stored));

        await _store.SaveSnapshot("acme",
            new StoredSnapshot(sequence, Batches.Of("acme", null, texts[..sequence]).LastHash, [[2]]), default);
        Assert.Equal([[2]], (await _store.Load("acme", default))!.Snapshot!.Parts);
    }

    [Fact]
    public async Task Of_two_snapshots_that_are_stored_at_once_the_newer_stays()
    {
        var first = Batches.Of("acme", null, "one");
        var second = Batches.Of("acme", first, "two");
        await Append(_store, first);
        await Append(_store, second);
        StoredSnapshot newer = new(2, second.LastHash, [[2]]);

        Assert.True(await _store.SaveSnapshot("acme", new StoredSnapshot(1, first.LastHash, Older()), default));

        Assert.Equal(2, (await _store.Load("acme", default))!.Snapshot!.Sequence);
        Assert.Single(PartKeys()); // nothing is left of the other

        IEnumerable<byte[]> Older()
        {
            yield return [1];
            _store.SaveSnapshot("acme", newer, default).AsTask().Wait();
            yield return [1];
        }
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_stored_or_read_is_said_and_nobodys_trouble()
    {
        var first = Batches.Of("acme", null, "one");
        await Append(_store, first);
        // Its parts are gone before it is in force.
        Assert.False(await _store.SaveSnapshot("acme", new StoredSnapshot(1, first.LastHash, Lost()), default));
        Assert.Null((await _store.Load("acme", default))!.Snapshot);
        Assert.True(await _store.SaveSnapshot("acme", new StoredSnapshot(1, first.LastHash, [[1]]), default));
        Assert.NotNull((await _store.Load("acme", default))!.Snapshot);
        Forget();

        var stored = (await _store.Load("acme", default))!;

        Assert.Null(stored.Snapshot);
        Assert.Equal(["one"], Whole(stored));

        IEnumerable<byte[]> Lost()
        {
            yield return [1];
            Forget();
            yield return [2];
        }

        void Forget()
        {
            foreach (var key in PartKeys()) _redis.GetDatabase().KeyDelete(key);
        }
    }

    [Fact]
    public async Task Parts_of_a_snapshot_that_is_never_put_in_force_expire()
    {
        var first = Batches.Of("acme", null, "one");
        await Append(_store, first);
        using var stopping = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.SaveSnapshot("acme",
            new StoredSnapshot(1, first.LastHash, Stopped()), stopping.Token));
        Assert.NotNull(await _redis.GetDatabase().KeyTimeToLiveAsync(PartKeys().Single()));

        Assert.True(await _store.SaveSnapshot("acme", new StoredSnapshot(1, first.LastHash, [[3]]), default));
        var forGood = 0;
        foreach (var key in PartKeys()) if (await _redis.GetDatabase().KeyTimeToLiveAsync(key) is null) forGood++;
        Assert.Equal(1, forGood);

        IEnumerable<byte[]> Stopped()
        {
            yield return [1];
            stopping.Cancel();
            yield return [2];
        }
    }

    private RedisKey[] PartKeys() => [.. _redis.GetServers()[0].Keys(pattern: $"{_prefix}:p:*")];

    [Fact]
    public async Task Documents_are_told_in_the_order_in_which_they_were_written_each_once()
    {
        Assert.Equal(0, (await _store.DocumentsAfter(0, default)).Stamp);
        for (var version = 1; version <= 5; version++)
            await _store.Put(new Document(version % 2 == 0 ? "plan" : "key", "x", version, Now, "admin", [1]), default);
        var (stamp, all) = await _store.DocumentsAfter(0, default);
        Assert.Equal([1, 2, 3, 4, 5], all.Select(one => one.Version));
        Assert.Equal(stamp, (await _store.DocumentsAfter(stamp, default)).Stamp);
        Assert.Empty((await _store.DocumentsAfter(stamp, default)).Documents);

        Assert.False(await _store.Put(new Document("key", "x", 5, Now, "admin", [1]), default));
        Assert.True(await _store.PutWebhook(new Document("webhook", "hook", 1, Now, "admin", [9]), [7], default));

        var (newest, news) = await _store.DocumentsAfter(stamp, default);
        Assert.Equal("webhook", Assert.Single(news).Kind);
        Assert.True(newest > stamp);
        var afterALoss = await _store.DocumentsAfter(newest + 10, default);
        Assert.Equal((newest, 6), (afterALoss.Stamp, afterALoss.Documents.Count));
    }

    [Fact]
    public async Task A_webhook_takes_all_of_its_many_deliveries_with_it_S5()
    {
        Delivery[] made =
            [.. Enumerable.Range(1, 7)
                .Select(i => new Delivery(0, "hook", $"{i}", $"tenant:{i % 2}", i, "t", [1], Now) { GiveUpAt = Now })];
        await _store.Dispatch([], made, default);
        await _store.GiveUp("hook", Now, default);
        await _store.Dispatch([], [made[0] with { Id = "8" }, made[0] with { Webhook = "hook:tenant", Tenant = "1" }],
            default);
        Assert.True(await _store.PutWebhook(new Document("webhook", "hook", 1, Now, "admin", [9]), [1], default));

        Assert.True(await _store.PutWebhook(new Document("webhook", "hook", 2, Now, "admin", [9]), null, default));

        Assert.Empty(await _store.Deliveries("hook", null, null, 10, default));
        Assert.Single(await _store.Heads("hook:tenant", 10, default));
        var keys = _redis.GetServers()[0].Keys(pattern: $"{_prefix}:*").Select(key => $"{key}"[_prefix.Length..])
            .ToList();
        Assert.DoesNotContain(keys, key => key.EndsWith(":hook", StringComparison.Ordinal));
        Assert.DoesNotContain(keys, key => key.StartsWith(":waiting:4:", StringComparison.Ordinal));
        Assert.Single(keys, key => key.StartsWith(":delivery:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_what_nobody_knows_there_is_nothing()
    {
        Assert.Equal([null, null], await _store.Details("nobody", [1, 2], default));
        Assert.Empty(await _store.Details("nobody", [], default));
        Assert.Empty(await _store.IdempotencyPage(null, 10, default));
        Assert.Empty(await _store.Heads("nobody", 10, default));
        Assert.Null(await _store.FailingSince("nobody", Now, default));
        Assert.Null(await _store.OldestPending(default));
        await _store.Record([new Delivery(9, "nobody", "x", "acme", 1, "t", [], Now) { GiveUpAt = Now }], default);
        await _store.GiveUp("nobody", Now, default);
        await _store.ExpireDeliveries(Now, default);
        await _store.SaveSnapshot("nobody", new StoredSnapshot(1, [1], [[1]]), default);
        Assert.Empty(_redis.GetServers()[0].Keys(pattern: $"{_prefix}:*"));
    }

    private static async Task<AppendResult> Append(RedisStore store, TenantBatch batch) =>
        (await store.Append([batch], default))[0];

    private static TenantBatch Full(TenantBatch batch, long sequence) => batch with
    {
        Due = Now + TimeSpan.FromHours(sequence), Severity = LimitState.Warned, Outbox = [AnAlert(sequence)],
        Details = [new DetailRow(sequence, null, [1], [2])],
        Idempotency = [new IdempotencyRow($"{sequence}", [1], [2], Now)],
    };

    private static Alert AnAlert(long sequence) => new(sequence, "cap.reached", Now, [1], [2]);

    /// <summary>What a master that takes over without a tenant's last blocks looks like.</summary>
    private async Task Lose(string tenant, TenantBatch after)
    {
        var redis = _redis.GetDatabase();
        await redis.StreamDeleteAsync($"{_prefix}:j:{tenant}", [$"{after.FirstSequence + after.Count}-1"]);
        await redis.HashSetAsync($"{_prefix}:t:{tenant}",
            [new("s", after.FirstSequence + after.Count - 1), new("h", after.LastHash)]);
    }

    /// <summary>The entries, of which every one is where its hash says.</summary>
    internal static List<string> Whole(StoredTenant stored)
    {
        var (sequence, hash) = (1L, stored.Tail is [var first, ..] ? first.PreviousHash : stored.Hash);
        foreach (var block in stored.Tail)
        {
            Assert.Equal((sequence, true), (block.FirstSequence, hash.AsSpan().SequenceEqual(block.PreviousHash)));
            hash = [.. hash];
            Assert.Equal(block.Count, Chain.Over(block.PreviousHash, block.Entries, hash));
            sequence += block.Count;
        }
        Assert.Equal((stored.Sequence, true), (sequence - 1, hash.AsSpan().SequenceEqual(stored.Hash)));
        return [.. stored.Tail.SelectMany(Batches.Texts)];
    }
}
