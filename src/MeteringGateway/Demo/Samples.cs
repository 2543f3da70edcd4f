using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>The project's sample plan and a day of a support desk, as they are under <c>samples/</c>.</summary>
internal static class Samples
{
    public static string Plan => Read("support.json");

    /// <summary>300 credits a month, ten an interview; packs of more.</summary>
    public static string Prepaid => Read("eximius-300.json");

    /// <summary>Conversations that ended in a report, by tenant, in the day's order.</summary>
    public static IReadOnlyDictionary<string, Queue<JsonObject>> Conversations() =>
        Read("support-day.ndjson").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!.AsObject())
            .Where(e => (string?)e["type"] == "outcome.reported")
            .GroupBy(e => (string)e["subject"]!)
            .ToDictionary(tenant => tenant.Key, tenant => new Queue<JsonObject>(tenant), StringComparer.Ordinal);

    private static string Read(string name)
    {
        using var stream = typeof(Samples).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
