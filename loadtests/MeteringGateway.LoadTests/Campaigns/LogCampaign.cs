using System.Text.Json.Nodes;

namespace MeteringGateway.LoadTests.Campaigns;

/// <summary>
/// A real desk's log through <c>metering serve</c> and <c>metering replay</c>: in order, a second time, shuffled within
/// each day into a fresh server, and with a <c>kill -9</c> in the middle. Every tenant's figures must come out the
/// same.
/// </summary>
public static class LogCampaign
{
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}]}
        """;

    /// <returns>Usage (JSON) by "tenant period", where every run came to the same; else null.</returns>
    public static async Task<IReadOnlyDictionary<string, string>?> Run(string file, string meteringDll, int seed,
        TextWriter output)
    {
        var work = Directory.CreateTempSubdirectory("metering-log-");
        try
        {
            var lines = await File.ReadAllLinesAsync(file);
            var (events, start) = (lines.Length, Time(lines[0])[..10] + "T00:00:00Z");
            await File.WriteAllTextAsync(Path.Combine(work.FullName, "desk.json"), Plan);
            var run = new Runs(meteringDll, work.FullName, start, output);

            var all = new Expectation(events, 0, Refused: 0);
            var reference = await run.Fresh("in order", file, kill: null, all);
            // What is too old to be recognised is too old to be accepted (I2).
            var again = await run.Again("the same file again", file,
                new Expectation(0, Duplicates: null, Refused: null));
            var doubled = await Write(work, "doubled", lines.SelectMany(line => new[] { line, line }));
            var twice = await run.Fresh("each event twice", doubled, kill: null,
                new Expectation(events, events, Refused: 0));
            var shuffled = await Write(work, "shuffled", ShuffledWithinDays(lines, new Random(seed)));
            var outOfOrder = await run.Fresh($"shuffled within each day (seed {seed})", shuffled, kill: null, all);
            var killed = await run.Fresh("with a kill -9 in the middle", file, kill: events / 2,
                new Expectation(null, Duplicates: null, Refused: 0));
            var same = Same("again", reference, again, output) & Same("twice", reference, twice, output)
                & Same("shuffled", reference, outOfOrder, output) & Same("killed", reference, killed, output);
            output.WriteLine(same && run.Good ? $"{events} events, {reference.Count} figures: the same each time"
                : "FAILED");
            return same && run.Good ? reference : null;
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static async Task<string> Write(DirectoryInfo work, string name, IEnumerable<string> lines)
    {
        var path = Path.Combine(work.FullName, name + ".ndjson");
        await File.WriteAllLinesAsync(path, lines);
        return path;
    }

    private static IEnumerable<string> ShuffledWithinDays(IEnumerable<string> lines, Random random) =>
        lines.GroupBy(line => Time(line)[..10]).SelectMany(day =>
        {
            var shuffled = day.ToArray();
            random.Shuffle(shuffled);
            return shuffled;
        });

    private static string Time(string line) => (string)JsonNode.Parse(line)!["time"]!;

    private static bool Same(string name, Dictionary<string, string> one, Dictionary<string, string> other,
        TextWriter output)
    {
        var different = one.Keys.Union(other.Keys).Where(k => one.GetValueOrDefault(k) != other.GetValueOrDefault(k))
            .Order(StringComparer.Ordinal).ToList();
        foreach (var key in different.Take(5))
            output.WriteLine(
                $"{name}: {key} differs:\n  {one.GetValueOrDefault(key)}\n  {other.GetValueOrDefault(key)}");
        if (different.Count > 0) output.WriteLine($"{name}: {different.Count} figures differ");
        return different.Count == 0;
    }
}
