using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Checks at a fixed rate while ingest is driven to saturation, against the same checks sent to an empty endpoint of
/// another process beside the same load: how long the slowest hundredth take, from the scheduled send.
/// </summary>
public static class BesideRow
{
    private const int Rate = 1_000;
    private const int Checkers = 32;
    private const int Reporters = 16;
    private const int Tenants = 100;

    public static async Task<Row> Measure(Options options)
    {
        var data = Directory.CreateTempSubdirectory("metering-load-");
        try
        {
            using var gateway = GatewayServer.Start(options.MeteringDll, data.FullName, options.Machine.ServerCores);
            await gateway.PutPlan("load", Plans.Load);
            for (var i = 0; i < Tenants; i++) await gateway.PutTenant(Batch.Tenant(i), "load");
            using var empty = ServerProcess.Start(options.Machine.ServerCores, "dotnet",
                [typeof(BesideRow).Assembly.Location, "empty-server"]);
            using var ingest = new Ingest(gateway);
            var check = Over(gateway.Process, i => $"/v1/tenants/{Batch.Tenant(i % Tenants)}/check");
            var nothing = Over(empty, _ => EmptyServer.BoundPath);
            var (ours, theirs) = (new List<Measured>(), new List<Measured>());
            try
            {
                for (var i = -2; i < options.Pairs; i++)
                {
                    var first = check;
                    foreach (var side in i % 2 == 0 ? [check, nothing] : new[] { nothing, check })
                    {
                        var measured = ingest.Beside(() =>
                            Loops.Open(side.Connections, side.Next, Rate, options.Each), counted: side == first);
                        if (i >= 0) (side == check ? ours : theirs).Add(measured);
                    }
                    if (i < 0) ingest.Forget();
                }
                return new Row("p99 of checks at 1,000/s beside saturating ingest (lower is better)",
                    "the same checks sent to an endpoint that only reads and writes JSON, beside the same load", null,
                    null, null, [.. ours.Zip(theirs, (o, t) => o.Percentile(0.99) / t.Percentile(0.99))],
                    [Describe("checks", ours), Describe("empty endpoint", theirs), ingest.ToString()]);
            }
            finally
            {
                foreach (var connection in check.Connections.Concat(nothing.Connections)) connection.Dispose();
            }
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static string Describe(string name, List<Measured> all) => string.Create(CultureInfo.InvariantCulture,
        $"{name}: p50 {Of(all, 0.5):0.00} ms, p99 {Of(all, 0.99):0.0} ms ({all.Min(one => one.Percentile(0.99)):0.0} to {all.Max(one => one.Percentile(0.99)):0.0}), p99.9 {Of(all, 0.999):0.0} ms");

    private static double Of(List<Measured> all, double share) =>
        Statistics.Median(all.Select(one => one.Percentile(share)));

    private static (HttpConnection[] Connections, NextRequest Next) Over(ServerProcess server, Func<int, string> path)
    {
        byte[][] requests = [.. Enumerable.Range(0, Checkers)
            .Select(i => HttpConnection.Format("POST", path(i), GatewayServer.AdminKey, "application/json",
                """{"outcome_type":"support.resolution","agent":"agent-7","channel":"chat"}"""u8))];
        return ([.. requests.Select(_ => new HttpConnection(server.Port))], i => requests[i]);
    }

    /// <summary>Batches of 100 as fast as they are answered, on a thread of its own.</summary>
    private sealed class Ingest : IDisposable
    {
        private readonly Counter _ids = new();
        private readonly Batch[] _batches;
        private readonly HttpConnection[] _connections;
        private readonly List<double> _perSecond = [];
        private readonly List<double> _cpu = [];
        private readonly ServerProcess _server;

        public Ingest(GatewayServer gateway)
        {
            _server = gateway.Process;
            _batches = [.. Enumerable.Range(0, Reporters).Select(_ => Batch.ForGateway(Tenants, _ids))];
            _connections = [.. _batches.Select(_ => new HttpConnection(gateway.Port))];
        }

        public Measured Beside(Func<Measured> checks, bool counted)
        {
            var stop = false;
            var requests = 0L;
            var time = TimeSpan.Zero;
            var load = new Thread(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    var measured = Loops.Closed(_connections, i => _batches[i].Next(), TimeSpan.FromSeconds(0.5));
                    (requests, time) = (requests + measured.Requests, time + measured.Elapsed);
                }
            });
            var before = _server.CpuTime;
            load.Start();
            var result = checks();
            Volatile.Write(ref stop, true);
            load.Join();
            if (counted)
            {
                _perSecond.Add(requests * Batch.Size / time.TotalSeconds);
                _cpu.Add((_server.CpuTime - before).TotalMicroseconds / (requests * Batch.Size));
            }
            return result;
        }

        public void Forget()
        {
            _perSecond.Clear();
            _cpu.Clear();
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"ingest beside checks: {Statistics.Median(_perSecond):N0} events a second ({_perSecond.Min():N0} to {_perSecond.Max():N0}), {Statistics.Median(_cpu):0.0} us of server CPU each, checks included; {Reporters} connections, {Tenants} tenants in a batch");

        public void Dispose()
        {
            foreach (var connection in _connections) connection.Dispose();
        }
    }
}
