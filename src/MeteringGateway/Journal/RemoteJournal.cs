using System.Globalization;
using System.Text.Json.Nodes;

namespace MeteringGateway.Journal;

/// <summary>
/// A journal as a gateway serves it: each entry must name its predecessor's hash, and no sequence may be missing.
/// </summary>
internal static class RemoteJournal
{
    public static async Task<bool> Print(Client client, string tenant, long after, CancellationToken cancellation)
    {
        var (sequence, hash) = (0L, (string?)null);
        for (var cursor = ""; ;)
        {
            var path = $"/v1/tenants/{Uri.EscapeDataString(tenant)}/entries?limit=1000"
                + (cursor.Length == 0 ? "" : "&cursor=" + Uri.EscapeDataString(cursor));
            var page = await client.Demand(HttpMethod.Get, path, null, cancellation);
            if (Member(page, "data") is not JsonArray entries) throw client.IsNoGateway();
            foreach (var entry in entries)
            {
                if (Member(entry, "sequence") is not JsonValue number || !number.TryGetValue(out long next))
                    throw client.IsNoGateway();
                if (next != sequence + 1) return Broken(tenant, $"entry {next} follows entry {sequence}");
                if (hash is not null && hash != Member(entry, "previous_hash")?.ToString())
                    return Broken(tenant, $"entry {next} does not continue entry {sequence}");
                (sequence, hash) = (next, Member(entry, "hash")?.ToString());
                if (next > after) Console.WriteLine(EntryLine.Of(next, entry!.AsObject()));
            }
            if (Member(page, "next_cursor")?.ToString() is not { } more) break;
            cursor = more;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tenant}: {sequence} entries, linked without a gap, head {hash}"));
        return true;
    }

    /// <summary>As <see cref="Api.Outcomes.RawLine"/> writes it, and nothing else on standard output.</summary>
    public static async Task Raw(Client client, string tenant, long after, CancellationToken cancellation)
    {
        await using var to = Console.OpenStandardOutput();
        await client.Copy(string.Create(CultureInfo.InvariantCulture,
            $"/v1/tenants/{Uri.EscapeDataString(tenant)}/journal?after={after}"), to, cancellation);
    }

    private static JsonNode? Member(JsonNode? of, string name) => of is JsonObject members ? members[name] : null;

    public static bool Broken(string tenant, string how)
    {
        Console.Error.WriteLine($"{tenant}: the chain is broken: {how}");
        return false;
    }
}
