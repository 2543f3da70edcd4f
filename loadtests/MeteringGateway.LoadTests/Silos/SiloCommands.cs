using System.Globalization;
using MeteringGateway.LoadTests.Silos.Campaign;
using MeteringGateway.LoadTests.Silos.Figures;
using MeteringGateway.LoadTests.Silos.Memory;
using MeteringGateway.LoadTests.Silos.Rolling;

namespace MeteringGateway.LoadTests.Silos;

/// <summary>The commands whose subject is several silos over one Redis.</summary>
internal static class SiloCommands
{
    /// <returns>The exit code: 1 if anything was not as it must be.</returns>
    public static async Task<int> Run(Options options)
    {
        try
        {
            switch (options.Command)
            {
                case "cluster-faults":
                    return (await new ClusterCampaign(options.Rounds, options.Seed, options.MeteringDll, Console.Out)
                        .Run()).Failures.Count == 0 ? 0 : 1;
                case "cluster-rolling":
                    return (await new RollingRestart(options, Console.Out).Run()).Count == 0 ? 0 : 1;
                case "cluster-memory":
                    using (var run = new MemoryRun(options, Console.Out)) await run.Run();
                    return 0;
                default:
                    await Measure(options);
                    return 0;
            }
        }
#pragma warning disable CA1031 // Caught, so that the servers that were started are ended.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Console.Error.WriteLine(e);
            return 1;
        }
    }

    private static async Task Measure(Options options)
    {
        Console.WriteLine(options.Machine);
        var load = Machine.Load;
        var rows = new List<Row>();
        void Add(params IEnumerable<Row> measured)
        {
            foreach (var row in measured)
            {
                rows.Add(row);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{row.Figure}: {row.Median:0.00}; {string.Join("; ", row.Details)}"));
            }
        }
        if (options.Wants("reports")) Add(await ReportRows.OverHttp(options), await ReportRows.InThisProcess(options));
        if (options.Wants("scale")) Add(await ScaleRows.Measure(options));
        if (options.Wants("failover")) Add(await FailoverRows.Measure(options));
        new Report(options.Machine, DateTime.UtcNow, load, Machine.Load, rows).Publish(options, "loadtests cluster-figures");
    }
}
