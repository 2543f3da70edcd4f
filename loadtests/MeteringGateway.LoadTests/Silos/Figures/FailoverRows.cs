using System.Diagnostics;
using System.Globalization;
using MeteringGateway.LoadTests.Silos.Campaign;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Rows;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>How long a tenant does not answer when its silo is killed, and when it is told to stop.</summary>
internal static class FailoverRows
{
    private const int Tenants = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How long silos take to find a death by their settings: 3 probes of 1 s.</summary>
    private const double Detection = 3;

    public static async Task<List<Row>> Measure(Options options)
    {
        using var cluster = LoadCluster.Start(options.MeteringDll, 3, "--Metering:Cluster:BalanceEvery=00:00:00");
        using var caller = new Caller(cluster.Silos, TimeSpan.FromSeconds(12));
        await cluster.Silos[0].Gateway.PutPlan("load", Plans.Load);
        var (killed, stopped) = (new List<double>(), new List<double>());
        for (var round = 0; round < 2 * options.Rounds; round++)
        {
            var silo = cluster.Silos[round / 2 % cluster.Silos.Count];
            var struck = await Make(cluster, round, silo);
            if (round % 2 == 0) killed.AddRange(await Kill(silo, struck, caller));
            else stopped.AddRange(await Stop(silo, struck, caller));
            await Task.Run(silo.Start);
        }
        return
        [
            Row("silo killed (kill -9) to its tenants' next answer, s / 3 s (lower is better)", killed, options.Rounds,
                "kills"),
            Row("longest wait for an answer of a tenant whose silo is stopped (SIGTERM), s / 3 s (lower is better)",
                stopped, options.Rounds, "stops"),
        ];
    }

    private static Row Row(string figure, List<double> seconds, int times, string what) => new(
        figure, "the time in which a death is found by the settings, 3 probes of 1 s", null, null, null,
        [.. seconds.Select(one => one / Detection)],
        [string.Create(CultureInfo.InvariantCulture,
            $"{times} {what}, {seconds.Count} tenants: median {Statistics.Median(seconds):0.00} s, worst {seconds.Max():0.00} s")]);

    /// <summary>Tenants that live where they were made.</summary>
    private static async Task<List<string>> Make(LoadCluster cluster, int round, SiloServer home)
    {
        var tenants = Enumerable.Range(0, Tenants)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"round-{round}-{i}")).ToList();
        for (var i = 0; i < Tenants; i++)
            await home.Gateway.PutTenant(tenants[i], "load");
        return tenants;
    }

    private static async Task<IEnumerable<double>> Kill(SiloServer silo, List<string> struck, Caller caller)
    {
        silo.Process.KillHard();
        var seconds = await Failover.Of(struck, caller, Stopwatch.GetTimestamp(), silo.Number, Patience);
        return seconds.Select(one => one ?? throw new TimeoutException("a tenant did not answer"));
    }

    private static async Task<double[]> Stop(SiloServer silo, List<string> struck, Caller caller)
    {
        var ended = Task.Run(() => silo.Process.Stop());
        return await Failover.LongestWaits(struck, caller, silo.Number, ended);
    }
}
