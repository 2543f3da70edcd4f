using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>
/// A Redis Cluster under load: slots move, and a master dies whose replica takes over. What was acknowledged is there,
/// and nothing is there twice.
/// </summary>
public sealed class RedisClusterTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private RedisCluster _cluster = null!;
    private ConnectionMultiplexer _redis = null!;

    public async Task InitializeAsync()
    {
        _cluster = await RedisCluster.Run(replicas: 1);
        var options = ConfigurationOptions.Parse(_cluster.ConnectionString);
        options.ReconnectRetryPolicy = new LinearRetry(100);
        (options.AsyncTimeout, options.ConfigCheckSeconds) = (1000, 1);
        _redis = await ConnectionMultiplexer.ConnectAsync(options);
    }

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task A_slot_moves_under_load_and_nothing_is_lost_or_there_twice_D2()
    {
        var store = Store(replicas: 0);
        // Three of one shard, whose slot moves, and others.
        string[] together = [.. Enumerable.Range(0, int.MaxValue).Select(i => $"t{i}")
            .Where(id => Shards.Of(id) == Shards.Of("t0")).Take(4)];
        var slot = _redis.GetHashSlot(Shards.Prefix("m", Shards.Of("t0")));
        var still = Batches.Of(together[3], null, "one");
        Assert.Equal([AppendResult.Written], await store.Append([still], default));

        using var stop = new CancellationTokenSource();
        var progress = new RedisFailureTests.Progress();
        string[] tenants = [.. together[..3], "other-1", "other-2", "other-3"];
        var writers = tenants.Select(tenant => RedisFailureTests.Write(store, tenant, progress, stop.Token)).ToList();
        for (var move = 0; move < 3; move++)
        {
            await await Task.WhenAny([progress.More(100), .. writers]);
            var from = await _cluster.OwnerOf(slot);
            await _cluster.Move(slot, from, _cluster.Masters.First(master => master != from), Half);
        }
        await await Task.WhenAny([progress.More(100), .. writers]);
        await stop.CancelAsync();
        var written = await Task.WhenAll(writers);

        for (var i = 0; i < tenants.Length; i++)
            Assert.Equal(written[i], RedisStoreTests.Whole((await store.Load(tenants[i], default))!));
        Assert.Equal(written.Sum(texts => texts.Count), (await store.Outbox(0, int.MaxValue, default)).Count);
        Assert.Equal(["one"], RedisStoreTests.Whole((await store.Load(together[3], default))!));
        Assert.Empty(await store.Check(default));

        // Some of its keys are here and others there: no script may run, in part or wholly.
        async Task Half()
        {
            var hasty = Store(replicas: 0, TimeSpan.FromMilliseconds(300));
            var refused = await hasty.Append([Batches.Of(together[3], still, "two")], default);
            Assert.True(refused[0] is AppendResult.Refused or AppendResult.Unknown);
            // The others go on.
            Assert.NotEqual(AppendResult.Refused, (await Store(replicas: 0).Append([Batches.Of("other-1", null, "x")],
                default))[0]);
        }
    }

    [Fact]
    public async Task A_master_dies_and_what_a_replica_has_received_is_there_D2()
    {
        var store = Store(replicas: 1);
        using var stop = new CancellationTokenSource();
        var progress = new RedisFailureTests.Progress();
        string[] tenants = [.. Enumerable.Range(0, 9).Select(i => $"t{i}")];
        var writers = tenants.Select(tenant => RedisFailureTests.Write(store, tenant, progress, stop.Token)).ToList();
        await await Task.WhenAny([progress.More(100), .. writers]);

        var (master, replica) = (_cluster.Masters[0], _cluster.Replicas[0]);
        master.Kill();
        await _cluster.Promoted(replica, master);
        await master.Start(); // as a replica, which makes one again that receives what is written
        await await Task.WhenAny([progress.More(300), .. writers]);
        await stop.CancelAsync();
        var written = await Task.WhenAll(writers);

        for (var i = 0; i < tenants.Length; i++)
            Assert.Equal(written[i], RedisStoreTests.Whole((await store.Load(tenants[i], default))!));
        Assert.Empty(await store.Check(default));
    }

    private ShardedStore Store(int replicas, TimeSpan? patience = null)
    {
        var replication = replicas == 0 ? null : new Replication(_redis, replicas);
        return new ShardedStore(_redis, "m", of => new RedisStore(_redis, of, NullLogger<RedisStore>.Instance)
        {
            IsShard = true, Replication = replication, Patience = patience ?? Long,
        }, NullLogger<RedisStore>.Instance);
    }
}
