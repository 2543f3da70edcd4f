using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>The store in what <c>Metering:Cluster:Redis</c> names, by what kind of server that is.</summary>
/// <param name="Books">Where plans, keys and webhooks are.</param>
/// <param name="All">The same where there is one Redis; over a Redis Cluster the <see cref="ShardedStore"/>.</param>
internal sealed record RedisStores(RedisStore Books, IStore All)
{
    /// <param name="redis">Connected.</param>
    public static RedisStores Over(IConnectionMultiplexer redis, ClusterSettings settings, ILogger<RedisStore> log)
    {
        var replication = settings.Replicas > 0 ? new Replication(redis, settings.Replicas) : null;
        if (IsCluster(redis))
        {
            var sharded = new ShardedStore(redis, settings.ServiceId, of => Open(of, isShard: true), log);
            return new RedisStores(sharded.Books, sharded);
        }
        var one = Open(settings.ServiceId, isShard: false);
        return new RedisStores(one, one);

        RedisStore Open(string prefix, bool isShard) => new(redis, prefix, log)
        {
            IsShard = isShard, Replication = replication,
        };
    }

    /// <exception cref="StoreException">Servers that cannot have this store.</exception>
    public static async Task DemandUsable(IConnectionMultiplexer redis, ClusterSettings settings)
    {
        DemandOne(redis);
        if (!IsCluster(redis)) return;
        var prefix = settings.ServiceId;
        if (prefix.AsSpan().ContainsAny('{', '}'))
            throw new StoreException($"The setting Metering:Cluster:ServiceId is '{prefix}': over a Redis Cluster it "
                + "is without braces, as they say which keys lie together.");
        try
        {
            if (!await redis.GetDatabase().KeyExistsAsync($"{prefix}:tenants", CommandFlags.DemandMaster)) return;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            throw new StoreException($"Redis has not answered: {RedisWords.Of(e)}.");
        }
        throw new StoreException($"This Redis Cluster has the keys of '{prefix}' as one Redis keeps them, which it "
            + "cannot use: `metering export` them from that Redis, and `metering import` the file here.");
    }

    /// <summary>
    /// Masters of a Redis Cluster that have slots and are not connected, as far as is known here; null: none. Without
    /// its one Redis a silo is not ready.
    /// </summary>
    public static string? Trouble(IConnectionMultiplexer redis)
    {
        var connected = redis.GetServers().Where(server => server.IsConnected).ToList();
        var nodes = connected.Find(server => server.ServerType == ServerType.Cluster)?.ClusterConfiguration?.Nodes;
        if (nodes is null) return null;
        var masters = nodes.Where(node => !node.IsReplica && node.Slots.Count > 0).ToList();
        var gone = masters.Count(node => !connected.Exists(server => Equals(server.EndPoint, node.EndPoint)));
        return gone == 0 ? null : $"{gone} of {masters.Count} masters of Redis cannot be reached";
    }

    /// <summary>Several masters that know nothing of each other: each would be taken for the store, in turns.</summary>
    private static void DemandOne(IConnectionMultiplexer redis)
    {
        var servers = redis.GetServers().Where(server => server.IsConnected).ToList();
        var alone = servers.Where(server => server is { ServerType: ServerType.Standalone, IsReplica: false })
            .Select(server => EndPointCollection.ToString(server.EndPoint)).ToList();
        if (alone.Count > 1 || (alone.Count > 0 && IsCluster(redis)))
            throw new StoreException($"The setting Metering:Cluster:Redis names {string.Join(" and ", alone)}, "
                + (alone.Count > 1 ? "each a Redis of its own" : "a Redis of its own, and a Redis Cluster")
                + ": it is one Redis with its replicas, or nodes of one Redis Cluster.");
    }

    private static bool IsCluster(IConnectionMultiplexer redis) =>
        redis.GetServers().Any(server => server.ServerType == ServerType.Cluster);
}
