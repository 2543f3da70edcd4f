using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Wire;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// After a kill: all tenants' first answers from a journal with no snapshot, against Redis loading its log of the same
/// events.
/// </summary>
internal static partial class RecoveryRow
{
    private const int Most = 1_000_000;

    public static async Task<Row> Measure(Options options)
    {
        var events = Math.Min(options.Outcomes, Most);
        using var bed = await Bed.Start(options, IngestRow.Tenants, ("METERING__SNAPSHOTENTRIES", "2000000000"));
        bed.Fill(IngestRow.Tenants, events);
        using var redis = new RedisServer(options.Machine.ServerCores);
        using (var side = IngestRow.InRedis(redis, new Counter()))
            Loops.Closed(side.Connections, side.Next, TimeSpan.FromHours(1), events / Batch.Size);
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var i = 0; i < Math.Min(3, options.Pairs); i++)
            foreach (var mine in i % 2 == 0 ? [true, false] : new[] { false, true })
                (mine ? ours : theirs).Add(1e6 / events * (mine ? await Recover(bed) : Load(redis)));
        return new Row("recovery with no snapshot, s per million entries", "Redis loading an AOF of the same events",
            0.5, 0.15, 0.05, [.. ours.Zip(theirs, (o, t) => o / t)],
            [string.Create(CultureInfo.InvariantCulture,
                $"gateway: {Statistics.Median(ours):0.00} s a million, from ready to the answers of all {IngestRow.Tenants} tenants; Redis: {Statistics.Median(theirs):0.00} s, as it says itself; {events:N0} events")])
        {
            LowerIsBetter = true,
        };
    }

    private static async Task<double> Recover(Bed bed)
    {
        bed.Gateway.Process.KillHard();
        bed.StartAgain();
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, IngestRow.Tenants).Select(i => bed.Gateway.Usage(Batch.Tenant(i))));
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static double Load(RedisServer redis)
    {
        redis.Process.KillHard();
        redis.StartAgain();
        return redis.Process.Output.Select(line => Loaded().Match(line)).Where(found => found.Success)
            .Select(found => double.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).Append(0.001).Max(); // of few events it says 0.000
    }

    [GeneratedRegex("DB loaded from [a-z ]*file.*: ([0-9.]+) seconds")]
    private static partial Regex Loaded();
}
