using System.Diagnostics;
using System.Net.Sockets;

namespace MeteringGateway.LoadTests.Wire;

/// <summary>The next request of a connection, by its index. Called once for each request that is sent.</summary>
public delegate ReadOnlyMemory<byte> NextRequest(int connection);

/// <param name="Latencies">Ticks of <see cref="Stopwatch"/> from the scheduled send to the answer, sorted; empty in a
/// closed loop.</param>
public sealed record Measured(long Requests, TimeSpan Elapsed, long[] Latencies)
{
    public double PerSecond => Requests / Elapsed.TotalSeconds;

    /// <summary>Milliseconds; <paramref name="share"/> from 0 to 1.</summary>
    public double Percentile(double share) =>
        Latencies.Length == 0 ? double.NaN
            : Stopwatch.GetElapsedTime(0,
                Latencies[(int)Math.Min(Latencies.Length - 1, share * Latencies.Length)]).TotalMilliseconds;
}

/// <summary>
/// Both kinds of load, on one thread. A failed request ends the run with its exception: what fails is not measured.
/// </summary>
public static class Loops
{
    /// <summary>Each connection sends when it was answered: what the server can do.</summary>
    public static Measured Closed(IReadOnlyList<Connection> connections, NextRequest next, TimeSpan time,
        long maxRequests = 20_000_000)
    {
        var waiting = new Waiting(connections);
        long requests = 0;
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < connections.Count; i++) waiting.Send(i, next);
        while (Stopwatch.GetElapsedTime(started) < time && requests < maxRequests)
        {
            foreach (var i in waiting.Answered(1000))
            {
                requests++;
                waiting.Send(i, next);
            }
        }
        var elapsed = Stopwatch.GetElapsedTime(started);
        waiting.Drain();
        return new Measured(requests, elapsed, []);
    }

    /// <summary>
    /// Requests are due at a fixed rate whatever the answers do, and each is timed from when it was due: a server that
    /// stalls is charged for every request that should have been sent meanwhile.
    /// </summary>
    public static Measured Open(IReadOnlyList<Connection> connections, NextRequest next, double perSecond,
        TimeSpan time)
    {
        var total = (int)Math.Min(5_000_000, perSecond * time.TotalSeconds);
        var ticksBetween = Stopwatch.Frequency / perSecond;
        var waiting = new Waiting(connections);
        var idle = new Queue<int>(Enumerable.Range(0, connections.Count));
        var due = new long[connections.Count];
        var latencies = new List<long>(total);
        var started = Stopwatch.GetTimestamp();
        var limit = time + time + TimeSpan.FromSeconds(10);
        for (var sent = 0; latencies.Count < total;)
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
                throw new TimeoutException($"the server did not keep up with {perSecond:F0} requests a second");
            while (sent < total && idle.Count > 0 && started + (long)(sent * ticksBetween) is var at
                && at <= Stopwatch.GetTimestamp())
            {
                var i = idle.Dequeue();
                (due[i], sent) = (at, sent + 1);
                waiting.Send(i, next);
            }
            // Polls rather than sleeps: a timer of a millisecond would be coarser than what is measured.
            foreach (var i in waiting.Answered(0))
            {
                latencies.Add(Stopwatch.GetTimestamp() - due[i]);
                idle.Enqueue(i);
            }
        }
        var elapsed = Stopwatch.GetElapsedTime(started);
        latencies.Sort();
        return new Measured(latencies.Count, elapsed, [.. latencies]);
    }

    private sealed class Waiting(IReadOnlyList<Connection> connections)
    {
        private readonly Dictionary<Socket, int> _index = connections.Select((c, i) => (c.Socket, i))
            .ToDictionary(x => x.Socket, x => x.i);
        private readonly List<Socket> _sent = [];
        private readonly List<Socket> _ready = [];
        private readonly List<int> _answered = [];

        public void Send(int connection, NextRequest next)
        {
            connections[connection].Send(next(connection));
            _sent.Add(connections[connection].Socket);
        }

        public List<int> Answered(int microseconds)
        {
            _answered.Clear();
            if (_sent.Count == 0) return _answered;
            _ready.Clear();
            _ready.AddRange(_sent);
            Socket.Select(_ready, null, null, microseconds);
            foreach (var socket in _ready)
            {
                var i = _index[socket];
                if (!connections[i].Receive()) continue;
                _sent.Remove(socket);
                _answered.Add(i);
            }
            return _answered;
        }

        public void Drain()
        {
            for (var until = Stopwatch.GetTimestamp() + 10 * Stopwatch.Frequency; _sent.Count > 0
                && Stopwatch.GetTimestamp() < until;) Answered(1000);
        }
    }
}
