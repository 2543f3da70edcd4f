using System.Globalization;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>
/// Three real silos over a real Redis, under load through all of them: silos are killed, Redis is killed, and silos are
/// frozen until the others take them for dead, and go on. After each fault everything is sent again and compared with
/// the journal. All rounds share the cluster.
/// </summary>
internal sealed class ClusterCampaign(int rounds, int seed, string dll, TextWriter output)
{
    private const int Silos = 3;
    private readonly Totals _totals = new();

    /// <summary>Few entries between snapshots, so that states are also compared from one.</summary>
    private static readonly string[] Settings = ["--Metering:SnapshotEntries=300", "--Metering:IdleSnapshotEntries=50"];

    public async Task<Totals> Run()
    {
        using var cluster = LoadCluster.Start(dll, Silos, Settings);
        await using var counters = new Counters(cluster.Silos);
        await using var audit = await Audit.Of(cluster.Redis.Process.Port);
        using var prober = new Caller(cluster.Silos, TimeSpan.FromSeconds(12));
        var faults = new Faults(cluster, prober, counters, _totals);
        var kinds = Kinds();
        for (var number = 0; number < rounds && _totals.Failures.Count < 20; number++)
        {
            var round = new Round(cluster, faults, audit, _totals, seed + number);
            output.WriteLine(await Line(round, number, kinds[number]));
            (_totals.Refused, _totals.Unknown) = (counters.FencesLost, counters.Unknown);
        }
        foreach (var silo in cluster.Silos)
            if (silo.Process.Stop() != 0)
                _totals.Failures.Add(silo.Process.Failure("did not end well when it was asked to").Message);
        foreach (var line in _totals.Failures.Concat(_totals.Lines())) output.WriteLine(line);
        return _totals;
    }

    private async Task<string> Line(Round round, int number, Fault fault)
    {
        var before = _totals.Failures.Count;
        string done;
        try
        {
            done = await round.Run(fault);
        }
#pragma warning disable CA1031 // Whatever it was, it is the round's failure, and is told with its seed.
        catch (Exception e)
#pragma warning restore CA1031
        {
            done = $"{fault}: broke off";
            _totals.Failures.Add(e.ToString());
        }
        for (var i = before; i < _totals.Failures.Count; i++)
            _totals.Failures[i] = $"round {number + 1} (seed {seed + number}): {_totals.Failures[i]}";
        _totals.Rounds++;
        var verdict = _totals.Failures.Count == before ? "all there, once"
            : "FAILED\n" + string.Join('\n', _totals.Failures.Skip(before));
        return string.Create(CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:HH:mm:ss} round {number + 1}/{rounds} seed {seed + number}: {done}: {verdict}");
    }

    /// <summary>As many of each kind, in an order that the seed gives.</summary>
    private Fault[] Kinds()
    {
        var kinds = Enumerable.Range(0, rounds).Select(i => (Fault)(i % 3)).ToArray();
        new Random(seed).Shuffle(kinds);
        return kinds;
    }
}
