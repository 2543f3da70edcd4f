using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>One of two things that are compared.</summary>
public abstract record Measurable(string Name)
{
    public abstract Sample Measure(TimeSpan time);
}

/// <summary>A server that is sent requests.</summary>
/// <param name="PerRequest">Operations that a request stands for.</param>
public sealed record Side(string Name, ServerProcess Server, IReadOnlyList<Connection> Connections, NextRequest Next,
    int PerRequest) : Measurable(Name), IDisposable
{
    /// <summary>Whose CPU is counted too.</summary>
    public IReadOnlyList<ServerProcess> Beside { get; init; } = [];

    /// <summary>Microseconds: CPU is not told more finely, and is never none.</summary>
    private const double Tick = 10_000;

    private TimeSpan CpuTime => Beside.Aggregate(Server.CpuTime, (sum, server) => sum + server.CpuTime);

    public override Sample Measure(TimeSpan time)
    {
        var before = CpuTime;
        var measured = Loops.Closed(Connections, Next, time);
        var operations = measured.Requests * PerRequest;
        return new Sample(operations / measured.Elapsed.TotalSeconds,
            Math.Max((CpuTime - before).TotalMicroseconds, Tick) / operations);
    }

    public void Dispose()
    {
        foreach (var connection in Connections) connection.Dispose();
    }
}

public readonly record struct Sample(double PerSecond, double CpuMicroseconds);

/// <summary>Measures two sides in turns, ABBA, so that a machine that slows down slows both.</summary>
public static class Pair
{
    /// <returns>Samples of both sides in the order in which they were taken, pair by pair.</returns>
    public static (List<Sample> Ours, List<Sample> Theirs) Alternate(Measurable ours, Measurable theirs, int pairs,
        TimeSpan each, TimeSpan warmUp)
    {
        var (a, b) = (new List<Sample>(), new List<Sample>());
        WarmUp(ours, warmUp);
        WarmUp(theirs, warmUp);
        for (var i = 0; i < pairs; i++)
        {
            if (i % 2 == 0)
            {
                a.Add(ours.Measure(each));
                b.Add(theirs.Measure(each));
            }
            else
            {
                b.Add(theirs.Measure(each));
                a.Add(ours.Measure(each));
            }
        }
        return (a, b);
    }

    /// <summary>
    /// Until an operation's CPU falls no more: as long as the server compiles what it runs, it is its compiler that is
    /// measured, and on one core the runtime's second, optimizing round takes long. At least eight and at most 25
    /// times; not at all with no time.
    /// </summary>
    private static void WarmUp(Measurable side, TimeSpan each)
    {
        if (each == TimeSpan.Zero) return;
        var (best, settled) = (double.MaxValue, 0);
        for (var i = 0; i < 25 && (i < 8 || settled < 4); i++)
        {
            var now = side.Measure(each).CpuMicroseconds;
            settled = now < best * 0.97 ? 0 : settled + 1;
            best = Math.Min(best, now);
        }
    }

    /// <summary>Ours to theirs, of operations a second, pair by pair.</summary>
    public static IReadOnlyList<double> Ratios(List<Sample> ours, List<Sample> theirs) =>
        [.. ours.Zip(theirs, (o, t) => o.PerSecond / t.PerSecond)];

    public static string Describe(Measurable side, IReadOnlyCollection<Sample> samples, string unit) =>
        string.Create(CultureInfo.InvariantCulture,
        $"{side.Name}: {Statistics.Median(samples.Select(s => s.PerSecond)):N0} {unit} a second, {Statistics.Median(samples.Select(s => s.CpuMicroseconds)):0.0} us of server CPU each");
}
