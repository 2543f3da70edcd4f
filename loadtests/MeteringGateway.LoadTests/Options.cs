using System.Globalization;

namespace MeteringGateway.LoadTests;

/// <summary>What to run and how long; see <see cref="Usage"/>.</summary>
public sealed record Options(string Command, string MeteringDll, Machine Machine, int Pairs, TimeSpan Each,
    TimeSpan WarmUp, string Json, string? Write, int Rounds, int Seed, string? File, int Tenants,
    IReadOnlyList<string> Only)
{
    /// <summary>Of the large tenant; of what is killed.</summary>
    public int Outcomes { get; init; }

    /// <summary>Whether the table is only to be gone through, in a minute or two: its figures say nothing.</summary>
    public bool Short { get; init; }

    /// <summary>Operations in each run in which a call of the system fails.</summary>
    public int Operations { get; init; }

    /// <summary>Of their calls each so many-th fails.</summary>
    public int Every { get; init; }

    /// <summary>A scenario's phases take so many times their seconds.</summary>
    public double Times { get; init; }

    /// <summary>File of the table's picture.</summary>
    public string Svg { get; init; } = "";

    /// <summary>Number of the first pair of a row: those below 0 warm up, and are not kept.</summary>
    public int First => Short ? 0 : -2;

    public static readonly string Usage = $$"""
        loadtests table [--only NAME,...] [--short] [--pairs N] [--seconds S] [--tenants N] [--outcomes N] [--pin]
                [--json FILE] [--svg FILE] [--write [FILE]]
            measures the rows of the table against what they are compared with, and writes it; a name alone is a
            command too: {{string.Join(", ", Rows.Table.Names)}}
            --short goes through all of it in about two minutes, and its figures say nothing; --pin keeps driver and
            servers on cores of their own; --outcomes are those of the large tenant (default 10,000,000), --tenants
            are of the check among many (default 1,000,000)
        loadtests crash [--rounds N] [--seed N]
            kills the server at random moments under load and compares what it kept with what it had acknowledged
        loadtests syscalls [--operations N] [--every N] [--only CALL,...]
            with strace on the path: of the calls that N operations make on the store's files (default 200) each one,
            or each so many-th, fails with EIO and ENOSPC, once and from then on, each in a run of its own
        loadtests agents-kill [--rounds N] [--outcomes N] [--seed N]
            kills an agent and the gateway N times each (default 100) while the agent reports so many outcomes over
            Kafka and as many over the SDK's outbox (default 100,000), and compares the usage with what was sent
        loadtests month-end [--outcomes N]
            two months of so many outcomes of one tenant (default 100,000), in process: the longest turns of their ends
        loadtests scenario FILE [--times X]
            plays a scenario (loadtests/scenarios) open-loop, each of its phases for X times its seconds (default 1)
        loadtests pause [--rounds N]
            pauses a tenant N times under 32 runtimes that decide locally: how long the last of them goes on
        loadtests log FILE.ndjson
            sends a file of events in order, twice, shuffled and through a kill -9, and compares the figures

        With redis-server on the path, of silos:
        loadtests cluster-faults [--rounds N] [--seed N]
            kills silos, kills Redis and freezes silos under load, and compares the journal with what was acknowledged
        loadtests cluster-rolling [--rounds N]
            restarts each of three silos in turn, N times over, under steady load, and counts every answer
        loadtests cluster-figures [--only NAME,...] [--pairs N] [--seconds S] [--rounds N] [--json FILE] [--write [FILE]]
            measures the cluster against what it is made of; names: reports, scale,
            failover (--rounds kills and stops)
        loadtests cluster-memory [--tenants N] [--json FILE]
            what a tenant costs in memory and in Redis, active and idle, and what it takes to bring it back

        All take --metering PATH, the metering.dll under test (default: the one built beside this program).
        """;

    private static readonly string[] Known = ["--pairs", "--seconds", "--json", "--write", "--rounds", "--seed",
        "--metering", "--pin", "--tenants", "--only", "--outcomes", "--short",
        "--svg", "--times", "--operations", "--every"];

    /// <summary>Whether the command is one of silos.</summary>
    public bool OfSilos => Command.StartsWith("cluster-", StringComparison.Ordinal);

    /// <summary>Whether the command is the table's.</summary>
    public bool IsTable => Command == "table";

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
        return plain.Count > 2 || named.Keys.Except(Known).Any() ? null
            : Make(plain.FirstOrDefault("table"), plain.ElementAtOrDefault(1), named);
    }

    private static Options Make(string command, string? file, Dictionary<string, string> named)
    {
        int Number(string name, int otherwise) =>
            named.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        var isShort = named.ContainsKey("--short");
        var only = named.GetValueOrDefault("--only", "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        // A part's name alone is the table of it.
        if (Rows.Table.Names.Contains(command)) (command, only) = ("table", [command]);
        return new Options(
            command, named.GetValueOrDefault("--metering", DefaultDll()), Machine.Describe(named.ContainsKey("--pin")),
            Math.Clamp(Number("--pairs", isShort ? 1 : 6), 1, 50),
            isShort ? TimeSpan.FromSeconds(0.3) : TimeSpan.FromSeconds(Math.Clamp(Number("--seconds", 3), 1, 30)),
            isShort ? TimeSpan.Zero : TimeSpan.FromSeconds(2),
            named.GetValueOrDefault("--json", $"artifacts/{command}.json"),
            named.TryGetValue("--write", out var write) ? (write.Length > 0 ? write : "docs/performance.md") : null,
            Math.Clamp(Number("--rounds", UsualRounds(command)), 1, 10_000),
            Number("--seed", Environment.TickCount & 0xFFFFFF), file,
            Math.Clamp(Number("--tenants", isShort ? 500 : command == "table" ? 1_000_000 : 100_000), 100, 2_000_000),
            only)
        {
            Outcomes = Math.Clamp(Number("--outcomes", isShort ? 10_000 : command == "table" ? 10_000_000 : 100_000),
                100, 20_000_000),
            Short = isShort,
            Operations = Math.Clamp(Number("--operations", 200), 1, 10_000),
            Every = Math.Clamp(Number("--every", 1), 1, 1_000_000),
            Times = Math.Clamp(double.Parse(named.GetValueOrDefault("--times", "1"), CultureInfo.InvariantCulture), 0.01,
                100),
            Svg = named.GetValueOrDefault("--svg", $"artifacts/{command}.svg"),
        };
    }

    private static int UsualRounds(string command) => command switch
    {
        "cluster-figures" => 10,
        "cluster-rolling" => 3,
        "agents-kill" => 100,
        _ => 30,
    };

    public bool Wants(string name) => Only.Count == 0 || Only.Contains(name);

    /// <summary>The program, as it was built beside this one.</summary>
    public static string DefaultDll() => Built("src/MeteringGateway", "metering.dll");

    /// <summary>What a project of the tree made for the same configuration as this one.</summary>
    public static string Built(string project, string file)
    {
        var here = AppContext.BaseDirectory.TrimEnd('/');
        var configuration = Path.GetFileName(Path.GetDirectoryName(here))!;
        return Path.GetFullPath(Path.Combine(here, "../../../../..", project, "bin", configuration,
            Path.GetFileName(here), file));
    }
}
