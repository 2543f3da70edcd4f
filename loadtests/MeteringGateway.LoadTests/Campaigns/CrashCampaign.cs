using System.Globalization;
using System.Text.Json.Nodes;
using MeteringGateway.LoadTests.Servers;

namespace MeteringGateway.LoadTests.Campaigns;

/// <param name="Failures">What was not as it must be, with its round; empty when all is well.</param>
/// <param name="Acknowledged">Events that the client had been told were taken when the server was killed, over all
/// rounds.</param>
/// <param name="InFlight">Events sent and not answered at that moment.</param>
public sealed record CrashReport(int Rounds, int Kills, long Acknowledged, long InFlight,
    IReadOnlyList<string> Failures)
{
    public bool Passed => Failures.Count == 0;
}

/// <summary>
/// Kills the real server with <c>kill -9</c> at random moments under load, starts it again, sends everything again, and
/// compares: nothing that was acknowledged is missing, nothing is counted twice, no cap is passed, the chain is whole,
/// and the replayed journal gives the state that recovery gives. All rounds share one data directory.
/// </summary>
public static class CrashCampaign
{
    private const int Connections = 4;
    private const int CapUnits = 150;
    private const int RoundsAJournalCheck = 5;
    private const string Plan = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT72H"}],
         "caps":[{"id":"monthly","limit":{"units":150},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;

    /// <param name="meteringDll">Path of <c>metering.dll</c>.</param>
    /// <param name="output">Is told each round's seed and what it found.</param>
    public static async Task<CrashReport> Run(int rounds, int seed, string meteringDll, TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("metering-crash-");
        var failures = new List<string>();
        var journals = new List<string>();
        var (kills, acknowledged, inFlight) = (0, 0L, 0L);
        var server = GatewayServer.Start(meteringDll, directory.FullName);
        try
        {
            await server.PutPlan("crash", Plan);
            for (var round = 0; round < rounds; round++)
            {
                var random = new Random(seed + round);
                string[] tenants = [Name(round, "capped"), Name(round, "other")];
                foreach (var tenant in tenants) await server.PutTenant(tenant, "crash");
                var traffic = Traffic.Make(random, tenants, Connections);
                var before = failures.Count;

                server = await KillUnder(server, traffic, random, meteringDll, directory.FullName);
                kills++;
                var (known, open) = (traffic.Acknowledged, traffic.InFlight);
                (acknowledged, inFlight) = (acknowledged + known, inFlight + open);
                if (random.Next(4) == 0)
                {
                    server = await KillUnder(server, traffic, random, meteringDll, directory.FullName);
                    kills++;
                }
                await traffic.Send(server.Port, CancellationToken.None);
                failures.AddRange(traffic.Contradictions.Select(c => $"round {round} (seed {seed + round}): {c}"));
                foreach (var tenant in tenants)
                    failures.AddRange(Compare(traffic, tenant, await server.Usage(tenant))
                        .Select(f => $"round {round} (seed {seed + round}): {tenant}: {f}"));
                journals.AddRange(tenants);
                if (round % RoundsAJournalCheck == RoundsAJournalCheck - 1 || round == rounds - 1)
                {
                    // While the server runs: the journal is read beside it.
                    failures.AddRange(await Journal.Check(meteringDll, directory.FullName, journals));
                    journals.Clear();
                }
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"round {round + 1}/{rounds} seed {seed + round}: killed with {known} acknowledged and {open} in flight of {traffic.Total}: {(failures.Count == before ? "all there, once" : "FAILED")}"));
            }
            if (server.Process.Stop() != 0) failures.Add("the server did not end well when it was asked to");
        }
        finally
        {
            server.Dispose();
            directory.Delete(recursive: true);
        }
        foreach (var failure in failures) output.WriteLine(failure);
        return new CrashReport(rounds, kills, acknowledged, inFlight, failures);
    }

    private static string Name(int round, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"round-{round}-{what}");

    /// <summary>Sends the traffic, kills the server somewhere in it, and starts it again.</summary>
    private static async Task<GatewayServer> KillUnder(GatewayServer server, Traffic traffic, Random random, string dll,
        string directory)
    {
        using var stop = new CancellationTokenSource();
        var sending = traffic.Send(server.Port, stop.Token);
        await Task.Delay(random.Next(5, 250));
        server.Process.KillHard();
        await stop.CancelAsync();
        await sending;
        server.Dispose();
        return GatewayServer.Start(dll, directory);
    }

    private static IEnumerable<string> Compare(Traffic traffic, string tenant, JsonNode? usage)
    {
        var type = usage?["outcome_types"]?.AsArray().FirstOrDefault();
        if (type is null)
        {
            yield return "has no usage";
            yield break;
        }
        var units = traffic.Units(tenant);
        if ((long)type["reported"]! != units)
            yield return $"{type["reported"]} units are counted of {units} that were sent";
        var (pending, overCap) = ((long)type["pending"]!, (long?)type["non_billable"]?["over_cap"] ?? 0);
        if (pending + overCap != units) yield return $"{pending} pending and {overCap} over the cap are not {units}";
        var cap = usage!["caps"]!.AsArray().Single()!;
        var exposure = (long)cap["exposure"]!["units"]!;
        if (exposure > CapUnits) yield return $"the cap of {CapUnits} stands at {exposure}";
        if (exposure != pending) yield return $"the cap counts {exposure} and the outcomes {pending}";
    }
}
