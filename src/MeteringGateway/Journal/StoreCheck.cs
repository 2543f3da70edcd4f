using MeteringGateway.Engine;

namespace MeteringGateway.Journal;

/// <summary>A whole store: what it says of itself, and every tenant's journal and what lies beside it.</summary>
internal static class StoreCheck
{
    private const int AtOnce = 1_000;

    /// <param name="tenants">Empty: all.</param>
    /// <returns>False, each finding with its place on standard error: something is not what was written.</returns>
    public static async Task<bool> Run(IStore store, string where, IReadOnlyList<string> tenants,
        CancellationToken cancellation)
    {
        var findings = await store.Check(cancellation);
        foreach (var finding in findings) await Console.Error.WriteLineAsync($"{where}: {finding}");
        var good = findings.Count == 0;
        if (good) Console.WriteLine($"{where}: the store is as it was written");
        await foreach (var tenant in tenants.Count > 0 ? tenants.ToAsyncEnumerable() : All(store, cancellation))
            try
            {
                good &= await StoredJournal.Digest(store, where, tenant, cancellation);
            }
            // What is wrong with one tenant is said, and the others are looked at.
            catch (Exception e) when (e is JournalCorruptException or StoreException or CommandException)
            {
                await Console.Error.WriteLineAsync($"{tenant}: {e.Message}");
                good = false;
            }
        return good;
    }

    private static async IAsyncEnumerable<string> All(IStore store,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (string? after = null; await store.List(after, AtOnce, cancellation) is { Count: > 0 } page;
            after = page[^1])
            foreach (var tenant in page) yield return tenant;
    }
}
