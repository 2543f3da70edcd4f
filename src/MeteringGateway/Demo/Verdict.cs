using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>
/// Asks the gateway for its figures and holds them against what was seen from outside; what was told must be true.
/// </summary>
internal static class Verdict
{
    public static async Task<bool> Tell(Stage stage, IEnumerable<(bool True, string What)> ofVenue,
        CancellationToken cancellation)
    {
        var findings = new List<(bool True, string What)>
        {
            (stage.Signals.Heard(Stage.Short, "warn"), $"{Stage.Short} was warned before its cap was reached"),
            (stage.Signals.Heard(Stage.Short, "handoff"), "at the cap the signal told its agents to hand off, unasked"),
            (stage.Signals.Heard(Stage.Short, "resume"), $"raising the cap to {Stage.RaisedTo} resumed them"),
        };
        foreach (var desk in stage.Desks.Values)
        {
            var usage = await stage.Admin.Demand(HttpMethod.Get, $"/v1/tenants/{desk.Tenant}/usage", null,
                cancellation);
            findings.AddRange(Compare(desk.Now, usage));
        }
        findings.AddRange(ofVenue);
        Console.WriteLine();
        foreach (var (isTrue, what) in findings) Console.WriteLine($"  {(isTrue ? "ok" : "NOT SO")}  {what}");
        Console.WriteLine();
        Next();
        return findings.TrueForAll(f => f.True);
    }

    private static IEnumerable<(bool, string)> Compare(Glance seen, JsonNode usage)
    {
        var type = usage["outcome_types"]!.AsArray().Single()!;
        var cap = usage["caps"]!.AsArray().Single(c => (string?)c!["id"] == "monthly")!;
        var (exposure, limit) = ((int)cap["exposure"]!["units"]!, (int)cap["limit"]!["units"]!);
        var reported = (int)type["reported"]!;
        yield return (reported == seen.Reported && exposure == seen.Exposure,
            $"{seen.Tenant}: {reported} reports counted, as many as were sent; {exposure} of them against the "
                + $"cap{(seen.OverCap > 0 ? $", {seen.OverCap} beyond it and free" : "")}");
        yield return (exposure <= limit,
            $"{seen.Tenant}: never above the cap of {limit}; {seen.HandedOff} conversations went to people; spend "
                + $"{usage["spend"]} {usage["currency"]}");
    }

    private static void Next()
    {
        var metering = Invocation();
        Console.WriteLine($"""
            Try next, in two terminals:

              METERING__ADMINKEY=try-it-out-0123456789 {metering} serve

              curl -s -H 'Authorization: Bearer try-it-out-0123456789' http://127.0.0.1:8080/v1/tenants
              {metering} replay --help

            README.md walks through plans, keys, checks, caps and signals with curl in five minutes.
            """);
    }

    /// <summary>How this program was started, so that what it prints can be pasted.</summary>
    private static string Invocation()
    {
        var program = Environment.ProcessPath ?? "metering";
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, program);
        if (!Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.Ordinal))
            return relative.Contains('/', StringComparison.Ordinal) ? relative : "./" + relative;
        return "dotnet " + Path.GetRelativePath(Environment.CurrentDirectory, typeof(Verdict).Assembly.Location);
    }
}
