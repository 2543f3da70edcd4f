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
        foreach (var (isTrue, what) in findings) Page.Write(isTrue ? "  ok  " : "  NOT SO  ", what);
        return findings.TrueForAll(f => f.True);
    }

    private static IEnumerable<(bool, string)> Compare(Glance seen, JsonNode usage)
    {
        var type = usage["outcome_types"]!.AsArray().Single()!;
        var cap = usage["caps"]!.AsArray().Single(c => (string?)c!["id"] == "monthly")!;
        var (exposure, limit) = ((int)cap["exposure"]!["units"]!, (int)cap["limit"]!["units"]!);
        var reported = (int)type["reported"]!;
        var free = type["non_billable"]!.AsObject().Select(one => (Reason: one.Key, Units: (int)one.Value!)).ToList();
        var reasons = string.Join(", ", free.Select(one => $"{one.Units} {Words(one.Reason)}"));
        yield return (
            reported == seen.Reported && exposure == seen.Exposure && reported == exposure + free.Sum(one => one.Units),
            $"{seen.Tenant}: all {reported} reports were counted, once each: {exposure} against the cap, "
            + $"{free.Sum(one => one.Units)} free{(reasons.Length > 0 ? $" ({reasons})" : "")}");
        yield return (exposure <= limit,
            $"{seen.Tenant}: never above the cap of {limit}; {seen.HandedOff} conversations went to people");
    }

    /// <summary>Reasons for which nothing is charged, as people say them.</summary>
    private static string Words(string reason) => reason switch
    {
        "over_cap" => "beyond the cap",
        "duplicate_in_session" => "in a conversation that counted already",
        _ => reason.Replace('_', ' '),
    };
}
