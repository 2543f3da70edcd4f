
namespace MeteringGateway.LoadTests.Servers;

/// <summary>
/// Silos over a Redis of their own, all on the loopback; Redis acknowledges nothing before it is synced.
/// </summary>
public sealed class LoadCluster : IDisposable
{
    private LoadCluster(RedisServer redis, IReadOnlyList<SiloServer> silos) => (Redis, Silos) = (redis, silos);

    public RedisServer Redis { get; }
    public IReadOnlyList<SiloServer> Silos { get; }

    /// <param name="dll">Path of <c>metering.dll</c>.</param>
    /// <param name="settings">Of every silo, as on its command line.</param>
    public static LoadCluster Start(string dll, int size, params IReadOnlyList<string> settings)
    {
        var redis = new RedisServer(null);
        var silos = Enumerable.Range(0, size).Select(number =>
            new SiloServer(dll, number, redis.Process.Port, settings, RedisServer.FreePort())).ToList();
        var cluster = new LoadCluster(redis, silos);
        try
        {
            Parallel.ForEach(silos, silo => silo.Start());
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var silo in Silos) silo.Dispose();
        Redis.Dispose();
    }
}
