using System.Globalization;
using MeteringGateway.Cluster;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>
/// What durable reports are compared with: Redis appending the bytes that the silo appends for them, one XADD for each
/// tenant of a batch, all of a batch in one write, synced before it is answered. It recognises nothing, counts nothing
/// and refuses nothing.
/// </summary>
internal static class PlainAppends
{
    /// <summary>As many connections as the side that it is compared with has, each with one batch under way.</summary>
    public static Side To(RedisServer redis, int connections, int tenants, double bytesPerEvent)
    {
        var batch = Enumerable.Range(0, tenants)
            .SelectMany(i => Append(Batch.Tenant(i), (int)(bytesPerEvent * Batch.Size / tenants))).ToArray();
        return new Side("plain appends", redis.Process,
            [.. Enumerable.Range(0, connections).Select(_ => new RespConnection(redis.Process.Port, tenants))],
            _ => batch, Batch.Size);
    }

    /// <summary>Bytes of the journal for an event, as the silo has written them.</summary>
    public static async Task<double> BytesPerEvent(RedisServer redis, string tenant)
    {
        await using var connection =
            await ConnectionMultiplexer.ConnectAsync(
                string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{redis.Process.Port}"));
        await using var store = new RedisStore(connection, "metering", NullLogger<RedisStore>.Instance);
        // The first entry is the tenant itself.
        var blocks = await store.Read(tenant, 1, 20_000, default);
        return (double)blocks.Sum(block => (long)block.Entries.Length) / blocks.Sum(block => block.Count);
    }

    private static byte[] Append(string tenant, int bytes)
    {
        var hash = new string('h', 32);
        var entries = new string('e', bytes);
        return RespConnection.Format("XADD", "plain:" + tenant, "*", "p", hash, "e", entries);
    }
}
