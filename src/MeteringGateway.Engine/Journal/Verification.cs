using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace MeteringGateway.Engine;

/// <summary>
/// Checks that blocks follow each other without a gap, and that their chain begins and ends where it must.
/// </summary>
internal static class Verification
{
    /// <param name="steps">Null: in one go.</param>
    public static async ValueTask Verify(string tenant, StoredTenant stored, Steps? steps,
        CancellationToken cancellation)
    {
        var ends = new byte[stored.Tail.Count][];
        for (var i = 0; i < ends.Length; i++)
        {
            ends[i] = End(tenant, stored.Tail[i], stored.Snapshot);
            if (steps is not null) await steps.Between(cancellation);
        }
        Follow(tenant, stored, ends);
    }

    private static void Follow(string tenant, StoredTenant stored, byte[][] ends)
    {
        var blocks = stored.Tail;
        var (sequence, hash) = stored.Snapshot is { } snapshot ? (snapshot.Sequence, snapshot.Hash)
            : (0, Chain.Genesis(tenant));
        for (var i = 0; i < blocks.Count; i++)
        {
            var block = blocks[i];
            // The first one may have begun before the snapshot: then the hash in its middle was compared.
            var follows = i == 0 && block.FirstSequence <= sequence && stored.Snapshot is not null
                ? block.FirstSequence + block.Count > sequence
                : block.FirstSequence == sequence + 1 && Same(block.PreviousHash, hash);
            if (!follows)
                throw new JournalCorruptException(tenant, block.FirstSequence,
                    $"the block does not follow sequence {sequence} and its hash");
            (sequence, hash) = (block.FirstSequence + block.Count - 1, ends[i]);
        }
        if (sequence != stored.Sequence || !Same(hash, stored.Hash))
            throw new JournalCorruptException(tenant, sequence,
                $"the chain does not end at sequence {stored.Sequence} with the hash that was kept");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static byte[] End(string tenant, EntryBlock block, StoredSnapshot? snapshot)
    {
        var hash = block.PreviousHash.AsSpan().ToArray();
        var sequence = block.FirstSequence;
        try
        {
            var reader = new BlockReader(block.Entries);
            for (; reader.TryRead(out var entry); sequence++)
            {
                Chain.Next(hash, entry, hash);
                if (sequence == snapshot?.Sequence && !Same(hash, snapshot.Hash))
                    throw new JournalCorruptException(tenant, sequence,
                        "the hash is not the one that the snapshot was taken at");
            }
        }
        catch (FormatException e)
        {
            throw new JournalCorruptException(tenant, sequence, e.Message, e);
        }
        if (sequence != block.FirstSequence + block.Count)
            throw new JournalCorruptException(tenant, sequence,
                $"the block of {block.FirstSequence} should hold {block.Count} entries");
        return hash;
    }

    private static bool Same(byte[] a, byte[] b) => CryptographicOperations.FixedTimeEquals(a, b);
}

/// <summary>A tenant's journal is not what was written. The tenant is not loaded; others are not touched.</summary>
public sealed class JournalCorruptException : Exception
{
    public JournalCorruptException(string tenant, long sequence, string why, Exception? inner = null)
        : base($"The journal of tenant '{tenant}' is damaged at sequence {sequence}: {why}.", inner) =>
        (Data[nameof(Tenant)], Data[nameof(Sequence)]) = (tenant, sequence);

    /// <summary>Why bytes could not be read, or taken: what any other exception says is no help to who reads
    /// it.</summary>
    public static string Why(Exception fault) => fault is FormatException ? fault.Message
        : "it cannot follow what is before it";

    // In Data, as that is what goes with an exception from one process to another.
    public string Tenant => (string)Data[nameof(Tenant)]!;
    public long Sequence => (long)Data[nameof(Sequence)]!;
}
