using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Durable ingest in batches of 100 against Redis doing the same job in one Lua script, pipelined 100.
/// </summary>
internal static class IngestRow
{
    public const int Connections = 8;
    public const int Tenants = 10;

    public static async Task<Row> Measure(Options options)
    {
        using var bed = await Bed.Start(options, Tenants);
        using var redis = new RedisServer(options.Machine.ServerCores);
        var ids = new Counter();
        Batch[] http = [.. Enumerable.Range(0, Connections).Select(_ => Batch.ForGateway(Tenants, ids))];
        using var ours = bed.Reports(http);
        using var theirs = InRedis(redis, ids);
        var (a, b) = Pair.Alternate(ours, theirs, options.Pairs, options.Each, options.WarmUp);
        var counted = await Counted(bed.Gateway);
        if (counted < http.Sum(batch => batch.Sent))
            throw new InvalidOperationException(
                $"the gateway counted {counted} of {http.Sum(batch => batch.Sent)} events");
        return new Row("durable ingest, batches of 100, events/s",
            "Redis, one Lua script doing dedupe + cap + count, pipelined 100, appendfsync always", 1, 3, 8,
            Pair.Ratios(a, b),
            [Pair.Describe(ours, a, "events"), Pair.Describe(theirs, b, "events"),
             string.Create(CultureInfo.InvariantCulture,
                 $"{Connections} connections each, {Tenants} tenants in a batch; the gateway counted every one of its {counted:N0} events")]);
    }

    /// <summary>The same events through the script.</summary>
    public static Side InRedis(RedisServer redis, Counter ids)
    {
        Batch[] batches = [.. Enumerable.Range(0, Connections)
            .Select(_ => Batch.ForRedis(Tenants, redis.ScriptHash, ids))];
        return new Side("Redis", redis.Process,
            [.. batches.Select(_ => new RespConnection(redis.Process.Port, Batch.Size))], i => batches[i].Next(),
            Batch.Size);
    }

    private static async Task<long> Counted(GatewayServer gateway)
    {
        var sum = 0L;
        for (var i = 0; i < Tenants; i++)
            sum += (await gateway.Usage(Batch.Tenant(i)))!["outcome_types"]!.AsArray()
                .Sum(type => (long)type!["pending"]!);
        return sum;
    }
}
