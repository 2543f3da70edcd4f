using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Authentication;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Cluster.Grains;
using MeteringGateway.Cluster.Wire;
using MeteringGateway.Engine;
using Orleans.Configuration;
using Orleans.Connections.Security;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>Tenants anywhere in the cluster: this process is one of its silos.</summary>
public static class ClusterEdition
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// In place of <see cref="Api.EmbeddedEdition.AddEmbeddedTenants"/>. Connects.
    /// </summary>
    /// <exception cref="SettingsException">A setting cannot be.</exception>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    /// <exception cref="StoreException">There is no Redis.</exception>
    public static async Task AddClusterTenants(this WebApplicationBuilder builder)
    {
        var settings = SiloSettings.Read(builder.Configuration);
        Listening.Demand(builder.Configuration);
        SecretSeal.DemandUsable(settings.KeyDirectory);
        var redis = await Connect(settings.Cluster);
        await RedisStores.DemandUsable(redis, settings.Cluster);
        builder.AddClusterTenants(settings, redis);
    }

    /// <summary>Whether its message says all there is to say of why a silo could not start.</summary>
    public static bool ExplainsItself(Exception failure) =>
        failure is OrleansException or RedisException or TimeoutException or AuthenticationException;

    /// <exception cref="StoreException">It has not answered for as long as callers are patient.</exception>
    internal static async Task<IConnectionMultiplexer> Connect(ClusterSettings settings)
    {
        var (options, began) = (settings.RedisOptions(), Stopwatch.GetTimestamp());
        // Of the first attempt there is to be word, and time for a second one.
        options.ConnectTimeout = (int)Math.Min(options.ConnectTimeout, settings.Patience.TotalMilliseconds / 2 + 1);
        var redis = await ConnectionMultiplexer.ConnectAsync(options);
        Exception? why = null;
        redis.ConnectionFailed += (_, failed) => Volatile.Write(ref why, failed.Exception);
        while (true)
        {
            var left = settings.Patience - Stopwatch.GetElapsedTime(began);
            try
            {
                await redis.GetDatabase().PingAsync(CommandFlags.DemandMaster)
                    .WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
                return redis;
            }
            catch (Exception failure) when (failure is RedisException or RedisCommandException or TimeoutException)
            {
                var tried = Stopwatch.GetElapsedTime(began);
                if (tried + Again > settings.Patience)
                {
                    await redis.DisposeAsync();
                    var where = string.Join(", ", options.EndPoints.Select(EndPointCollection.ToString));
                    var time = tried.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
                    throw new StoreException($"Redis at {where} (the setting Metering:Cluster:Redis) "
                        + $"has not answered for {time} s: "
                        + $"{RedisWords.Of(failure, Volatile.Read(ref why), await Refusal(options))}.");
                }
            }
            await Task.Delay(Again);
        }
    }

    /// <summary>What a connection that gives up at once says of itself: the user, the password, the name.</summary>
    private static async Task<Exception?> Refusal(ConfigurationOptions options)
    {
        var once = options.Clone();
        (once.AbortOnConnectFail, once.ConnectRetry, once.ConnectTimeout) = (true, 0, 1_000);
        try
        {
            await (await ConnectionMultiplexer.ConnectAsync(once)).DisposeAsync();
            return null;
        }
        catch (RedisException refusal)
        {
            return refusal;
        }
    }

    /// <param name="redis">The store's; it ends with the host.</param>
    internal static WebApplicationBuilder AddClusterTenants(this WebApplicationBuilder builder,
        MeteringSettings settings, IConnectionMultiplexer redis)
    {
        var (services, engine) = (builder.Services, settings.ForEngine());
        services.AddSingleton(settings);
        services.AddSingleton(settings.Cluster);
        services.AddSingleton(engine);
        services.AddSingleton(_ => redis);
        services.AddSingleton(provider => RedisStores.Over(
            provider.GetRequiredService<IConnectionMultiplexer>(), settings.Cluster,
            provider.GetRequiredService<ILogger<RedisStore>>()));
        services.AddSingleton(provider => provider.GetRequiredService<RedisStores>().Books);
        services.AddSingleton(provider => new SecretSeal(
            provider.GetRequiredService<MeteringSettings>().KeyDirectory));
        services.AddSingleton(provider => new CertificateKeys(
            provider.GetRequiredService<MeteringSettings>().KeyDirectory));
        services.AddSingleton(provider => new EndCustomers(
            settings.FirstContact == true ? settings.KeyDirectory : null,
            provider.GetRequiredService<ILogger<EndCustomers>>()));
        services.AddSingleton<IStore>(provider =>
            settings.Journal.Over(provider.GetRequiredService<RedisStores>().All));
        if (settings.Journal.SealAfter is not null) services.AddTransient<IDoneOnce, Sealing>();
        services.AddSingleton(provider => new LocalTenants(
            provider.GetRequiredService<IStore>(), engine, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LocalTenants>>(), shared: true,
            trails: provider.GetRequiredService<Trails>()));
        services.AddSingleton<Stays>();
        services.AddSingleton<ITenants, ClusterTenants>();
        services.AddSingleton<ITurns, ClusterTurns>();
        services.AddSingleton<Books, SharedBooks>();
        services.AddWireTypes();
        services.AddHostedService<OneCluster>();
        services.AddHostedService<SiloHost>();
        services.AddSingleton<SiloLease>();
        services.AddSingleton<IFatalErrorHandler, SiloDeath>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.UseOrleans(silo =>
        {
            Configure(silo, settings.Cluster, engine);
            // Calls between silos carry the caller's trace.
            if (settings.Tracing.IsOn) silo.AddActivityPropagation();
        });
        Ports.ListenAlone(services);
        services.AddHostedService(provider => provider.GetRequiredService<SiloLease>());
        services.AddHostedService<Balancer>();
        return builder;
    }

    private static void Configure(ISiloBuilder silo, ClusterSettings settings, EngineOptions engine)
    {
        var options = settings.RedisOptions();
        silo.Configure<ClusterOptions>(cluster =>
            (cluster.ClusterId, cluster.ServiceId) = (settings.ClusterId, settings.ServiceId));
        // No port for clients: whoever asks, asks over HTTP.
        if (settings.AdvertisedAddress is { } address)
            silo.ConfigureEndpoints(IPAddress.Parse(address), settings.SiloPort, gatewayPort: 0,
                listenOnAnyHostAddress: true);
        else silo.ConfigureEndpoints(settings.SiloPort, gatewayPort: 0, listenOnAnyHostAddress: true);
        if (settings.SiloTls.IsGiven) UseTls(silo, settings.SiloTls);
        silo.UseRedisClustering(members => members.ConfigurationOptions = options);
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
    /// Silos know each other by who has signed for them, not by name: they are where the table of members says.
    /// </summary>
    private static void UseTls(ISiloBuilder silo, TlsFiles files)
    {
        var authorities = files.ReadAuthorities(SiloSettings.SiloTls)!;
        silo.UseTls(files.ReadCertificate(SiloSettings.SiloTls)!, tls =>
        {
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.RemoteCertificateValidation = (certificate, chain, _) => authorities.HaveSigned(certificate, chain);
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
            // A silo that others have heard of is alive for as long as this times the missed probes.
            members.MaxProbeTimeout = settings.ProbeTimeout * 2;
            members.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        });
    }
}
