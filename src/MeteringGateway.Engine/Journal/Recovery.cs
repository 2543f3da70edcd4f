using MeteringGateway.Core;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Engine;

/// <summary>
/// A tenant as the store has it: the state, the hash after its last entry, and how much came after the last snapshot.
/// </summary>
internal sealed record Recovered(TenantState State, byte[] Hash, int SnapshotBytes, long TailBytes, int TailEntries)
{
    public static Recovered New(string tenant) => new(new TenantState(), Chain.Genesis(tenant), 0, 0, 0);
}

/// <summary>
/// Loads a tenant: its snapshot, the entries after it, and the proof that the chain between is whole.
/// </summary>
internal static class Recovery
{
    // Below it, a second thread costs more than it saves.
    private const long Large = 1 << 20;

    /// <summary>Null: the tenant was never written.</summary>
    /// <exception cref="JournalCorruptException">What is stored cannot be this tenant's journal.</exception>
    public static async Task<Recovered?> Load(IStore store, string tenant, ILogger log, CancellationToken cancellation)
    {
        var stored = await store.Load(tenant, cancellation);
        if (stored is null) return null;
        var state = new TenantState();
        if (stored.Snapshot is { } snapshot)
            try
            {
                state = SnapshotSeal.Open(tenant, snapshot);
            }
#pragma warning disable CA1031 // A snapshot only saves time: whatever is wrong with it, the entries are what counts.
            catch (Exception e)
#pragma warning restore CA1031
            {
                log.LogWarning(e,
                    "The snapshot of tenant {Tenant} cannot be read: it is folded from all of its entries", tenant);
                state = new TenantState();
                stored = stored with { Snapshot = null,
                    Tail = await store.Read(tenant, 0, int.MaxValue, cancellation) };
            }
        var bytes = stored.Tail.Sum(block => (long)block.Entries.Length);
        var entries = await Fold(tenant, stored, state, bytes);
        return new Recovered(state, stored.Hash, stored.Snapshot?.State.Length ?? 0, bytes, entries);
    }

    private static async Task<int> Fold(string tenant, StoredTenant stored, TenantState state, long bytes)
    {
        if (bytes < Large)
        {
            Verification.Verify(tenant, stored, parallel: false);
            return Apply(tenant, stored, state);
        }
        // Folding and hashing ask nothing of each other; the state is not used before both are done.
        var verified = Task.Run(() => Verification.Verify(tenant, stored, parallel: true));
        try
        {
            return Apply(tenant, stored, state);
        }
        finally
        {
            // What is not whole is the better explanation of why it cannot be folded.
            await verified;
        }
    }

    private static int Apply(string tenant, StoredTenant stored, TenantState state)
    {
        var before = state.Sequence;
        foreach (var block in stored.Tail)
        {
            var reader = new BlockReader(block.Entries);
            var sequence = block.FirstSequence;
            try
            {
                for (; reader.TryRead(out var entry); sequence++)
                    if (sequence > before)
                        state.Apply(EntryCodec.Read(entry));
            }
#pragma warning disable CA1031 // Bytes that are not an entry can fail in any way.
            catch (Exception e)
#pragma warning restore CA1031
            {
                throw new JournalCorruptException(tenant, sequence, $"the entry cannot be read: {e.Message}", e);
            }
            // They were stored with the entries that made them leave.
            state.TakeDeparted();
        }
        if (state.Sequence != stored.Sequence)
            throw new JournalCorruptException(tenant, state.Sequence + 1,
                $"the journal ends here, and should end at {stored.Sequence}");
        return (int)(state.Sequence - before);
    }
}
