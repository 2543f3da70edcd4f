using System.Globalization;
using MeteringGateway.LoadTests;

namespace MeteringGateway.ClusterLoadTests;

/// <summary>What to run and how long; see <see cref="Usage"/>.</summary>
internal sealed record Settings(
    string Command, string SiloDll, Machine Machine, int Rounds, int Seed, int Pairs, TimeSpan Each, int Tenants,
    IReadOnlyList<string> Only, string Json, string? Write)
{
    public const string Usage = """
        cluster-loadtests campaign [--rounds N] [--seed N]
            kills silos, kills Redis and freezes silos under load, and compares the journal with what was acknowledged
        cluster-loadtests figures [--only NAME,...] [--pairs N] [--seconds S] [--rounds N] [--json FILE] [--write [FILE]]
            measures the cluster against what it is made of; names: editions (one silo against the program without Redis),
            grain, reports, scale, failover (--rounds kills and stops)
        cluster-loadtests memory [--tenants N] [--json FILE]
            what a tenant costs in memory and in Redis, active and idle, and what it takes to bring it back
        All need redis-server on the path, and take --silo PATH, the metering.dll under test (default: the one built beside this program).
        """;

    public static Settings? Parse(string[] args)
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
        string[] known = ["--rounds", "--seed", "--pairs", "--seconds", "--tenants", "--only", "--json", "--write",
            "--silo"];
        if (plain.Count != 1 || named.Keys.Except(known).Any()) return null;
        int Number(string name, int otherwise) =>
            named.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        return new Settings(
            plain[0], named.GetValueOrDefault("--silo", DefaultDll()), Machine.Describe(pin: false),
            Math.Clamp(Number("--rounds", plain[0] == "campaign" ? 30 : 10), 1, 10_000),
            Number("--seed", Environment.TickCount & 0xFFFFFF),
            Math.Clamp(Number("--pairs", 6), 2, 50), TimeSpan.FromSeconds(Math.Clamp(Number("--seconds", 3), 1, 30)),
            Math.Clamp(Number("--tenants", 100_000), 100, 2_000_000),
            named.GetValueOrDefault("--only", "").Split(',', StringSplitOptions.RemoveEmptyEntries),
            named.GetValueOrDefault("--json", $"artifacts/cluster-{plain[0]}.json"),
            named.TryGetValue("--write", out var write) ? (write.Length > 0 ? write : "docs/performance.md") : null);
    }

    public bool Wants(string name) => Only.Count == 0 || Only.Contains(name);

    /// <summary>In the tree, the executable's own output for the same configuration.</summary>
    private static string DefaultDll()
    {
        var here = AppContext.BaseDirectory.TrimEnd('/');
        var configuration = Path.GetFileName(Path.GetDirectoryName(here))!;
        return Path.GetFullPath(
            Path.Combine(here, "../../../../../src/MeteringGateway/bin", configuration, Path.GetFileName(here),
                "metering.dll"));
    }
}
