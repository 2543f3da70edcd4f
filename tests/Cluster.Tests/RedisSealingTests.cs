using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Redis holds the open periods, and segments the closed ones.</summary>
[Collection(SharedRedis.Name)]
public sealed class RedisSealingTests(RedisServer server) : SealingBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(server.ConnectionString);
    private readonly string _prefix = Guid.NewGuid().ToString("N");

    protected override IStore OpenHot() => SharedRedis.Store(_redis, _prefix, rows: 300);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
