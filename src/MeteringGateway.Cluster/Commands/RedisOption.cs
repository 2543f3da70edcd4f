using System.CommandLine;

namespace MeteringGateway.Cluster.Commands;

/// <summary>Which Redis; and with it, which service's keys there.</summary>
internal static class RedisOption
{
    public static Option<string?> Make() =>
        new("--redis") { Description =
            "The Redis that all silos share: host:port[,password=...][,ssl=true] (default 127.0.0.1:6379, or the setting Metering:Cluster:Redis)" };

    public static string[] Settings(string? redis) => redis is null ? [] : [$"--Metering:Cluster:Redis={redis}"];

    /// <exception cref="CommandException">They are not possible.</exception>
    public static ClusterSettings Read(IConfiguration configuration)
    {
        try
        {
            return Silo.Settings(configuration);
        }
        catch (InvalidOperationException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    /// <summary>
    /// Runs something on the store, without a silo: snapshots are not read, every tenant is folded from its first
    /// entry.
    /// </summary>
    public static async Task WithStore(string[] settings, string? redis, Func<RedisStore, Task> work)
    {
        var cluster = Read(Silo.Builder([.. settings, .. Settings(redis)]).Configuration);
        await using var connection = await Silo.Connect(cluster);
        using var log = LoggerFactory.Create(builder => { });
        await using var store = new RedisStore(connection, cluster.ServiceId, snapshots: null,
            log.CreateLogger<RedisStore>());
        await work(store);
    }
}
