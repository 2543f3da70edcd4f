using System.Diagnostics;
using System.Globalization;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>Does one fault under load, and puts things right again. The load goes on all the while.</summary>
internal sealed class Faults(LoadCluster cluster, Caller prober, Counters counters, Totals totals)
{
    /// <summary>With live connections to it, Orleans takes its time before it declares a silent silo dead.</summary>
    private static readonly TimeSpan Declared = TimeSpan.FromSeconds(90);

    /// <returns>What was done, in words.</returns>
    public Task<string> Do(Fault fault, IReadOnlyList<string> tenants, Load load, Random random) => fault switch
    {
        Fault.KillSilo => KillSilo(tenants, load, random),
        Fault.KillRedis => KillRedis(tenants, load, random),
        _ => FreezeSilo(tenants, load, random),
    };

    private async Task<string> KillSilo(IReadOnlyList<string> tenants, Load load, Random random)
    {
        var silo = await Whereabouts.Fullest(cluster.Silos);
        await counters.Ask(silo);
        Note(load.Ledger);
        silo.Process.KillHard();
        var since = Stopwatch.GetTimestamp();
        totals.Kills++;
        var answered = await Answered(Fault.KillSilo, tenants, since, silo.Number);
        await Task.Delay(random.Next(0, 1000));
        await Task.Run(silo.Start);
        return Text($"silo {silo.Number} killed, {answered}");
    }

    private async Task<string> KillRedis(IReadOnlyList<string> tenants, Load load, Random random)
    {
        Note(load.Ledger);
        cluster.Redis.Process.KillHard();
        var since = Stopwatch.GetTimestamp();
        totals.RedisKills++;
        var down = random.Next(50, 2000);
        await Task.Delay(down);
        await Task.Run(cluster.Redis.StartAgain);
        var answered = await Answered(Fault.KillRedis, tenants, since, null);
        await Task.Delay(random.Next(1000, 2500));
        return Text($"Redis killed for {down} ms, {answered}");
    }

    /// <summary>
    /// Redis stands still for a moment first, so that a flush of the silo is under way and the next is filled; then the
    /// silo does, with requests in its sockets. When it goes on, its tenants have been written elsewhere: what it still
    /// appends comes too late.
    /// </summary>
    private async Task<string> FreezeSilo(IReadOnlyList<string> tenants, Load load, Random random)
    {
        var silo = await Whereabouts.Fullest(cluster.Silos);
        await counters.Ask(silo);
        Note(load.Ledger);
        cluster.Redis.Process.Signal("STOP");
        load.Burst(silo.Number, tenants);
        await Task.Delay(random.Next(100, 300));
        silo.Process.Signal("STOP");
        var since = Stopwatch.GetTimestamp();
        cluster.Redis.Process.Signal("CONT");
        totals.Pauses++;
        var answered = await Answered(Fault.FreezeSilo, tenants, since, silo.Number);
        // The others have written to its tenants by then.
        await Task.Delay(random.Next(1500, 3000));
        var before = counters.FencesLostOf(silo);
        silo.Process.Signal("CONT");
        if (await counters.Follow(silo, TimeSpan.FromSeconds(20)) > 0) totals.AskedAfterwards++;
        var late = counters.FencesLostOf(silo) - before;
        totals.RefusedLate += late;
        var ended = silo.Process.Ended(TimeSpan.FromSeconds(1));
        if (ended) totals.EndedThemselves++;
        else silo.Process.KillHard();
        await Task.Run(silo.Start);
        return Text(
            $"silo {silo.Number} frozen, {answered}; {late} late appends refused, {(ended ? "it ended itself" : "it was killed")}");
    }

    private void Note(Ledger ledger)
    {
        totals.Acknowledged += ledger.Acknowledged;
        totals.InFlight += ledger.InFlight;
    }

    private async Task<string> Answered(Fault fault, IReadOnlyCollection<string> tenants, long since, int? not)
    {
        var seconds = await Failover.Of(tenants, prober, since, not, Declared);
        if (seconds.Max() is { } last) totals.Failovers[fault].Add(last);
        if (seconds.Any(one => one is null))
            totals.Failures.Add($"a tenant did not answer within {Declared.TotalSeconds} s");
        return seconds.Length == 0 ? "none to answer" : Text($"the last answered after {seconds.Max():0.00} s");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
