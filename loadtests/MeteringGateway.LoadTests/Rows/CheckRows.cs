using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>The allowance check over HTTP against minimal-API POSTs with the same body.</summary>
internal static class CheckRows
{
    private const string Figure = "check over HTTP, requests/s";
    private const int Connections = 64;
    private static readonly byte[] Body =
        """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}"""u8.ToArray();

    public static async Task<IReadOnlyList<Row>> Measure(Options options)
    {
        using var bed = await Bed.Start(options, 1);
        using var empty = EmptyServer.Start(options);
        using var check = Over("check", bed.Gateway.Process, $"/v1/tenants/{Batch.Tenant(0)}/check");
        using var bound = Over("POST that reads and writes the body as JSON", empty, EmptyServer.BoundPath);
        using var nothing = Over("empty POST", empty, EmptyServer.Path);
        var (ours, theirs) = Pair.Alternate(check, bound, options.Pairs, options.Each, options.WarmUp);
        var beside = Pair.Alternate(check, nothing, options.Pairs, options.Each, options.WarmUp);
        return
        [
            new Row(Figure, "a minimal-API POST that reads the same body and answers one as JSON", 0.90, 1.05, 1.3,
                Pair.Ratios(ours, theirs),
                [Pair.Describe(check, ours, "requests"), Pair.Describe(bound, theirs, "requests"),
                    .. Latencies(check, Statistics.Median(ours.Select(s => s.PerSecond)), options.Each)]),
            new Row(Figure, "an empty POST that reads nothing", 0.70, 0.85, 0.95,
                Pair.Ratios(beside.Ours, beside.Theirs),
                [Pair.Describe(check, beside.Ours, "requests"), Pair.Describe(nothing, beside.Theirs, "requests")]),
        ];
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
