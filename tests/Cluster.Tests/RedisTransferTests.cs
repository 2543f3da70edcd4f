using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>From the embedded edition's store to Redis and back.</summary>
[Collection(SharedRedis.Name)]
public sealed class RedisTransferTests(RedisServer server) : TransferBehaviour
{
    private readonly ConnectionMultiplexer _redis = ConnectionMultiplexer.Connect(server.ConnectionString);

    protected override IStore OpenTarget() =>
        SharedRedis.Store(_redis, Guid.NewGuid().ToString("N"));

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
