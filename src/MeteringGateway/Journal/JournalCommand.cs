using System.CommandLine;

namespace MeteringGateway.Journal;

/// <summary>What <c>metering journal</c> was asked to do.</summary>
/// <param name="After">Entries up to this sequence are checked and not printed.</param>
internal sealed record JournalRequest(IReadOnlyList<string> Tenants, string? Url, string? Key,
    long After, bool Digest, bool Raw, bool Check);

internal static class JournalCommand
{
    public static Command Make(string[] settings)
    {
        var tenants = new Option<string[]>("--tenant") { Description =
            "Whose journal; may be given several times, and left out with --check: then all" };
        var url = new Option<string?>(
            "--url") { Description =
                "Ask this gateway instead of reading a store; without --raw it sends the links of the chain, not what "
                    + "is hashed" };
        var key = new Option<string?>(
            "--key") { Description = "Key to ask with (default: the environment's METERING_KEY)" };
        var after = new Option<long>("--after") { Description = "Print only entries with a higher sequence" };
        var digest = new Option<bool>(
            "--digest") { Description =
                "Print no entries, but the digests of the state as recovered (snapshot and tail) and as replayed "
                    + "from entry 1; they must be equal. What is stored beside the entries is compared with them: "
                    + "detail, archived outcomes, alerts" };
        var raw = new Option<bool>(
            "--raw") { Description =
                "Print each entry as JSON with its bytes and hash: what 'metering verify --entries' reads" };
        var check = new Option<bool>(
            "--check") { Description =
                "Check the whole store: the file and its indexes, the digest of each row that no journal vouches for, "
                    + "and of each tenant what --digest does" };
        var command = new Command("journal",
            "Print a tenant's entries, one a line, and check their hash chain; the store may be in use. Exit code 1 "
                + "if it is broken.") { tenants, url, key, after, digest, raw, check };
        var store = new StoreOption(command, settings, ", or ask a gateway with --url");
        command.Validators.Add(result =>
        {
            if (!result.GetValue(check) && result.GetValue(tenants) is null or [])
                result.AddError("--tenant is missing: whose journal?");
            if (result.GetValue(url) is null) return;
            if (result.GetValue(check)) result.AddError("--check reads the store: leave out --url");
            if (result.GetValue(digest)) result.AddError("--digest reads the store: leave out --url");
            if (store.IsGiven(result)) result.AddError("--url asks a gateway: leave out --data-directory and --redis");
        });
        command.SetAction((parsed, cancellation) => Run(
            new JournalRequest(
                parsed.GetValue(tenants) ?? [], parsed.GetValue(url),
                parsed.GetValue(key) ?? Environment.GetEnvironmentVariable("METERING_KEY"), parsed.GetValue(after),
                parsed.GetValue(digest), parsed.GetValue(raw), parsed.GetValue(check)),
            () => store.Choose(parsed), cancellation));
        return command;
    }

    private static async Task<int> Run(JournalRequest request, Func<Store> choose,
        CancellationToken cancellation)
    {
        var good = true;
        if (request.Url is { } url)
        {
            using var client = new Client(request.Key, url);
            foreach (var tenant in request.Tenants)
                if (request.Raw) await RemoteJournal.Raw(client, tenant, request.After, cancellation);
                else good &= await RemoteJournal.Print(client, tenant, request.After, cancellation);
            return good ? 0 : 1;
        }
        await choose().Read(async (store, where) =>
        {
            if (request.Check)
            {
                good = await StoreCheck.Run(store, where, request.Tenants, cancellation);
                return;
            }
            foreach (var tenant in request.Tenants)
                good &= request.Digest ? await StoredJournal.Digest(store, where, tenant, cancellation)
                    : await StoredJournal.Print(store, where, tenant, request.After, request.Raw, cancellation);
        }, cancellation);
        return good ? 0 : 1;
    }
}
