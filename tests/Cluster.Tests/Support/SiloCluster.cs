using MeteringGateway.ConsolePages;
using System.Globalization;
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
        TimeProvider? clock = null, ILoggerProvider? log = null, int size = Size,
        Action<IServiceCollection>? services = null)
    {
        var cluster = new SiloCluster
        {
            _another = () => StartSilo(Settings(redis, serviceId, settings), clock, log, services),
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

    private static Dictionary<string, string?> Settings(RedisServer redis, string serviceId,
        IReadOnlyDictionary<string, string?>? settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Metering:AdminKey"] = AdminKey,
            ["Metering:Cluster:Redis"] = redis.ConnectionString,
            ["Metering:Cluster:ServiceId"] = serviceId,
            ["Metering:Cluster:ClusterId"] = serviceId,
            ["Metering:Cluster:SiloPort"] = FreePort.Find().ToString(CultureInfo.InvariantCulture),
            ["Metering:Cluster:AdvertisedAddress"] = "127.0.0.1",
            ["Metering:Cluster:DrainDelay"] = "00:00:00",
            ["Logging:LogLevel:Default"] = "Warning",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>()) all[name] = value;
        return all;
    }

    private static async Task<WebApplication> StartSilo(Dictionary<string, string?> settings, TimeProvider? clock,
        ILoggerProvider? log, Action<IServiceCollection>? services)
    {
        var builder = MeteringHost.Builder();
        builder.Configuration.AddInMemoryCollection(settings);
        if (log is not null) builder.Logging.AddProvider(log);
        if (clock is not null) builder.Services.AddSingleton(clock);
        services?.Invoke(builder.Services);
        await builder.AddClusterTenants();
        builder.AddConsole();
        var app = builder.Build();
        app.MapMeteringApi();
        app.MapConsole();
        await app.StartAsync();
        return app;
    }
}
