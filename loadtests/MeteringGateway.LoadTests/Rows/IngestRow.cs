using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Durable ingest in batches of 100 against Redis doing the same job in one Lua script, pipelined 100.
/// </summary>
public static class IngestRow
{
    private const int Connections = 8;
    private const int TenantsPerBatch = 10;

    /// <summary>Null when there is no Redis to compare with.</summary>
    public static async Task<Row?> Measure(Options options)
    {
        if (RedisServer.Installed is null)
        {
            Console.WriteLine(
                "The row 'durable ingest' is left out: redis-server is not installed (Debian: apt-get install redis-server).");
            return null;
        }
        var data = Directory.CreateTempSubdirectory("metering-load-");
        try
        {
            using var gateway = GatewayServer.Start(options.MeteringDll, data.FullName, options.Machine.ServerCores);
            await gateway.PutPlan("load", Plans.Load);
            for (var i = 0; i < TenantsPerBatch; i++) await gateway.PutTenant(Batch.Tenant(i), "load");
            using var redis = new RedisServer(options.Machine.ServerCores);
            var ids = new Counter();
            var http = Enumerable.Range(0, Connections).Select(_ => Batch.ForGateway(TenantsPerBatch, ids)).ToArray();
            var resp = Enumerable.Range(0, Connections)
                .Select(_ => Batch.ForRedis(TenantsPerBatch, redis.ScriptHash, ids)).ToArray();
            var ours = new Side("gateway", gateway.Process, [.. http.Select(_ => new HttpConnection(gateway.Port))],
                i => http[i].Next(), Batch.Size);
            var theirs = new Side("Redis", redis.Process,
                [.. resp.Select(_ => new RespConnection(redis.Process.Port, Batch.Size))], i => resp[i].Next(),
                Batch.Size);
            try
            {
                var (a, b) = Pair.Alternate(ours, theirs, options.Pairs, options.Each, options.WarmUp);
                var counted = await Counted(gateway);
                if (counted < http.Sum(batch => batch.Sent))
                    throw new InvalidOperationException(
                        $"the gateway counted {counted} of {http.Sum(batch => batch.Sent)} events");
                return new Row("durable ingest, batches of 100, events/s",
                    "Redis, one Lua script doing dedupe + cap + count, pipelined 100, appendfsync always", 1, 3, 8,
                    [.. a.Zip(b, (x, y) => x.PerSecond / y.PerSecond)],
                    [Pair.Describe(ours, a, "events"), Pair.Describe(theirs, b, "events"),
                     string.Create(CultureInfo.InvariantCulture,
                         $"{Connections} connections each, {TenantsPerBatch} tenants in a batch; the gateway counted every one of its {counted:N0} events")]);
            }
            finally
            {
                foreach (var connection in ours.Connections.Concat(theirs.Connections)) connection.Dispose();
            }
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task<long> Counted(GatewayServer gateway)
    {
        var sum = 0L;
        for (var i = 0; i < TenantsPerBatch; i++)
            sum += (await gateway.Usage(Batch.Tenant(i)))!["outcome_types"]!.AsArray()
                .Sum(type => (long)type!["pending"]!);
        return sum;
    }
}
