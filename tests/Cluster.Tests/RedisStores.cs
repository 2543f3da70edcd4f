using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>One Redis for all tests that do not harm it; each has keys of its own.</summary>
[CollectionDefinition(Name)]
public sealed class SharedRedis : ICollectionFixture<RedisServer>
{
    public const string Name = "Redis";

    /// <param name="rows">Pages and scripts end so soon that small tests go over their ends.</param>
    internal static RedisStore Store(IConnectionMultiplexer redis, string prefix, int rows = 2) =>
        new(redis, prefix, NullLogger<RedisStore>.Instance) { PageBlocks = 3, RowsAtOnce = rows };
}

[Collection(SharedRedis.Name)]
public sealed class RedisStoreBehaviourTests(RedisServer server) : StoreBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(server.ConnectionString);
    private readonly string _prefix = Guid.NewGuid().ToString("N");

    protected override IStore Open() => SharedRedis.Store(_redis, _prefix);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}

[Collection(SharedRedis.Name)]
public sealed class RedisDeliveryTests(RedisServer server) : DeliveryBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(server.ConnectionString);

    protected override IStore Open() => SharedRedis.Store(_redis, Guid.NewGuid().ToString("N"));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
