using System.Globalization;

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
            foreach (var entry in page["data"]!.AsArray())
            {
                var next = (long)entry!["sequence"]!;
                if (next != sequence + 1) return Broken(tenant, $"entry {next} follows entry {sequence}");
                if (hash is not null && hash != (string?)entry["previous_hash"])
                    return Broken(tenant, $"entry {next} does not continue entry {sequence}");
                (sequence, hash) = (next, (string?)entry["hash"]);
                if (next > after) Console.WriteLine(EntryLine.Of(entry.AsObject()));
            }
            if ((string?)page["next_cursor"] is not { } more) break;
            cursor = more;
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tenant}: {sequence} entries, linked without a gap, head {hash}"));
        return true;
    }

    public static bool Broken(string tenant, string how)
    {
        Console.Error.WriteLine($"{tenant}: the chain is broken: {how}");
        return false;
    }
}
