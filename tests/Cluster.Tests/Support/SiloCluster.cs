using System.Globalization;
using System.Net.Sockets;
using MeteringGateway.Api;
using MeteringGateway.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>
/// Silos in this process, each whole, as the executable composes it: they share nothing but a Redis and the loopback.
/// </summary>
internal sealed class SiloCluster : IAsyncDisposable
{
    public const int Size = 3;
    public const string AdminKey = "the-administrator-of-the-tests";

    private readonly List<WebApplication> _silos = [];
    private Func<Task<WebApplication>> _another = null!;

    public IReadOnlyList<WebApplication> Silos => _silos;

    /// <summary>Where each silo serves HTTP.</summary>
    public IReadOnlyList<Uri> Addresses =>
        [.. Silos.Select(silo =>
            new Uri(
                silo.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()))];

    /// <param name="serviceId">What was written under it before is there again.</param>
    public static async Task<SiloCluster> Start(
        RedisServer redis, string serviceId, IReadOnlyDictionary<string, string?>? settings = null,
        TimeProvider? clock = null, ILoggerProvider? log = null,
        LogLevel lowest = LogLevel.Warning, int size = Size, Action<IServiceCollection>? services = null)
    {
        var cluster = new SiloCluster
        {
            _another = () => StartSilo(redis, serviceId, settings, clock, log, lowest, services),
        };
        try
        {
            for (var i = 0; i < size; i++) await cluster.Join();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Every call through another silo than the one before.</summary>
    public ITenants Tenants => Rotation.Of([.. Silos.Select(silo => silo.Services.GetRequiredService<ITenants>())]);

    /// <summary>One more silo, as the others are.</summary>
    public async Task<WebApplication> Join()
    {
        _silos.Add(await _another());
        return _silos[^1];
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_silos.Select(async silo =>
        {
            await silo.StopAsync();
            await silo.DisposeAsync();
        }));
        _silos.Clear();
    }

    private static async Task<WebApplication> StartSilo(
        RedisServer redis, string serviceId, IReadOnlyDictionary<string, string?>? settings, TimeProvider? clock,
        ILoggerProvider? log, LogLevel lowest, Action<IServiceCollection>? services)
    {
        var builder = MeteringHost.Builder();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>())
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Metering:Cluster:Redis"] = redis.ConnectionString,
            ["Metering:Cluster:ServiceId"] = serviceId,
            ["Metering:Cluster:ClusterId"] = serviceId,
            ["Metering:Cluster:SiloPort"] = FreePort(),
            ["Metering:Cluster:AdvertisedAddress"] = "127.0.0.1",
            ["Metering:Cluster:DrainDelay"] = "00:00:00",
        });
        if (settings?.ContainsKey("Metering:AdminKey") != true)
            builder.Configuration["Metering:AdminKey"] = AdminKey;
        foreach (var category in (string[])["Default", "Microsoft.AspNetCore",
            "Microsoft.AspNetCore.Hosting.Diagnostics", "Orleans", "Microsoft.Orleans"])
            builder.Configuration[$"Logging:LogLevel:{category}"] = lowest.ToString();
        if (log is not null) builder.Logging.AddProvider(log);
        if (clock is not null) builder.Services.AddSingleton(clock);
        services?.Invoke(builder.Services);
        await builder.AddClusterTenants();
        var app = builder.Build();
        app.MapMeteringApi();
        await app.StartAsync();
        return app;
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
