using System.Globalization;
using MeteringGateway.Api;
using MeteringGateway.Cluster;
using MeteringGateway.LoadTests.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Placement;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>A silo in this process, composed as the executable composes it.</summary>
internal sealed class OwnSilo(WebApplication app) : IAsyncDisposable
{
    public IGrainFactory Grains => app.Services.GetRequiredService<IGrainFactory>();
    public T Get<T>() where T : notnull => app.Services.GetRequiredService<T>();

    public static async Task<OwnSilo> Start(RedisServer server)
    {
        var builder = MeteringHost.Builder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Metering:AdminKey"] = GatewayServer.AdminKey,
            ["Metering:Cluster:Redis"] =
                string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{server.Process.Port}"),
            ["Metering:Cluster:SiloPort"] = Port(),
            ["Metering:Cluster:AdvertisedAddress"] = "127.0.0.1",
            ["Metering:Cluster:DrainDelay"] = "00:00:00",
        });
        await builder.AddClusterTenants();
        var app = builder.Build();
        app.MapMeteringApi();
        await app.StartAsync();
        return new OwnSilo(app);
    }

    /// <summary>What is called for the first time until this is disposed comes to live on this silo.</summary>
    public IDisposable AsHome()
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, Get<ILocalSiloDetails>().SiloAddress);
        return new NoHint();
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private static string Port() => RedisServer.FreePort().ToString(CultureInfo.InvariantCulture);

    private sealed class NoHint : IDisposable
    {
        public void Dispose() => RequestContext.Remove(IPlacementDirector.PlacementHintKey);
    }
}
