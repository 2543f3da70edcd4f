using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>
/// The store of a cluster, opened without a silo: for those who read or fill it.
/// </summary>
public sealed class ClusterStore : IAsyncDisposable
{
    private readonly IConnectionMultiplexer _redis;

    private ClusterStore(IConnectionMultiplexer redis, SegmentedStore store) => (_redis, Store) = (redis, store);

    public SegmentedStore Store { get; }

    /// <summary>The store that a silo with these settings would have.</summary>
    /// <exception cref="SettingsException">The settings are not possible.</exception>
    /// <exception cref="StoreException">There is no Redis.</exception>
    public static async Task<ClusterStore> Open(IConfiguration configuration)
    {
        var settings = SiloSettings.Read(configuration);
        var redis = await ClusterEdition.Connect(settings.Cluster);
        try
        {
            await RedisStores.DemandUsable(redis, settings.Cluster);
            return new ClusterStore(redis, settings.Journal.Over(
                RedisStores.Over(redis, settings.Cluster, NullLogger<RedisStore>.Instance).All));
        }
        catch
        {
            await redis.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the store of a silo with these settings is, in words: without a password.</summary>
    /// <exception cref="SettingsException">The settings are not possible.</exception>
    public static string Where(IConfiguration configuration)
    {
        var settings = SiloSettings.Read(configuration).Cluster;
        return $"Redis at {settings.Addresses()} under the ServiceId '{settings.ServiceId}' "
            + "(the settings Metering:Cluster:Redis and Metering:Cluster:ServiceId)";
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
        await Store.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
