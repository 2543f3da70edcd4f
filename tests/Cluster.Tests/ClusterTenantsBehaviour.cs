using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;

namespace MeteringGateway.Cluster.Tests;

/// <summary>What every edition must do, done by three silos that are asked in turn; all its tests share them.</summary>
[Collection(SharedRedis.Name)]
public sealed class ClusterTenantsBehaviour(ClusterTenantsBehaviour.ThreeSilos silos)
    : TenantsBehaviour, IClassFixture<ClusterTenantsBehaviour.ThreeSilos>
{
    private readonly string _prefix = Guid.NewGuid().ToString("N")[..8] + "-";

    protected override Task<ITenants> Open() => Task.FromResult(Apart.Of(silos.Tenants, _prefix));

    protected override string Stored(string tenant) => _prefix + tenant;

    protected override Task Close() => Task.CompletedTask;

    public sealed class ThreeSilos(RedisServer redis) : IAsyncLifetime
    {
        private SiloCluster _cluster = null!;

        public ITenants Tenants => _cluster.Tenants;

        public async Task InitializeAsync() =>
            _cluster = await SiloCluster.Start(redis, Guid.NewGuid().ToString("N"));

        public async Task DisposeAsync() => await _cluster.DisposeAsync();
    }
}
