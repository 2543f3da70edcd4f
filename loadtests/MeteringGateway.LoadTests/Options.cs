using System.Globalization;

namespace MeteringGateway.LoadTests;

/// <summary>What to run and how long; see <see cref="Usage"/>.</summary>
public sealed record Options(string Command, string MeteringDll, Machine Machine, int Pairs, TimeSpan Each,
    TimeSpan WarmUp, string Json, string? Write, int Rounds, int Seed, string? File)
{
    public const string Usage = """
        loadtests [all|check|ingest|decisions] [--pairs N] [--seconds S] [--pin] [--json FILE] [--write [FILE]]
            measures the rows of the table against what they are compared with; --pin keeps driver and servers on cores of their own
        loadtests crash [--rounds N] [--seed N]
            kills the server at random moments under load and compares what it kept with what it had acknowledged
        loadtests log FILE.ndjson
            sends a file of events in order, twice, shuffled and through a kill -9, and compares the figures
        All take --metering PATH, the metering.dll under test (default: the one built beside this program).
        """;

    public static Options? Parse(string[] args)
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        var plain = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) plain.Add(args[i]);
            else if (i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal))
                named[args[i]] = args[++i];
            else named[args[i]] = "";
        }
        string[] known = ["--pairs", "--seconds", "--json", "--write", "--rounds", "--seed", "--metering", "--pin"];
        if (plain.Count > 2 || named.Keys.Except(known).Any()) return null;
        int Number(string name, int otherwise) =>
            named.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        var seconds = Number("--seconds", 3);
        return new Options(
            plain.FirstOrDefault("all"), named.GetValueOrDefault("--metering", DefaultDll()),
            Machine.Describe(named.ContainsKey("--pin")),
            Math.Clamp(Number("--pairs", 6), 2, 50), TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 30)),
            TimeSpan.FromSeconds(2),
            named.GetValueOrDefault("--json", "artifacts/loadtests.json"),
            named.TryGetValue("--write", out var write) ? (write.Length > 0 ? write : "docs/performance.md") : null,
            Math.Clamp(Number("--rounds", 30), 1, 10_000), Number("--seed", Environment.TickCount & 0xFFFFFF),
            plain.ElementAtOrDefault(1));
    }

    /// <summary>In the tree, the executable's own output for the same configuration.</summary>
    public static string DefaultDll()
    {
        var here = AppContext.BaseDirectory.TrimEnd('/');
        var configuration = Path.GetFileName(Path.GetDirectoryName(here))!;
        return Path.GetFullPath(
            Path.Combine(here, "../../../../../src/MeteringGateway/bin", configuration, Path.GetFileName(here),
                "metering.dll"));
    }
}
