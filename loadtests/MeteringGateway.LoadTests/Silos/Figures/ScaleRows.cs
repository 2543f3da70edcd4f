using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>
/// Three silos against one, over HTTP, on the same machine. On so few cores more silos have no more to work with: it
/// tells what it costs that a tenant mostly lives on another silo than the one that was asked, not what more machines
/// bring.
/// </summary>
internal static class ScaleRows
{
    private const int Checkers = 64;
    private const int Reporters = 9;
    private const int Tenants = 30;
    private static readonly byte[] Body =
        """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}"""u8.ToArray();

    public static async Task<List<Row>> Measure(Options options)
    {
        using var one = LoadCluster.Start(options.MeteringDll, 1);
        using var three = LoadCluster.Start(options.MeteringDll, 3);
        foreach (var cluster in new[] { one, three }) await Make(cluster);
        var spread = await Spread(three);
        var ids = new Counter();
        return
        [
            Row(options, "check over HTTP, three silos, requests/s", "requests", Checks(three), Checks(one), spread),
            Row(options, "durable reports over HTTP, three silos, events/s", "events", Reports(three, ids),
                Reports(one, ids), spread),
        ];
    }

    private static Row Row(Options options, string figure, string unit, Side three, Side one, string spread)
    {
        try
        {
            var (a, b) = Pair.Alternate(three, one, options.Pairs, options.Each, TimeSpan.FromSeconds(2));
            return new Row(figure, "one silo on the same cores", null, null, null,
                [.. a.Zip(b, (x, y) => x.PerSecond / y.PerSecond)],
                [Pair.Describe(three, a, unit), Pair.Describe(one, b, unit), spread]);
        }
        finally
        {
            foreach (var connection in three.Connections.Concat(one.Connections)) connection.Dispose();
        }
    }

    private static async Task Make(LoadCluster cluster)
    {
        await cluster.Silos[0].Gateway.PutPlan("load", Plans.Load);
        for (var i = 0; i < Tenants; i++)
            await cluster.Silos[i % cluster.Silos.Count].Gateway.PutTenant(Batch.Tenant(i), "load");
    }

    private static Side Checks(LoadCluster cluster)
    {
        var requests = Enumerable.Range(0, Tenants).Select(i =>
            HttpConnection.Format("POST", $"/v1/tenants/{Batch.Tenant(i)}/check", GatewayServer.AdminKey,
                "application/json", Body)).ToArray();
        var next = new int[Checkers];
        return Over(cluster, Checkers, i => requests[(i + next[i]++) % Tenants], 1);
    }

    private static Side Reports(LoadCluster cluster, Counter ids)
    {
        var batches = Enumerable.Range(0, Reporters).Select(_ => Batch.ForGateway(10, ids)).ToArray();
        return Over(cluster, Reporters, i => batches[i].Next(), Batch.Size);
    }

    private static Side Over(LoadCluster cluster, int connections, NextRequest next, int perRequest)
    {
        var silos = cluster.Silos;
        return new Side(silos.Count == 1 ? "one silo" : $"{silos.Count} silos", silos[0].Process,
            [.. Enumerable.Range(0, connections).Select(i => new HttpConnection(silos[i % silos.Count].Port))], next,
            perRequest)
        {
            Beside = [.. silos.Skip(1).Select(silo => silo.Process), cluster.Redis.Process],
        };
    }

    private static async Task<string> Spread(LoadCluster cluster)
    {
        var counts = await Task.WhenAll(cluster.Silos.Select(Whereabouts.On));
        return string.Create(CultureInfo.InvariantCulture,
            $"{Checkers} connections for checks and {Reporters} for reports, over all silos; the {Tenants} tenants live {string.Join(", ", counts)} on the three; CPU of all silos and Redis");
    }
}
