using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>The allowance check over HTTP against an empty minimal-API POST with the same body.</summary>
public static class CheckRow
{
    private const int Connections = 64;
    private static readonly byte[] Body =
        """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}"""u8.ToArray();

    public static async Task<Row> Measure(Options options)
    {
        var data = Directory.CreateTempSubdirectory("metering-load-");
        try
        {
            using var gateway = GatewayServer.Start(options.MeteringDll, data.FullName, options.Machine.ServerCores);
            await gateway.PutPlan("load", Plans.Load);
            await gateway.PutTenant("load", "load");
            using var empty = ServerProcess.Start(options.Machine.ServerCores, "dotnet",
                [typeof(CheckRow).Assembly.Location, "empty-server"]);
            var check = Over("check", gateway.Process, "/v1/tenants/load/check");
            var nothing = Over("empty POST", empty, EmptyServer.Path);
            var bound = Over("POST that reads and writes the body as JSON", empty, EmptyServer.BoundPath);
            try
            {
                var (ours, theirs) = Pair.Alternate(check, nothing, options.Pairs, options.Each, options.WarmUp);
                var json = Pair.Alternate(check, bound, 2, options.Each, options.WarmUp);
                var details = new List<string> { Pair.Describe(check, ours, "requests"),
                    Pair.Describe(nothing, theirs, "requests"), Pair.Describe(bound, json.Theirs, "requests") };
                details.Add(string.Create(CultureInfo.InvariantCulture,
                    $"server CPU of an empty POST, as a share of a check's: {Statistics.Median(theirs.Zip(ours, (t, o) => t.CpuMicroseconds / o.CpuMicroseconds)):0.00}"));
                details.AddRange(Latencies(check, Statistics.Median(ours.Select(s => s.PerSecond)), options.Each));
                return new Row("check over HTTP, requests/s", "an empty minimal-API POST with the same body", 0.70,
                    0.90, 0.97,
                    [.. ours.Zip(theirs, (o, t) => o.PerSecond / t.PerSecond)], details);
            }
            finally
            {
                foreach (var connection in check.Connections.Concat(nothing.Connections).Concat(bound.Connections))
                    connection.Dispose();
            }
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static IEnumerable<string> Latencies(Side check, double capacity, TimeSpan time)
    {
        foreach (var share in (double[])[0.5, 0.7, 0.9])
        {
            var measured = Loops.Open(check.Connections, check.Next, capacity * share, time);
            yield return string.Create(CultureInfo.InvariantCulture,
                $"latency from the scheduled send at {share:P0} of capacity ({measured.PerSecond:N0}/s): p50 {measured.Percentile(0.5):0.00} ms, p99 {measured.Percentile(0.99):0.00} ms, p99.9 {measured.Percentile(0.999):0.00} ms, worst {measured.Percentile(1):0.0} ms");
        }
    }

    private static Side Over(string name, ServerProcess server, string path)
    {
        var request = HttpConnection.Format("POST", path, GatewayServer.AdminKey, "application/json", Body);
        return new Side(name, server,
            [.. Enumerable.Range(0, Connections).Select(_ => new HttpConnection(server.Port))], _ => request, 1);
    }
}
