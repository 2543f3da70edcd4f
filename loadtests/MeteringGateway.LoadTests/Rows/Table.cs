using System.Globalization;
using MeteringGateway.LoadTests.Servers;
using MeteringGateway.LoadTests.Silos.Figures;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>The whole table, one part after the other: on the console, as JSON, as a picture.</summary>
internal static class Table
{
    /// <summary>A part is measured in one go, and has rows of its own.</summary>
    /// <param name="Needs">A program without which it cannot be measured; null: none.</param>
    private sealed record Part(string Name, Func<Options, Task<IReadOnlyList<Row>>> Measure, Peer? Needs = null);

    /// <param name="Path">Null: it is not installed.</param>
    private sealed record Peer(string Package, string? Path);

    private static readonly Peer Redis = new("redis-server", RedisServer.Installed);
    private static readonly Peer Sqlite = new("sqlite3", File.Exists("/usr/bin/sqlite3") ? "/usr/bin/sqlite3" : null);
    private static readonly Peer Postgres = new("postgresql", PostgresServer.Installed);

    private static readonly Part[] Parts =
    [
        new("beside", One(BesideRow.Measure)),
        new("check", CheckRows.Measure),
        new("reservation", One(ReservationRow.Measure)),
        new("ingest", One(IngestRow.Measure), Redis),
        new("postgres", PostgresRows.Measure, Postgres),
        new("big", BigRows.Measure, Sqlite),
        new("decisions", One(options => Task.FromResult(DecisionsRow.Measure(options)))),
        new("recovery", One(RecoveryRow.Measure), Redis),
        new("csv", One(CsvRow.Measure), Sqlite),
        new("pause-signal", One(PauseSignalRow.Measure)),
        new("tenants", TenantRows.Measure, Redis),
        new("hot", One(HotRow.Measure)),
        new("journal", JournalRows.Measure, Sqlite),
        new("kafka", One(KafkaRow.Measure)),
        new("editions", async options => await EditionRows.Measure(options), Redis),
        new("grain", One(GrainRow.Measure), Redis),
        new("local", One(LocalDecisionRow.Measure)),
    ];

    public static IEnumerable<string> Names => Parts.Select(part => part.Name);

    /// <returns>The exit code: 1 if a part failed; 2 if one was named that is none.</returns>
    public static async Task<int> Run(Options options)
    {
        if (options.Only.Except(Names).FirstOrDefault() is { } unknown)
        {
            Console.Error.WriteLine($"There is no '{unknown}' in the table, but {string.Join(", ", Names)}.");
            return 2;
        }
        Console.WriteLine(options.Machine);
        options.Machine.PinDriver();
        var (rows, load, failed) = (new List<Row>(), Machine.Load, false);
        foreach (var part in Parts.Where(part => options.Wants(part.Name)))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{DateTime.UtcNow:HH:mm:ss} {part.Name}, load of the machine {Machine.Load}"));
            try
            {
                rows.AddRange(part.Needs is { Path: null } peer
                    ? [Missing(part, $"{peer.Package} is not installed (Debian: apt-get install {peer.Package})")]
                    : await part.Measure(options));
            }
#pragma warning disable CA1031 // An hour of the other parts' figures is not lost with it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Console.Error.WriteLine(e);
                rows.Add(Missing(part, $"failed: {e.Message.Split('\n')[0]}"));
                failed = true;
            }
        }
        var report = new Report(options.Machine, DateTime.UtcNow, load, Machine.Load, rows);
        report.Publish(options, "loadtests table");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Svg))!);
        await File.WriteAllTextAsync(options.Svg, Picture.Of(report));
        return failed ? 1 : 0;
    }

    private static Row Missing(Part part, string why) => new(part.Name, "-", null, null, null, [], [why]);

    private static Func<Options, Task<IReadOnlyList<Row>>> One(Func<Options, Task<Row>> measure) =>
        async options => [await measure(options)];
}
