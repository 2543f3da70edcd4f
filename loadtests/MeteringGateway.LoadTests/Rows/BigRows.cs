using System.Diagnostics;
using System.Globalization;
using MeteringGateway.LoadTests.Campaigns;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// A tenant of very many outcomes: what one costs in memory, how soon the tenant answers after a kill, and what a
/// hundred small tenants feel of it meanwhile.
/// </summary>
internal sealed class BigRows
{
    private const int LargeSession = 10_000;
    private readonly Options _options;
    private readonly Bed _bed;
    private readonly List<string> _felt = [];
    private double _quiet;
    private double _longest;

    private BigRows(Options options, Bed bed) => (_options, _bed) = (options, bed);

    public static async Task<IReadOnlyList<Row>> Measure(Options options)
    {
        // No snapshot is taken while it is filled: it is to be seen by itself.
        using var bed = await Bed.Hosted(options, 0, ("METERING__SNAPSHOTENTRIES",
            (options.Outcomes + 5_000).ToString(CultureInfo.InvariantCulture)));
        await BigTenant.Make(bed.Gateway);
        var rows = new BigRows(options, bed);
        return [await rows.Resident(), await rows.Recovery(), await rows.Longest()];
    }

    private async Task<Row> Resident()
    {
        var before = await _bed.Resident();
        var began = Stopwatch.GetTimestamp();
        BigTenant.Fill(_bed.Gateway.Port, 0, _options.Outcomes);
        var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var after = await _bed.Resident();
        return new Row("bytes resident for an outcome of an open period, its event id and its session", "-", 200, 110,
            80, [(double)(after - before) / _options.Outcomes],
            [string.Create(CultureInfo.InvariantCulture,
                $"{_options.Outcomes:N0} outcomes of one tenant, filled in {took:0} s; {after / 1048576.0:N0} MiB resident after a collection, {before / 1048576.0:N0} MiB before")])
        {
            LowerIsBetter = true,
        };
    }

    private async Task<Row> Recovery()
    {
        await Quiet();
        await Feel("snapshot", () => BigTenant.Snapshot(_bed, _options.Outcomes + 20_000));
        var bytes = BigTenant.SnapshotBytes(_bed);
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var i = 0; i < Math.Min(3, _options.Pairs); i++)
        {
            KillAndStart();
            var began = Stopwatch.GetTimestamp();
            await BigTenant.Get(_bed, "");
            ours.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            theirs.Add(Read(_bed.Database, bytes));
        }
        KillAndStart();
        await Quiet("nothing, after a kill");
        KillAndStart();
        await Feel("its first answer after a kill", () => BigTenant.Get(_bed, ""));
        return new Row("recovery from snapshot, to the first answer of the large tenant",
            "reading the same bytes from the file", 4, 2, 1.2, [.. ours.Zip(theirs, (o, t) => o / t)],
            [string.Create(CultureInfo.InvariantCulture,
                $"{Statistics.Median(ours):0.00} s from ready to the answer after kill -9, {Statistics.Median(theirs):0.000} s to read {bytes / 1048576.0:N0} MiB of snapshot; {_options.Outcomes:N0} outcomes")])
        {
            LowerIsBetter = true,
        };
    }

    private async Task<Row> Longest()
    {
        await Quiet();
        await Feel("first page of its list", () => BigTenant.Get(_bed, "/outcomes?limit=100"));
        await Feel("CSV of all", () => CsvRow.Download(_bed.Gateway.Port, BigTenant.Name, null));
        var (next, large) = (_options.Outcomes + 40_000, Math.Min(LargeSession, _options.Outcomes));
        BigTenant.Fill(_bed.Gateway.Port, next, large, "large");
        await Feel(string.Create(CultureInfo.InvariantCulture, $"4 batches of 500 into a session of {large:N0}"), () =>
        {
            BigTenant.Fill(_bed.Gateway.Port, next + large, 2_000, "large");
            return Task.CompletedTask;
        });
        await Feel("month's end", () => BigTenant.MonthEnd(_bed));
        return new Row("longest stop of others beside a large tenant, p99.9",
            "the same load while nothing is done with it", 3, 1.5, 1.1, [_longest],
            [$"{BigTenant.Small} small tenants, 200 checks and events a second, timed from when each was due", .. _felt])
        {
            LowerIsBetter = true,
        };
    }

    private void KillAndStart()
    {
        _bed.Gateway.Process.KillHard();
        _bed.StartAgain();
    }

    private async Task Quiet(string what = "nothing")
    {
        _quiet = 0;
        await Feel(what, () => Task.CompletedTask);
    }

    private async Task Feel(string what, Func<Task> work)
    {
        using var probe = new Probe(_bed.Gateway.Port, BigTenant.Small);
        var (began, took) = (Stopwatch.GetTimestamp(), TimeSpan.Zero);
        var measured = await probe.Beside(async () =>
        {
            await work();
            took = Stopwatch.GetElapsedTime(began);
        }, _options.Short ? _options.Each : TimeSpan.FromSeconds(10));
        var slowest = measured.Percentile(0.999);
        if (_quiet == 0) _quiet = slowest;
        else _longest = Math.Max(_longest, slowest / _quiet);
        _felt.Add(string.Create(CultureInfo.InvariantCulture,
            $"{what} ({took.TotalSeconds:0.0} s): p50 {measured.Percentile(0.5):0.0} ms, p99 {measured.Percentile(0.99):0.0} ms, p99.9 {slowest:0.0} ms ({slowest / _quiet:0.0} times), worst {measured.Percentile(1):0} ms"));
    }

    /// <summary>Seconds.</summary>
    private static double Read(string path, long bytes)
    {
        var began = Stopwatch.GetTimestamp();
        using var file = File.OpenRead(path);
        var buffer = new byte[1 << 20];
        while (bytes > 0 && file.Read(buffer) is > 0 and var read) bytes -= read;
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
