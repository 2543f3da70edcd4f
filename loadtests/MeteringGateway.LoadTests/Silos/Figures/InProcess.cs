using System.Diagnostics;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>
/// Workers in this process that each do one thing after the other; the CPU is this process's, and that of servers
/// beside it.
/// </summary>
/// <param name="Step">One step of a worker, by the worker's number and how many it has done; how many operations it
/// was.</param>
internal sealed record InProcess(string Name, int Workers, IReadOnlyList<ServerProcess> Beside,
    Func<int, long, ValueTask<int>> Step) : Measurable(Name)
{
    private readonly long[] _done = new long[Workers];

    public override Sample Measure(TimeSpan time)
    {
        var (cpu, started) = (Cpu(), Stopwatch.GetTimestamp());
        var operations = Task.WhenAll(Enumerable.Range(0, Workers)
            .Select(worker => Task.Run(() => Work(worker, started, time)))).GetAwaiter().GetResult().Sum();
        var elapsed = Stopwatch.GetElapsedTime(started);
        return new Sample(operations / elapsed.TotalSeconds, (Cpu() - cpu).TotalMicroseconds / operations);
    }

    private async Task<long> Work(int worker, long started, TimeSpan time)
    {
        var operations = 0L;
        while (Stopwatch.GetElapsedTime(started) < time) operations += await Step(worker, _done[worker]++);
        return operations;
    }

    private TimeSpan Cpu()
    {
        using var self = Process.GetCurrentProcess();
        return Beside.Aggregate(self.TotalProcessorTime, (sum, server) => sum + server.CpuTime);
    }
}
