using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// From when a pause was due to be asked for until its signal is read from the stream, while ingest runs at 70 % of
/// what it can, against an endpoint of another process that syncs some bytes and pushes, beside the same load.
/// </summary>
internal static class PauseSignalRow
{
    private const double PerSecond = 40; // of pauses and resumes

    public static async Task<Row> Measure(Options options)
    {
        using var bed = await Bed.Start(options, IngestLoad.Tenants);
        await bed.Gateway.PutTenant("paused", "load");
        using var empty = EmptyServer.Start(options);
        using var ingest = new IngestLoad(bed);
        var load = 0.7 * ingest.Capacity(options.Short ? options.Each : TimeSpan.FromSeconds(10));
        using var signals = new Pushed(bed.Gateway.Process, "/v1/tenants/paused/signals",
            Post("/v1/tenants/paused/pause", """{"action":"pause","reason":"measured"}"""),
            Post("/v1/tenants/paused/resume", "{}"));
        using var bare = new Pushed(empty, EmptyServer.StreamPath, Post(EmptyServer.PushPath, "{}"),
            Post(EmptyServer.PushPath, "{}"));
        var (ours, theirs) = (new List<Measured>(), new List<Measured>());
        for (var i = options.First; i < options.Pairs; i++)
            foreach (var mine in i % 2 == 0 ? [true, false] : new[] { false, true })
            {
                var measured = ingest.Beside(() => (mine ? signals : bare).Measure(3 * options.Each),
                    counted: i >= 0 && mine, load);
                if (i >= 0) (mine ? ours : theirs).Add(measured);
            }
        return new Row("pause signal p99 at 70 % load", "a bare push after one flush, beside the same load", 5, 2, 1.2,
            [.. ours.Zip(theirs, (o, t) => o.Percentile(0.99) / t.Percentile(0.99))],
            [Describe("pause", ours), Describe("bare push", theirs), ingest.ToString()])
        {
            LowerIsBetter = true,
        };
    }

    private static string Describe(string name, List<Measured> all) => string.Create(CultureInfo.InvariantCulture,
        $"{name}: p50 {Statistics.Median(all.Select(one => one.Percentile(0.5))):0.00} ms, p99 {Statistics.Median(all.Select(one => one.Percentile(0.99))):0.0} ms, {all[0].Requests} in each run");

    private static byte[] Post(string path, string body) => HttpConnection.Format("POST", path, GatewayServer.AdminKey,
        "application/json", Encoding.UTF8.GetBytes(body));

    /// <summary>A stream, and what makes it say something: two requests in turns.</summary>
    private sealed class Pushed : IDisposable
    {
        private readonly HttpConnection _asks;
        private readonly Socket _stream;
        private readonly byte[] _pause, _resume;
        private readonly byte[] _buffer = new byte[64 * 1024];
        private int _waiting; // events that were read and not yet asked after

        public Pushed(ServerProcess server, string stream, byte[] pause, byte[] resume)
        {
            (_pause, _resume, _asks) = (pause, resume, new HttpConnection(server.Port));
            _stream = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _stream.Connect(IPAddress.Loopback, server.Port);
            _stream.Send(HttpConnection.Format("GET", stream, GatewayServer.AdminKey, "text/plain", []));
            // Whatever it begins with comes at once; a pause and a resume tell that it listens.
            Ask(_pause);
            Ask(_resume);
            while (_stream.Poll(500_000, SelectMode.SelectRead)) Read();
            _waiting = 0;
        }

        public Measured Measure(TimeSpan time)
        {
            var latencies = new List<long>();
            var started = Stopwatch.GetTimestamp();
            var many = Math.Max(4, (int)(PerSecond * time.TotalSeconds));
            for (var i = 0; i < many; i++)
            {
                var due = started + (long)(i * Stopwatch.Frequency / PerSecond);
                while (Stopwatch.GetTimestamp() < due) Thread.Sleep(1);
                _asks.Send(i % 2 == 0 ? _pause : _resume);
                while (_waiting == 0) Read();
                _waiting--;
                if (i % 2 == 0) latencies.Add(Stopwatch.GetTimestamp() - due);
                while (!_asks.Receive()) { }
            }
            latencies.Sort();
            return new Measured(latencies.Count, Stopwatch.GetElapsedTime(started), [.. latencies]);
        }

        public void Dispose()
        {
            _asks.Dispose();
            _stream.Dispose();
        }

        private void Ask(byte[] request)
        {
            _asks.Send(request);
            while (!_asks.Receive()) { }
        }

        /// <summary>An event's data is written in one piece, and a chunk of it is small.</summary>
        private void Read()
        {
            var read = _stream.Receive(_buffer);
            if (read == 0) throw new IOException("the stream ended");
            _waiting += _buffer.AsSpan(0, read).Count("data: "u8);
        }
    }
}
