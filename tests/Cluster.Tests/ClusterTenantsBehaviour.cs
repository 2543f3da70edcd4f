using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;

namespace MeteringGateway.Cluster.Tests;

/// <summary>What every edition must do, done by three silos that are asked in turn.</summary>
[Collection(SharedRedis.Name)]
public sealed class ClusterTenantsBehaviour(RedisServer redis) : TenantsBehaviour
{
    private SiloCluster _cluster = null!;

    protected override async Task<ITenants> Open()
    {
        _cluster = await SiloCluster.Start(redis, Guid.NewGuid().ToString("N"));
        return _cluster.Tenants;
    }

    protected override async Task Close() => await _cluster.DisposeAsync();
}
