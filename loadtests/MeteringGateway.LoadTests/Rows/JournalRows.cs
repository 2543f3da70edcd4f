using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// The journal's bytes while ingest is driven to saturation, against the same bytes written to a file in the same
/// pieces and synced; and what an event takes on disk in the end.
/// </summary>
internal static class JournalRows
{
    public static async Task<IReadOnlyList<Row>> Measure(Options options)
    {
        using var bed = await Bed.Start(options, IngestLoad.Tenants);
        var ids = new Counter();
        Batch[] batches = [.. Enumerable.Range(0, 16).Select(_ => Batch.ForGateway(IngestLoad.Tenants, ids))];
        using var ours = bed.Reports(batches);
        ours.Measure(options.Short ? options.Each : TimeSpan.FromSeconds(5));
        var (flush, bytes) = await Sizes(bed, batches);
        using var plain = new Plain(Path.Combine(bed.Directory, "plain"), flush, bytes);
        var (a, b) = Pair.Alternate(ours, plain, options.Pairs, options.Each, options.WarmUp);
        var perSecond = Statistics.Median(a.Select(one => one.PerSecond)) * bytes;
        var speed = new Row("journal bytes/s at saturation", "the same bytes by plain write + fdatasync", 0.3, 0.6, 0.9,
            Pair.Ratios(a, b),
            [string.Create(CultureInfo.InvariantCulture,
                $"journal: {perSecond / 1e6:0.0} MB a second, {bytes:0} bytes an event, {flush:0} events a sync"),
             Pair.Describe(ours, a, "events"), Pair.Describe(plain, b, "events' bytes")]);
        plain.Dispose();
        return [speed, OnDisk(bed, batches.Sum(batch => batch.Sent))];
    }

    /// <summary>After the program has ended, and has put its log into the database.</summary>
    private static Row OnDisk(Bed bed, long events)
    {
        bed.Gateway.Process.Stop();
        File.Delete(Path.Combine(bed.Directory, "plain"));
        var each = (double)bed.BytesOnDisk / events;
        var zipped = Enumerable.Range(0, 100).Average(i => Zipped(Batch.Event(Batch.Tenant(i),
            Random.Shared.NextInt64(10_000_000_000).ToString("D10", CultureInfo.InvariantCulture))));
        return new Row("bytes on disk an event", "the event's own JSON, gzipped by itself", 1.5, 1, 0.6, [each / zipped],
            [string.Create(CultureInfo.InvariantCulture,
                $"{each:0} bytes of all files, snapshots included, after {events:N0} events; {zipped:0} bytes of gzip")])
        {
            LowerIsBetter = true,
        };
    }

    private static long Zipped(string json)
    {
        using var to = new MemoryStream();
        using (var zip = new GZipStream(to, CompressionLevel.Optimal, leaveOpen: true))
            zip.Write(Encoding.UTF8.GetBytes(json));
        return to.Length;
    }

    /// <returns>Events of a flush, and bytes of the journal for an event.</returns>
    private static async Task<(double Flush, double Bytes)> Sizes(Bed bed, Batch[] batches)
    {
        var flush = await bed.Gateway.Metric("metering_flush_entries_sum")
            / await bed.Gateway.Metric("metering_flush_entries_count");
        var bytes = double.Parse(BigTenant.Sqlite(bed.Database,
            "SELECT sum(length(entries)) FROM (SELECT entries FROM journal UNION ALL SELECT entries FROM fresh)"),
            CultureInfo.InvariantCulture);
        return (flush, bytes / batches.Sum(batch => batch.Sent));
    }

    /// <summary>One piece after the other, each synced before the next.</summary>
    private sealed record Plain : Measurable, IDisposable
    {
        private readonly SafeFileHandle _file;
        private readonly byte[] _piece;
        private readonly double _events;
        private long _at;

        public Plain(string path, double flush, double bytes) : base("plain write + fdatasync")
        {
            _file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
            (_events, _piece) = (flush, new byte[Math.Max(1, (int)(flush * bytes))]);
            Random.Shared.NextBytes(_piece);
        }

        public override Sample Measure(TimeSpan time)
        {
            using var self = Process.GetCurrentProcess();
            var (started, cpu, pieces) = (Stopwatch.GetTimestamp(), self.TotalProcessorTime, 0L);
            for (; Stopwatch.GetElapsedTime(started) < time; pieces++, _at += _piece.Length)
            {
                RandomAccess.Write(_file, _piece, _at);
                if (DataSync(_file) != 0) throw new IOException("fdatasync failed");
            }
            self.Refresh();
            return new Sample(pieces * _events / Stopwatch.GetElapsedTime(started).TotalSeconds,
                (self.TotalProcessorTime - cpu).TotalMicroseconds / (pieces * _events));
        }

        public void Dispose() => _file.Dispose();

        // .NET's own flush is an fsync, which writes the file's times as well.
        [DllImport("libc", EntryPoint = "fdatasync"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int DataSync(SafeFileHandle file);
    }
}
