using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>Batches of 100 over 100 tenants on 16 connections, on a thread of its own, beside what is timed.</summary>
internal sealed class IngestLoad : IDisposable
{
    public const int Tenants = 100;
    private const int Connections = 16;
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(0.5);

    private readonly Side _side;
    private readonly ServerProcess _server;
    private readonly List<double> _perSecond = [];
    private readonly List<double> _cpu = [];

    public IngestLoad(Bed bed)
    {
        var ids = new Counter();
        _server = bed.Gateway.Process;
        _side = bed.Reports([.. Enumerable.Range(0, Connections).Select(_ => Batch.ForGateway(Tenants, ids))]);
    }

    /// <summary>Events a second, with nothing beside.</summary>
    public double Capacity(TimeSpan time) => _side.Measure(time).PerSecond;

    /// <param name="counted">Whether what the load came to is kept.</param>
    /// <param name="perSecond">Events; null: as many as are answered.</param>
    public Measured Beside(Func<Measured> timed, bool counted, double? perSecond = null)
    {
        var stop = false;
        var (requests, time) = (0L, TimeSpan.Zero);
        var load = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                var measured = perSecond is null ? Loops.Closed(_side.Connections, _side.Next, Each)
                    : Loops.Open(_side.Connections, _side.Next, perSecond.Value / Batch.Size, Each, wait: 500);
                (requests, time) = (requests + measured.Requests, time + measured.Elapsed);
            }
        });
        var before = _server.CpuTime;
        load.Start();
        Measured result;
        try
        {
            result = timed();
        }
        finally
        {
            Volatile.Write(ref stop, true);
            load.Join();
        }
        if (counted)
        {
            _perSecond.Add(requests * Batch.Size / time.TotalSeconds);
            _cpu.Add((_server.CpuTime - before).TotalMicroseconds / (requests * Batch.Size));
        }
        return result;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"ingest beside: {Statistics.Median(_perSecond):N0} events a second ({_perSecond.Min():N0} to {_perSecond.Max():N0}), {Statistics.Median(_cpu):0.0} us of server CPU each, what is beside included; {Connections} connections, {Tenants} tenants in a batch");

    public void Dispose() => _side.Dispose();
}
