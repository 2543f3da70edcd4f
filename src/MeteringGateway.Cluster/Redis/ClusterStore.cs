using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Persistence;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>
/// The store of a cluster, opened without a silo, its snapshots included: for those who read or fill it.
/// </summary>
public sealed class ClusterStore : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IConnectionMultiplexer _redis;
    private readonly RedisGrainStorage _snapshots;

    private ClusterStore(ServiceProvider services, IConnectionMultiplexer redis, RedisGrainStorage snapshots,
        ClusterSettings settings)
    {
        (_services, _redis, _snapshots) = (services, redis, snapshots);
        Store = new RedisStore(redis, settings.ServiceId, snapshots, NullLogger<RedisStore>.Instance);
    }

    public IStore Store { get; }

    /// <summary>The store that a silo with these settings would have.</summary>
    /// <exception cref="SettingsException">The settings are not possible.</exception>
    /// <exception cref="StoreException">There is no Redis.</exception>
    public static async Task<ClusterStore> Open(IConfiguration configuration)
    {
        var settings = SiloSettings.Read(configuration).Cluster;
        var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var redis = await ClusterEdition.Connect(settings);
        try
        {
            return new ClusterStore(services, redis, await Snapshots(services, settings), settings);
        }
        catch (RedisException e)
        {
            await redis.DisposeAsync();
            await services.DisposeAsync();
            throw new StoreException($"Redis has not answered: {RedisWords.Of(e)}");
        }
    }

    /// <summary>
    /// Removes all that is kept under the settings' service id and cluster id: whatever a cluster has written.
    /// </summary>
    /// <exception cref="SettingsException">The settings are not possible.</exception>
    /// <exception cref="StoreException">There is no Redis.</exception>
    public static async Task Remove(IConfiguration configuration)
    {
        var settings = SiloSettings.Read(configuration).Cluster;
        await using var redis = await ClusterEdition.Connect(settings);
        try
        {
            foreach (var server in redis.GetServers().Where(server => !server.IsReplica))
                await foreach (var key in server.KeysAsync())
                    if (IsOf(settings.ServiceId, key) || IsOf(settings.ClusterId, key))
                        await redis.GetDatabase().KeyDeleteAsync(key);
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new StoreException($"Redis has not answered: {RedisWords.Of(e)}");
        }
    }

    /// <summary>Our keys begin with the id and a colon, those of Orleans' providers with the id and a slash.</summary>
    private static bool IsOf(string id, string? key) =>
        key is not null && key.StartsWith(id, StringComparison.Ordinal) && key.Length > id.Length
            && key[id.Length] is ':' or '/';

    public async ValueTask DisposeAsync()
    {
        await _snapshots.DisposeAsync();
        await _redis.DisposeAsync();
        await _services.DisposeAsync();
    }

    /// <summary>Grain storage as a silo has it; it is a silo's life that starts it.</summary>
    private static async Task<RedisGrainStorage> Snapshots(ServiceProvider services, ClusterSettings settings)
    {
        var serializer = new OrleansGrainStorageSerializer(services.GetRequiredService<Serializer>());
        var options = new RedisStorageOptions { ConfigurationOptions = settings.RedisOptions(),
            GrainStorageSerializer = serializer };
        var storage = new RedisGrainStorage(ClusterEdition.Snapshots, options, serializer,
            Options.Create(new ClusterOptions { ClusterId = settings.ClusterId, ServiceId = settings.ServiceId }),
            services.GetRequiredService<IActivatorProvider>(), NullLogger<RedisGrainStorage>.Instance);
        var life = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        storage.Participate(life);
        await life.OnStart(CancellationToken.None);
        return storage;
    }
}
