using System.Collections.Concurrent;
using System.Diagnostics;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// How long requests took, by method, route and status. Routes are those that are mapped, never addresses: what no
/// route is for is one of them, <c>none</c>. Every check is counted, so counting is two additions to an array that is
/// read when somebody scrapes.
/// </summary>
internal sealed class HttpTimes
{
    /// <summary>Nobody waited for the answer: the caller went away first.</summary>
    private const int CallerGone = 499;

    /// <summary>Upper bounds of the buckets, in seconds; the last is how long a caller waits at most.</summary>
    public static readonly double[] Bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 15];

    private static readonly long[] InTicks = [.. Bounds.Select(bound => (long)(bound * Stopwatch.Frequency))];

    private readonly ConcurrentDictionary<Endpoint, Route> _routes = new(ReferenceEqualityComparer.Instance);
    private readonly Route _none = new("none", "none");

    /// <summary>Of a stream that was opened: it lasts as long as who reads or writes it likes.</summary>
    public static void Leave(HttpContext context) => context.Features.Set(Endless.Instance);

    /// <param name="began">A timestamp of <see cref="Stopwatch"/>, from when the request had come.</param>
    public void Count(HttpContext context, long began)
    {
        if (context.Features.Get<Endless>() is not null) return;
        var took = Stopwatch.GetTimestamp() - began;
        // What the router itself answers, such as 405, is of no route either.
        var route = context.GetEndpoint() is not RouteEndpoint endpoint ? _none
            : _routes.TryGetValue(endpoint, out var known) ? known
            : _routes.GetOrAdd(endpoint, static (_, of) => Route.Of(of), endpoint);
        var gone = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted;
        route.Of(gone ? CallerGone : context.Response.StatusCode).Add(took);
    }

    /// <summary>Hands on what came since the last time, bucket by bucket.</summary>
    /// <param name="observe">Told the labels, seconds, and of how many requests that is the mean.</param>
    public void Pour(Action<string[], double, long> observe)
    {
        foreach (var route in _routes.Values.Append(_none)) route.Pour(observe);
    }

    private sealed class Endless
    {
        public static readonly Endless Instance = new();
    }

    private sealed class Route(string method, string template)
    {
        private readonly Lock _gate = new();
        private Cells[] _statuses = [];

        public static Route Of(RouteEndpoint endpoint) =>
            new(endpoint.Metadata.GetMetadata<IHttpMethodMetadata>() is { HttpMethods: [var method, ..] } ? method
                : "any", '/' + endpoint.RoutePattern.RawText?.TrimStart('/'));

        public Cells Of(int status)
        {
            foreach (var cells in Volatile.Read(ref _statuses)) if (cells.Status == status) return cells;
            lock (_gate)
            {
                if (Array.Find(_statuses, cells => cells.Status == status) is { } there) return there;
                var added = new Cells(status);
                Volatile.Write(ref _statuses, [.. _statuses, added]);
                return added;
            }
        }

        public void Pour(Action<string[], double, long> observe)
        {
            foreach (var cells in Volatile.Read(ref _statuses)) cells.Pour([method, template, cells.Name], observe);
        }
    }

    /// <summary>Of each bucket how many requests, and the ticks that they took together.</summary>
    private sealed class Cells(int status)
    {
        private readonly long[] _counts = new long[InTicks.Length + 1];
        private readonly long[] _ticks = new long[InTicks.Length + 1];
        private readonly long[] _poured = new long[InTicks.Length + 1];
        private readonly long[] _pouredTicks = new long[InTicks.Length + 1];

        public int Status => status;
        public string Name { get; } = Json.Text.Of((long)status);

        public void Add(long took)
        {
            var at = 0;
            while (at < InTicks.Length && took > InTicks[at]) at++;
            Interlocked.Add(ref _ticks[at], took);
            Interlocked.Increment(ref _counts[at]);
        }

        public void Pour(string[] labels, Action<string[], double, long> observe)
        {
            for (var at = 0; at < _counts.Length; at++)
            {
                var count = Volatile.Read(ref _counts[at]) - _poured[at];
                if (count == 0) continue;
                var ticks = Volatile.Read(ref _ticks[at]) - _pouredTicks[at];
                // The ticks may be of a request more than the count is: the mean stays in its bucket all the same.
                var mean = Math.Max((double)ticks / count, at == 0 ? 0 : InTicks[at - 1] + 1);
                if (at < InTicks.Length) mean = Math.Min(mean, InTicks[at]);
                observe(labels, mean / Stopwatch.Frequency, count);
                _poured[at] += count;
                _pouredTicks[at] += ticks;
            }
        }
    }
}
