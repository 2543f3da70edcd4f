using System.Diagnostics;
using System.Globalization;
using MeteringGateway.LoadTests.Rows;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Silos.Campaign;

namespace MeteringGateway.LoadTests.Silos.Rolling;

/// <summary>
/// Three silos behind a balancer are restarted one after the other, again and again, as docs/operating.md says an
/// upgrade is done, while the same load goes on: every answer is counted by what it was, and at the end the journals
/// are compared with what was acknowledged.
/// </summary>
internal sealed class RollingRestart(Options options, TextWriter output)
{
    private const int Silos = 3;
    private const int Tenants = 60;
    private const int PerSecond = 300;
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(5);
    private readonly List<string> _failures = [];
    private readonly List<double> _ends = [];
    private readonly List<double> _starts = [];

    /// <returns>What was not as it must be; each is printed too.</returns>
    public async Task<IReadOnlyList<string>> Run()
    {
        output.WriteLine(options.Machine);
        using var cluster = LoadCluster.Start(options.MeteringDll, Silos);
        var tenants = await Make(cluster);
        await using var balancer = new Balancer(cluster.Silos, TimeSpan.FromSeconds(30));
        var (ledger, answers) = (new Ledger(), new Answers());
        var load = new SteadyLoad(tenants, balancer, ledger, answers);
        load.Start(PerSecond);
        for (var round = 0; round < options.Rounds; round++)
            foreach (var silo in cluster.Silos)
                await Restart(silo, balancer);
        await Task.Delay(Between);
        await load.Stop();
        await Compare(cluster, tenants, ledger);
        _failures.AddRange(answers.Unexpected);
        Tell(answers, ledger);
        return _failures;
    }

    private static async Task<List<string>> Make(LoadCluster cluster)
    {
        await cluster.Silos[0].Gateway.PutPlan("load", Plans.Load);
        var tenants = Enumerable.Range(0, Tenants)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"rolling-{i}")).ToList();
        foreach (var (i, tenant) in tenants.Index())
            await cluster.Silos[i % Silos].Gateway.PutTenant(tenant, "load");
        return tenants;
    }

    private async Task Restart(SiloServer silo, Balancer balancer)
    {
        await Task.Delay(Between);
        var from = Stopwatch.GetTimestamp();
        var code = await Task.Run(silo.Process.Stop);
        _ends.Add(Stopwatch.GetElapsedTime(from).TotalSeconds);
        if (code != 0) _failures.Add(silo.Process.Failure("did not end well when it was asked to").Message);
        from = Stopwatch.GetTimestamp();
        await Task.Run(silo.Start);
        _starts.Add(Stopwatch.GetElapsedTime(from).TotalSeconds);
        while (!balancer.IsReady(silo.Number)) await Task.Delay(50);
    }

    private async Task Compare(LoadCluster cluster, List<string> tenants, Ledger ledger)
    {
        await using var audit = await Audit.Of(cluster.Redis.Process.Port);
        foreach (var tenant in tenants)
            _failures.AddRange((await audit.Tenant(tenant, [.. ledger.Of(tenant)],
                ledger.Reservations(tenant).Count)).Failures);
        _failures.AddRange(ledger.Contradictions);
        if (ledger.Acknowledged < ledger.Sent) _failures.Add($"{ledger.InFlight} events were never answered");
        if (ledger.Unsettled.Count > 0) _failures.Add($"{ledger.Unsettled.Count} reservations were not settled");
    }

    private void Tell(Answers answers, Ledger ledger)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{_ends.Count} restarts under {PerSecond} requests a second, {answers.Total:N0} sent, {ledger.Sent:N0} events"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"SIGTERM to the end: median {Statistics.Median(_ends):0.00} s, worst {_ends.Max():0.00} s; start to ready: median {Statistics.Median(_starts):0.00} s, worst {_starts.Max():0.00} s"));
        foreach (var line in answers.Lines()) output.WriteLine(line);
        foreach (var line in _failures) output.WriteLine(line);
        output.WriteLine(_failures.Count == 0
            ? "no answer other than 2xx and 503 unavailable; nothing lost, nothing twice" : $"FAILED: {_failures.Count}");
    }
}
