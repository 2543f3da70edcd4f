using System.Diagnostics;
using System.Globalization;
using System.Text;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>
/// Small tenants' life beside something large: checks, and every fourth time an event, at a fixed rate on one
/// connection. Each is timed from when it was due, so that a server that stalls is charged for all that waited.
/// </summary>
internal sealed class Probe : IDisposable
{
    private const double PerSecond = 200;
    private readonly HttpConnection _connection;
    private readonly byte[][] _checks;
    private readonly int _tenants;
    private static long _events; // of all probes: an id that comes again is a duplicate

    public Probe(int port, int tenants)
    {
        (_connection, _tenants) = (new HttpConnection(port), tenants);
        _checks = [.. Enumerable.Range(0, tenants).Select(i => HttpConnection.Format("POST",
            $"/v1/tenants/{Tenant(i)}/check", GatewayServer.AdminKey, "application/json",
            """{"outcome_type":"support.resolution","agent":"agent-7"}"""u8))];
    }

    public static string Tenant(int i) => string.Create(CultureInfo.InvariantCulture, $"small-{i}");

    /// <summary>Goes on until <paramref name="work"/> has ended, and for at least <paramref name="least"/>.</summary>
    public async Task<Measured> Beside(Func<Task> work, TimeSpan least)
    {
        var ended = false;
        var probing = Task.Factory.StartNew(() => Go(() => Volatile.Read(ref ended), least),
            TaskCreationOptions.LongRunning);
        try
        {
            await work();
        }
        finally
        {
            Volatile.Write(ref ended, true);
        }
        return await probing;
    }

    public void Dispose() => _connection.Dispose();

    private Measured Go(Func<bool> ended, TimeSpan least)
    {
        var latencies = new List<long>();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; !ended() || Stopwatch.GetElapsedTime(started) < least; i++)
        {
            var due = started + (long)(i * Stopwatch.Frequency / PerSecond);
            while (Stopwatch.GetTimestamp() < due) Thread.Sleep(1);
            _connection.Send(i % 4 == 3 ? Event() : _checks[i % _tenants]);
            while (!_connection.Receive()) { }
            latencies.Add(Stopwatch.GetTimestamp() - due);
        }
        latencies.Sort();
        return new Measured(latencies.Count, Stopwatch.GetElapsedTime(started), [.. latencies]);
    }

    private byte[] Event()
    {
        var number = ++_events;
        var body = string.Create(CultureInfo.InvariantCulture, $$$"""
            {"specversion":"1.0","id":"p{{{number}}}-{{{Environment.ProcessId}}}","source":"/probe","type":"outcome.reported","subject":"{{{Tenant((int)(number % _tenants))}}}","data":{"outcome_type":"support.resolution","result":"success"}}
            """);
        return HttpConnection.Format("POST", "/v1/events", GatewayServer.AdminKey, "application/cloudevents+json",
            Encoding.UTF8.GetBytes(body.Trim()));
    }
}
