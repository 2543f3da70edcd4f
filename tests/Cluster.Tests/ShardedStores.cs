using MeteringGateway.Api.Operations;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>One Redis Cluster for all tests that do not harm it; each has keys of its own.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCluster : ICollectionFixture<RedisCluster>
{
    public const string Name = "Redis Cluster";

    internal static ShardedStore Store(IConnectionMultiplexer redis, string prefix, int rows = 2) => new(redis, prefix,
        of => new RedisStore(redis, of, NullLogger<RedisStore>.Instance)
        {
            IsShard = true, PageBlocks = 3, RowsAtOnce = rows,
        }, NullLogger<RedisStore>.Instance);
}

[Collection(SharedCluster.Name)]
public sealed class ShardedStoreBehaviourTests(RedisCluster cluster) : StoreBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(cluster.ConnectionString);
    private readonly string _prefix = Guid.NewGuid().ToString("N");

    protected override IStore Open() => SharedCluster.Store(_redis, _prefix);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}

[Collection(SharedCluster.Name)]
public sealed class ShardedDeliveryTests(RedisCluster cluster) : DeliveryBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(cluster.ConnectionString);

    protected override IStore Open() => SharedCluster.Store(_redis, Guid.NewGuid().ToString("N"));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}

/// <summary>From the embedded edition's store to a Redis Cluster and back.</summary>
[Collection(SharedCluster.Name)]
public sealed class ShardedTransferTests(RedisCluster cluster) : TransferBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(cluster.ConnectionString);

    protected override IStore OpenTarget() => SharedCluster.Store(_redis, Guid.NewGuid().ToString("N"));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}

/// <summary>A Redis Cluster holds the open periods, and segments the closed ones.</summary>
[Collection(SharedCluster.Name)]
public sealed class ShardedSealingTests(RedisCluster cluster) : SealingBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(cluster.ConnectionString);
    private readonly string _prefix = Guid.NewGuid().ToString("N");

    protected override IStore OpenHot() => SharedCluster.Store(_redis, _prefix, rows: 300);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}

[Collection(SharedCluster.Name)]
public sealed class ShardsTests(RedisCluster cluster) : IAsyncLifetime
{
    private static readonly string[] Tenants = [.. Enumerable.Range(0, 40).Select(i => $"tenant-{i}")];
    private readonly string _prefix = Guid.NewGuid().ToString("N");
    private ConnectionMultiplexer _redis = null!;
    private ShardedStore _store = null!;

    public async Task InitializeAsync()
    {
        _redis = await ConnectionMultiplexer.ConnectAsync(cluster.ConnectionString);
        _store = SharedCluster.Store(_redis, _prefix);
    }

    public async Task DisposeAsync() => await _redis.DisposeAsync();

    [Fact]
    public void Shards_lie_where_Redis_says_an_equal_number_on_equal_ranges()
    {
        for (var shard = 0; shard < Shards.Count; shard++)
            Assert.Equal(shard, _redis.GetHashSlot(Shards.Prefix("any", shard) + ":t:acme") / 64);
        Assert.Equal(Shards.Prefix("any", Shards.Of("acme")), Shards.Prefix("other", Shards.Of("acme"))
            .Replace("other", "any", StringComparison.Ordinal));
        // Of a store for good.
        Assert.Equal([40, 98, 148], new[] { "acme", "tenant-1", "zoo" }.Select(Shards.Of));
    }

    [Fact]
    public async Task All_keys_of_a_tenant_share_a_slot_and_none_is_without_a_tag()
    {
        foreach (var tenant in Tenants) await Fill(tenant);
        await RedisDamage.Fill(_store, _store.Books, "acme", "zoo"); // something of everything

        var keys = new List<string>();
        foreach (var master in _redis.GetServers().Where(server => !server.IsReplica))
            await foreach (var key in master.KeysAsync(pattern: _prefix + "*")) keys.Add(key!);
        Assert.All(keys, key => Assert.Matches(@":\{(\d+|books)\}:", key));
        string[] all = [.. Tenants, "acme", "zoo"];
        foreach (var tenant in all)
        {
            var own = keys.Where(key => key.Split(':') is [_, _, "t" or "j" or "d" or "a" or "af" or "as" or "p",
                var whose, ..] && whose == tenant).ToList();
            Assert.True(own.Count >= 3, string.Join(' ', own)); // head, journal, details
            Assert.Single(own.Select(key => _redis.GetHashSlot(key)).Distinct());
        }
        Assert.Empty(await _store.Check(default));
        Assert.Equal(all.Order(StringComparer.Ordinal), await _store.List(null, 1000, default));
        Assert.Equal(all.Length, (await _store.TenantsByState(default)).Sum());
    }

    [Fact]
    public async Task Damage_in_any_shard_is_found()
    {
        foreach (var tenant in Tenants) await Fill(tenant);
        var key = Shards.Prefix(_prefix, Shards.Of(Tenants[7]));
        await _redis.GetDatabase().SortedSetRemoveAsync($"{key}:tenants", Tenants[7]);
        await _redis.GetDatabase().StringSetAsync($"{_prefix}:stray", "of nobody");

        var findings = await _store.Check(default);

        Assert.Contains($"t:{Tenants[7]} is not among the tenants", findings);
        Assert.Contains(findings, finding => finding.EndsWith("is no key of a store", StringComparison.Ordinal));
        Assert.Equal(2, findings.Count);
    }

    [Fact]
    public async Task Terms_that_were_not_copied_to_the_books_are_copied_later()
    {
        var terms = new Document("terms", "acme", 1, default, "admin", [1]);
        var own = new RedisStore(_redis, Shards.Prefix(_prefix, Shards.Of("acme")), NullLogger<RedisStore>.Instance)
        {
            IsShard = true,
        };
        await own.Append([Batches.Of("acme", null, "one") with { Documents = [terms] }], default);
        Assert.Empty(await _store.Documents("terms", default));

        await _store.Expire(default, default);
        Assert.Equal("acme", Assert.Single(await _store.Documents("terms", default)).Id);
        await _store.Expire(default, default);
        Assert.Single(await _store.Documents("terms", default));
    }

    [Fact]
    public async Task A_store_of_one_Redis_is_refused_by_its_name()
    {
        await _redis.GetDatabase().SortedSetAddAsync($"{_prefix}:tenants", "acme", 0);
        var refused = await Assert.ThrowsAsync<StoreException>(() =>
            RedisStores.DemandUsable(_redis, new ClusterSettings { ServiceId = _prefix }));
        Assert.Contains("export", refused.Message);
        await Assert.ThrowsAsync<StoreException>(() =>
            RedisStores.DemandUsable(_redis, new ClusterSettings { ServiceId = "a{b}" }));
        await RedisStores.DemandUsable(_redis, new ClusterSettings { ServiceId = "another" });
    }

    private async Task Fill(string tenant)
    {
        var batch = Batches.Of(tenant, null, "one") with
        {
            Due = new Instant(1), Severity = LimitState.Warned, Outbox = [new Alert(1, "t", default, [1], [2])],
            Details = [new DetailRow(1, null, [1], [2])],
            Idempotency = [new IdempotencyRow($"k-{tenant}", [1], [2], new Instant(1))],
        };
        Assert.Equal([AppendResult.Written], await _store.Append([batch], default));
    }
}
