using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using StackExchange.Redis;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>Asks the cluster itself on which silo a tenant lives. Only to be asked while all is well.</summary>
internal sealed class Whereabouts(LoadCluster cluster) : IAsyncDisposable
{
    private IHost? _client;

    /// <summary>Null: nowhere, or on a silo that is gone.</summary>
    public async Task<SiloServer?> Of(string tenant)
    {
        var client = (await Client()).Services.GetRequiredService<IClusterClient>();
        var address = await client.GetGrain<IManagementGrain>(0)
            .GetActivationAddress(client.GetGrain(GrainId.Create("tenant", tenant)));
        return address is null ? null
            : cluster.Silos.FirstOrDefault(silo => silo.OrleansPort == address.Endpoint.Port && silo.IsRunning);
    }

    /// <summary>Those of the tenants that live there.</summary>
    public async Task<List<string>> On(SiloServer silo, IEnumerable<string> tenants)
    {
        var there = new List<string>();
        foreach (var tenant in tenants)
            if (await Of(tenant) == silo)
                there.Add(tenant);
        return there;
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is null) return;
        await _client.StopAsync();
        _client.Dispose();
        _client = null;
    }

    private async Task<IHost> Client()
    {
        if (_client is not null) return _client;
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("metering", "metering"))
            .UseRedisClustering(options =>
                options.ConfigurationOptions =
                    ConfigurationOptions.Parse($"127.0.0.1:{cluster.Redis.Process.Port},abortConnect=false")));
        var host = builder.Build();
        await host.StartAsync();
        return _client = host;
    }
}
