using System.Net;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Cluster.Grains;
using MeteringGateway.Cluster.Wire;
using MeteringGateway.Engine;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>Tenants anywhere in the cluster: this process is one of its silos.</summary>
public static class ClusterEdition
{
    internal const string Snapshots = "snapshots";

    /// <summary>
    /// In place of <see cref="Api.EmbeddedEdition.AddEmbeddedTenants"/>. Settings: sections <c>Metering</c> and
    /// <c>Metering:Cluster</c>. Connects; a Redis that is not there yet is waited for by whoever asks it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The settings are not possible.</exception>
    public static async Task AddClusterTenants(this WebApplicationBuilder builder)
    {
        var settings = ClusterSettings.Read(builder.Configuration);
        builder.AddClusterTenants(settings, await Connect(settings));
    }

    /// <summary>Whether its message says all there is to say of why a silo could not start.</summary>
    public static bool ExplainsItself(Exception failure) => failure is OrleansException;

    internal static async Task<IConnectionMultiplexer> Connect(ClusterSettings settings) =>
        await ConnectionMultiplexer.ConnectAsync(settings.RedisOptions());

    /// <param name="redis">The store's; it ends with the host.</param>
    internal static WebApplicationBuilder AddClusterTenants(this WebApplicationBuilder builder, ClusterSettings settings,
        IConnectionMultiplexer redis)
    {
        var services = builder.Services;
        services.AddSingleton(settings);
        services.AddSingleton(_ => redis);
        services.AddOptions<EngineOptions>().Bind(builder.Configuration.GetSection("Metering"));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<EngineOptions>>().Value);
        services.AddSingleton(provider => new RedisStore(
            provider.GetRequiredService<IConnectionMultiplexer>(), settings.ServiceId, provider.GetRequiredKeyedService<IGrainStorage>(Snapshots),
            provider.GetRequiredService<ILogger<RedisStore>>()));
        services.AddSingleton<IStore>(provider => provider.GetRequiredService<RedisStore>());
        services.AddSingleton(provider => new LocalTenants(
            provider.GetRequiredService<IStore>(), provider.GetRequiredService<EngineOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LocalTenants>>(), shared: true));
        services.AddSingleton<Stays>();
        services.AddSingleton<ITenants, ClusterTenants>();
        services.AddSingleton<ITurns, ClusterTurns>();
        services.AddSingleton<Books, SharedBooks>();
        services.AddSingleton<IMetricsText, PrometheusNet>();
        services.AddWireTypes();
        services.AddHostedService<SiloHost>();
        services.AddSingleton<SiloLease>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.UseOrleans(silo =>
            Configure(silo, settings, builder.Configuration.GetSection("Metering").Get<EngineOptions>() ?? new()));
        services.AddHostedService(provider => provider.GetRequiredService<SiloLease>());
        services.AddHostedService<Balancer>();
        return builder;
    }

    private static void Configure(ISiloBuilder silo, ClusterSettings settings, EngineOptions engine)
    {
        var options = settings.RedisOptions();
        silo.Configure<ClusterOptions>(cluster =>
            (cluster.ClusterId, cluster.ServiceId) = (settings.ClusterId, settings.ServiceId));
        if (settings.AdvertisedAddress is { } address)
            silo.ConfigureEndpoints(IPAddress.Parse(address), settings.SiloPort, settings.GatewayPort,
                listenOnAnyHostAddress: true);
        else silo.ConfigureEndpoints(settings.SiloPort, settings.GatewayPort, listenOnAnyHostAddress: true);
        // Connections of their own: a large snapshot must not stand in the way of a flush.
        silo.UseRedisClustering(members => members.ConfigurationOptions = options);
        silo.AddRedisGrainStorage(Snapshots, storage => storage.Configure<Serializer>((redis, serializer) =>
            (redis.ConfigurationOptions, redis.GrainStorageSerializer) =
                (options, new OrleansGrainStorageSerializer(serializer))));
        silo.UseRedisReminderService(reminders => reminders.ConfigurationOptions = options);
        Membership(silo, settings);
        silo.Configure<SiloMessagingOptions>(messages => messages.ResponseTimeout = settings.Patience);
        silo.Configure<GrainCollectionOptions>(collection =>
        {
            // A tenant that nobody asks for leaves memory, as on one machine.
            collection.CollectionAge = engine.IdleAfter;
            if (engine.IdleAfter <= collection.CollectionQuantum) collection.CollectionQuantum = engine.IdleAfter / 4;
        });
    }

    /// <summary>
    /// The strongly consistent directory: when a silo dies, tenants on the others stay where they are. It would wait
    /// out a lease on the dead silo's ranges, longer the faster deaths are found, to be safe from a silo that is dead
    /// and does not know: the journal's fence and the silo's lease already are.
    /// </summary>
    private static void Membership(ISiloBuilder silo, ClusterSettings settings)
    {
        silo.AddDistributedGrainDirectory();
        silo.Configure<GrainDirectoryOptions>(directory => directory.RangeLeaseDuration = TimeSpan.Zero);
        silo.Configure<ClusterMembershipOptions>(members =>
        {
            (members.ProbeTimeout, members.NumMissedProbesLimit) = (settings.ProbeTimeout, settings.MissedProbes);
            members.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        });
    }
}
