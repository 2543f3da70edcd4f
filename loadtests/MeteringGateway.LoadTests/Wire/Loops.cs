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
        // At least one is answered, on however busy a machine.
        while ((Stopwatch.GetElapsedTime(started) < time || requests == 0) && requests < maxRequests)
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
    /// <param name="wait">Microseconds to wait for answers at a time. 0 polls, as a timer would be coarser than what is
    /// measured; what is only load leaves the core to others.</param>
    public static Measured Open(IReadOnlyList<Connection> connections, NextRequest next, double perSecond,
        TimeSpan time, int wait = 0)
    {
        var total = (int)Math.Clamp(perSecond * time.TotalSeconds, 1, 5_000_000);
        var latencies = new List<long>(total);
        var elapsed = Open(connections, next, Enumerable.Range(0, total).Select(i => i / perSecond), latencies.Add,
            time + time + TimeSpan.FromSeconds(60), wait);
        latencies.Sort();
        return new Measured(latencies.Count, elapsed, [.. latencies]);
    }

    /// <param name="due">When each request is due, in seconds from the start, in order.</param>
    /// <param name="answered">Told the ticks of <see cref="Stopwatch"/> from then to each answer.</param>
    /// <returns>How long it took.</returns>
    /// <exception cref="TimeoutException">Not all was answered within that time.</exception>
    public static TimeSpan Open(IReadOnlyList<Connection> connections, NextRequest next, IEnumerable<double> due,
        Action<long> answered, TimeSpan limit, int wait = 0)
    {
        var waiting = new Waiting(connections);
        var idle = new Queue<int>(Enumerable.Range(0, connections.Count));
        var sent = new long[connections.Count];
        using var schedule = due.GetEnumerator();
        var more = schedule.MoveNext();
        var started = Stopwatch.GetTimestamp();
        while (more || idle.Count < connections.Count)
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
                throw new TimeoutException($"the server did not keep up: not all was answered within {limit}");
            for (; more && idle.Count > 0 && started + (long)(schedule.Current * Stopwatch.Frequency) is var at
                && at <= Stopwatch.GetTimestamp(); more = schedule.MoveNext())
            {
                var i = idle.Dequeue();
                sent[i] = at;
                waiting.Send(i, next);
            }
            if (wait > 0 && idle.Count == connections.Count) Thread.Sleep(1);
            foreach (var i in waiting.Answered(wait))
            {
                answered(Stopwatch.GetTimestamp() - sent[i]);
                idle.Enqueue(i);
            }
        }
        return Stopwatch.GetElapsedTime(started);
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
