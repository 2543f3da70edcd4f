using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Checks at a fixed rate while ingest is driven to saturation, against the same checks sent to an empty endpoint of
/// another process beside the same load: how long the slowest hundredth take, from the scheduled send.
/// </summary>
internal static class BesideRow
{
    private const int Rate = 1_000;
    private const int Checkers = 32;

    public static async Task<Row> Measure(Options options)
    {
        using var bed = await Bed.Start(options, IngestLoad.Tenants);
        using var empty = EmptyServer.Start(options);
        using var ingest = new IngestLoad(bed);
        using var check = Over(bed.Gateway.Process, i => $"/v1/tenants/{Batch.Tenant(i % IngestLoad.Tenants)}/check");
        using var nothing = Over(empty, _ => EmptyServer.BoundPath);
        var (ours, theirs) = (new List<Measured>(), new List<Measured>());
        for (var i = options.First; i < options.Pairs; i++)
            foreach (var side in i % 2 == 0 ? [check, nothing] : new[] { nothing, check })
            {
                var measured = ingest.Beside(() => Loops.Open(side.Connections, side.Next, Rate, options.Each),
                    counted: i >= 0 && side == check);
                if (i >= 0) (side == check ? ours : theirs).Add(measured);
            }
        return new Row("p99 of checks at 1,000/s beside saturating ingest",
            "the same checks sent to an endpoint that only reads and writes JSON, beside the same load", 4, 2, 1.2,
            [.. ours.Zip(theirs, (o, t) => o.Percentile(0.99) / t.Percentile(0.99))],
            [Describe("checks", ours), Describe("empty endpoint", theirs), ingest.ToString()])
        {
            LowerIsBetter = true,
        };
    }

    private static string Describe(string name, List<Measured> all) => string.Create(CultureInfo.InvariantCulture,
        $"{name}: p50 {Of(all, 0.5):0.00} ms, p99 {Of(all, 0.99):0.0} ms ({all.Min(one => one.Percentile(0.99)):0.0} to {all.Max(one => one.Percentile(0.99)):0.0}), p99.9 {Of(all, 0.999):0.0} ms");

    private static double Of(List<Measured> all, double share) =>
        Statistics.Median(all.Select(one => one.Percentile(share)));

    private static Side Over(ServerProcess server, Func<int, string> path)
    {
        byte[][] requests = [.. Enumerable.Range(0, Checkers)
            .Select(i => HttpConnection.Format("POST", path(i), GatewayServer.AdminKey, "application/json",
                """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}"""u8))];
        return new Side("", server, [.. requests.Select(_ => new HttpConnection(server.Port))], i => requests[i], 1);
    }
}
