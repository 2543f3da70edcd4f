using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MeteringGateway.Program.Tests.Grafana;

/// <summary>What is shipped for Prometheus and Grafana, as its files say it.</summary>
internal static class Dashboards
{
    /// <summary>How Grafana reads the variables of an expression, for a scrape each second.</summary>
    private static readonly (string, string)[] Variables = [("$__rate_interval", "15s"), ("$tenant", "full")];

    public static IReadOnlyList<string> Files { get; } =
        [.. Directory.EnumerateFiles(Repository.File("docker/grafana/dashboards"), "*.json").Order()];

    public static IEnumerable<(string File, JsonObject Board)> All() =>
        Files.Select(file => (Path.GetFileName(file), JsonNode.Parse(File.ReadAllText(file))!.AsObject()));

    public static IEnumerable<JsonObject> Panels(JsonObject board) =>
        board["panels"]!.AsArray().Select(panel => panel!.AsObject());

    /// <summary>Of every panel, by where it stands.</summary>
    public static IEnumerable<(string Where, string Expression)> OfPanels() =>
        from one in All()
        from panel in Panels(one.Board)
        from target in panel["targets"]!.AsArray()
        select ($"{one.File}: {panel["title"]}", Read((string)target!["expr"]!));

    /// <summary>
    /// Of every rule: what is asked of each metric in it, without what it is compared with. Figures of mail are there
    /// only where there is a mail server, and nothing fails on our side, so any status is asked for; how the rules fire
    /// is tried by promtool.
    /// </summary>
    public static IEnumerable<(string Where, string Expression)> OfRules() =>
        from rule in Rules()
        from Match metric in Regex.Matches(rule.Expression,
            @"\b(?:metering_(?!mail)|orleans_|dotnet_|kestrel_)\w+(?:\{[^}]*\})?|\bup\{[^}]*\}")
        select ($"rules.yml: {rule.Name}", metric.Value.Replace("5..", "...", StringComparison.Ordinal));

    public static IReadOnlyList<(string Name, string Expression, string Runbook)> Rules()
    {
        var rules = Repository.Read("docker/rules.yml").Split("      - alert: ")[1..];
        return [.. rules.Select(rule => (rule[..rule.IndexOf('\n', StringComparison.Ordinal)],
            Regex.Replace(Regex.Match(rule, @"expr: (?:>-\n)?(.*?)\n        (?:for|labels):", RegexOptions.Singleline)
                .Groups[1].Value, @"\s+", " ").Trim(),
            Regex.Match(rule, "runbook_url: (.*)").Groups[1].Value))];
    }

    /// <summary>What a link within <c>docs/operating.md</c> may name.</summary>
    public static IReadOnlySet<string> Anchors() => Regex
        .Matches(Repository.Read("docs/operating.md"), "^#+ (.*)$", RegexOptions.Multiline)
        .Select(heading => Regex.Replace(heading.Groups[1].Value.ToLowerInvariant(), "[^a-z0-9 -]", "")
            .Replace(' ', '-')).ToHashSet(StringComparer.Ordinal);

    private static string Read(string expression) =>
        Variables.Aggregate(expression, (text, one) => text.Replace(one.Item1, one.Item2, StringComparison.Ordinal));
}
