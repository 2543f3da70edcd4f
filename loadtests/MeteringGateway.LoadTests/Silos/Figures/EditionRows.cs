using System.Globalization;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>
/// One silo and its Redis against the embedded edition: the same requests over HTTP, everything synced before it is
/// answered.
/// </summary>
internal static class EditionRows
{
    private const int Checkers = 64;
    private const int Reporters = 8;
    private const int Tenants = 10;
    private const string Against = "the embedded edition";
    private static readonly byte[] Body =
        """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}"""u8.ToArray();

    public static async Task<List<Row>> Measure(Options options)
    {
        using var cluster = LoadCluster.Start(options.MeteringDll, 1);
        using var bed = await Bed.Start(options, Tenants);
        await Make(cluster.Silos[0].Gateway);
        return
        [
            Row(options, "check on the asked silo, requests/s", (0.6, 0.9), "requests",
                Over(cluster.Silos[0].Gateway, cluster.Redis, Checks, 1), Over(bed.Gateway, null, Checks, 1)),
            Row(options, "durable ingest of one silo and its Redis, events/s", (0.6, 0.75), "events",
                Over(cluster.Silos[0].Gateway, cluster.Redis, Reports, Batch.Size),
                Over(bed.Gateway, null, Reports, Batch.Size)),
        ];
    }

    private static Row Row(Options options, string figure, (double Floor, double Target) marks, string unit,
        Side silo, Side embedded)
    {
        using var ending = silo;
        using var beside = embedded;
        var (a, b) = Pair.Alternate(silo, embedded, options.Pairs, options.Each, options.WarmUp);
        var cpu = a.Zip(b, (x, y) => x.CpuMicroseconds / y.CpuMicroseconds).ToList();
        return new Row(figure, Against, marks.Floor, marks.Target, 1, Pair.Ratios(a, b),
            [Pair.Describe(silo, a, unit), Pair.Describe(embedded, b, unit),
             string.Create(CultureInfo.InvariantCulture,
                 $"CPU an operation, as a multiple of the embedded edition's: {Statistics.Median(cpu):0.00} ({cpu.Min():0.00} to {cpu.Max():0.00}); {silo.Connections.Count} connections, {Tenants} tenants; load of the machine {Machine.Load}")]);
    }

    private static async Task Make(GatewayServer gateway)
    {
        await gateway.PutPlan("load", Plans.Load);
        for (var i = 0; i < Tenants; i++) await gateway.PutTenant(Batch.Tenant(i), "load");
    }

    private static (int Connections, NextRequest Next) Checks()
    {
        var requests = Enumerable.Range(0, Tenants).Select(i =>
            HttpConnection.Format("POST", $"/v1/tenants/{Batch.Tenant(i)}/check", GatewayServer.AdminKey,
                "application/json", Body)).ToArray();
        var next = new int[Checkers];
        return (Checkers, i => requests[(i + next[i]++) % Tenants]);
    }

    private static (int Connections, NextRequest Next) Reports()
    {
        var ids = new Counter();
        var batches = Enumerable.Range(0, Reporters).Select(_ => Batch.ForGateway(Tenants, ids)).ToArray();
        return (Reporters, i => batches[i].Next());
    }

    /// <param name="redis">Whose CPU is counted too; null: the server has none.</param>
    private static Side Over(GatewayServer gateway, RedisServer? redis, Func<(int, NextRequest)> make, int perRequest)
    {
        var (connections, next) = make();
        return new Side(redis is null ? "embedded" : "silo and its Redis", gateway.Process,
            [.. Enumerable.Range(0, connections).Select(_ => new HttpConnection(gateway.Port))], next, perRequest)
        {
            Beside = redis is null ? [] : [redis.Process],
        };
    }
}
