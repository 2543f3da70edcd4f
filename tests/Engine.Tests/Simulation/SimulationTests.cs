using System.Globalization;
using Xunit.Abstractions;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// Random commands against random faults, on every seed of a range. METERING_SEEDS says how many (1,000 unless told
/// otherwise), METERING_FIRST_SEED where to begin, METERING_THREADS how many are played at a time; a failure names its
/// seed. A seed fixes the commands, the faults and the clock; which turns share a flush is the scheduler's.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    [Fact]
    public async Task What_was_acknowledged_is_there_once_whatever_fails()
    {
        var seeds = Number("METERING_SEEDS", 1_000);
        var totals = new Totals();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Number("METERING_THREADS", 1) };
        await Parallel.ForEachAsync(Enumerable.Range(Number("METERING_FIRST_SEED", 1), seeds), options,
            async (seed, _) =>
            {
                var simulation = new Simulation(seed);
                try
                {
                    await simulation.Run();
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
                }
                lock (totals) totals.Add(simulation.Totals);
            });
        output.WriteLine(totals.ToString());
        // A simulation in which nothing happens would find nothing.
        Assert.True(seeds < 100
            || totals is { Crashes: > 0, Failures: > 0, Acknowledged: > 0, Duplicates: > 0, Snapshots: > 0, SnapshotsCut: > 0,
                Evictions: > 0, Signals: > 0, Unknown: > 0 }, totals.ToString());
    }

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var number) ? number
            : otherwise;
}

/// <summary>What happened.</summary>
internal sealed record Totals
{
    public int Crashes { get; set; }
    public int Failures { get; set; }
    public int Acknowledged { get; set; }
    public int Duplicates { get; set; }
    public int Unknown { get; set; }
    public int Snapshots { get; set; }
    public int SnapshotsCut { get; set; }
    public int Evictions { get; set; }
    public int Signals { get; set; }
    public long Entries { get; set; }

    public void Add(Totals other)
    {
        Crashes += other.Crashes;
        Failures += other.Failures;
        Acknowledged += other.Acknowledged;
        Duplicates += other.Duplicates;
        Unknown += other.Unknown;
        Snapshots += other.Snapshots;
        SnapshotsCut += other.SnapshotsCut;
        Evictions += other.Evictions;
        Signals += other.Signals;
        Entries += other.Entries;
    }
}
