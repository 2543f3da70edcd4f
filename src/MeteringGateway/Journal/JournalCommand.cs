using System.CommandLine;

namespace MeteringGateway.Journal;

/// <summary>What <c>metering journal</c> was asked to do.</summary>
/// <param name="After">Entries up to this sequence are checked and not printed.</param>
internal sealed record JournalRequest(IReadOnlyList<string> Tenants, string DataDirectory, string? Url, string? Key,
    long After, bool Digest);

internal static class JournalCommand
{
    public static Command Make()
    {
        var tenants = new Option<string[]>("--tenant") { Description = "Whose journal; may be given several times",
            Required = true };
        var data = new Option<string>(
            "--data-directory") { Description = "Read the store there, also while a server has it open",
                DefaultValueFactory = _ => "./data" };
        var url = new Option<string?>(
            "--url") { Description = "Ask this gateway instead; it sends the links of the chain, not what is hashed" };
        var key = new Option<string?>(
            "--key") { Description = "Key to ask with (default: the environment's METERING_KEY)" };
        var after = new Option<long>("--after") { Description = "Print only entries with a higher sequence" };
        var digest = new Option<bool>(
            "--digest") { Description =
                "Print no entries, but the digests of the state as recovered (snapshot and tail) and as replayed from entry 1; they must be equal" };
        var command = new Command("journal",
            "Print a tenant's entries, one a line, and check their hash chain. Exit code 1 if it is broken.") { tenants,
                data, url, key, after, digest };
        command.Validators.Add(
            r => { if (r.GetValue(digest)
                && r.GetValue(url) is not null) r.AddError("--digest reads the store: leave out --url"); });
        command.SetAction((parsed, cancellation) => Run(
            new JournalRequest(
                parsed.GetRequiredValue(tenants), parsed.GetRequiredValue(data), parsed.GetValue(url),
                parsed.GetValue(key) ?? Environment.GetEnvironmentVariable("METERING_KEY"), parsed.GetValue(after),
                parsed.GetValue(digest)),
            cancellation));
        return command;
    }

    private static async Task<int> Run(JournalRequest request, CancellationToken cancellation)
    {
        var good = true;
        if (request.Url is { } url)
        {
            using var client = new Client(url, request.Key);
            foreach (var tenant in request.Tenants)
                good &= await RemoteJournal.Print(client, tenant, request.After, cancellation);
            return good ? 0 : 1;
        }
        await using var store = StoredJournal.Open(request.DataDirectory);
        foreach (var tenant in request.Tenants)
            good &= request.Digest ? await StoredJournal.Digest(store, tenant, cancellation)
                : await StoredJournal.Print(store, tenant, request.After, cancellation);
        return good ? 0 : 1;
    }
}
