using System.Globalization;
using System.Text.Json.Nodes;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.Journal;

/// <summary>A journal as it is in the store: every hash is computed again from the entries' own bytes.</summary>
internal static class StoredJournal
{
    /// <param name="where">The store, in words.</param>
    /// <param name="raw">As <see cref="RawLine"/>, and nothing else on standard output.</param>
    public static async Task<bool> Print(IStore store, string where, string tenant, long after, bool raw,
        CancellationToken cancellation)
    {
        var stored = await Load(store, where, tenant, cancellation);
        var currency = "";
        await using var raws = raw ? Console.OpenStandardOutput() : Stream.Null;
        var good = await Walk(store, tenant, stored, (sequence, entry, bytes, previous, hash) =>
        {
            if (raw && sequence > after) raws.Write(RawLine.Of(tenant, sequence, entry, bytes, hash));
            if (raw) return;
            if (entry is Entry.TenantCreated created) currency = created.Terms.Currency;
            if (sequence <= after) return;
            var json = Entries.ToJson(new JournalEntry(sequence, entry, previous, hash), currency);
            Console.WriteLine(EntryLine.Of(sequence, JsonNode.Parse(json)!.AsObject()));
        }, cancellation);
        if (good && !raw)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{tenant}: {stored.Sequence} entries, chain good, head {Hex(stored.Hash)}"));
        return good;
    }

    public static async Task<bool> Digest(IStore store, string where, string tenant,
        CancellationToken cancellation)
    {
        var stored = await Load(store, where, tenant, cancellation);
        var (recovered, replayed) = (Restored(tenant, stored.Snapshot), new TenantState());
        // As a gateway does with a snapshot that it cannot read: it only saves time.
        var good = recovered is not null;
        if (recovered is null)
            stored = stored with { Snapshot = null, Tail = await store.Read(tenant, 0, int.MaxValue, cancellation) };
        recovered ??= new TenantState();
        foreach (var block in stored.Tail)
        {
            foreach (var bytes in Frames(tenant, block)
                .Skip((int)Math.Max(0, recovered.Sequence + 1 - block.FirstSequence)))
                Take(tenant, recovered.Sequence + 1, bytes, entry => Apply(recovered, entry));
        }
        if (!await Walk(store, tenant, stored, (_, entry, _, _, _) => Apply(replayed, entry), cancellation))
            return false;
        var beside = await Beside(store, tenant, stored.Sequence, cancellation);
        var (one, other) = (Hex(recovered.Digest()), Hex(replayed.Digest()));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tenant}: {stored.Sequence} entries, chain good; recovered (snapshot of "
                + $"{stored.Snapshot?.Sequence ?? 0}) {one}, replayed {other}"));
        foreach (var finding in beside) Console.Error.WriteLine($"{tenant}: {finding}");
        if (one == other) return good && beside.Count == 0;
        Console.Error.WriteLine($"{tenant}: recovery and replay part");
        return false;
    }

    /// <summary>What is stored beside the journal and is not what its entries say.</summary>
    private static async Task<List<string>> Beside(IStore store, string tenant, long last,
        CancellationToken cancellation)
    {
        var audit = new StoreAudit(store, tenant);
        for (long sequence = 0; sequence < last;)
            foreach (var block in await store.Read(tenant, sequence, 1000, cancellation))
            {
                var entries = Frames(tenant, block).Take((int)Math.Min(block.Count, last - sequence)).ToList();
                await audit.Take(entries, cancellation);
                sequence += entries.Count;
                if (sequence >= last) break;
            }
        await audit.End(cancellation);
        return audit.Findings;
    }

    /// <summary>Null: it was changed since it was stored, or another version of the program wrote it.</summary>
    private static TenantState? Restored(string tenant, StoredSnapshot? snapshot)
    {
        try
        {
            return snapshot is null ? new TenantState() : SnapshotSeal.Open(tenant, snapshot);
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{tenant}: the snapshot of entry {snapshot!.Sequence} is not used: {e.Message}"));
            return null;
        }
    }

    private static async Task<StoredTenant> Load(IStore store, string where, string tenant,
        CancellationToken cancellation) =>
        await store.Load(tenant, cancellation)
            ?? throw new CommandException($"there is no tenant {tenant} in {where}");

    /// <summary>
    /// Goes through all entries as of <paramref name="stored"/>, checking the chain; false, with the reason printed, if
    /// it is broken.
    /// </summary>
    private static async Task<bool> Walk(
        IStore store, string tenant, StoredTenant stored, Action<long, Entry, byte[], byte[], byte[]> each,
        CancellationToken cancellation)
    {
        var (sequence, hash) = (0L, Chain.Genesis(tenant));
        while (sequence < stored.Sequence)
        {
            var blocks = await store.Read(tenant, sequence, 1000, cancellation);
            if (blocks.Count == 0)
                return RemoteJournal.Broken(tenant,
                    $"it ends after entry {sequence}, and should end after {stored.Sequence}");
            foreach (var block in blocks)
            {
                if (block.FirstSequence != sequence + 1)
                    return RemoteJournal.Broken(tenant, $"entry {block.FirstSequence} follows entry {sequence}");
                if (!block.PreviousHash.AsSpan().SequenceEqual(hash))
                    return RemoteJournal.Broken(tenant,
                        $"entry {sequence} is not what entry {block.FirstSequence} was chained to");
                foreach (var bytes in Frames(tenant, block))
                {
                    // A server that is running adds entries meanwhile.
                    if (sequence == stored.Sequence) break;
                    var previous = hash;
                    hash = new byte[Chain.HashLength];
                    Chain.Next(previous, bytes, hash);
                    Take(tenant, ++sequence, bytes, entry => each(sequence, entry, bytes, previous, hash));
                }
            }
        }
        return hash.AsSpan().SequenceEqual(stored.Hash)
            || RemoteJournal.Broken(tenant,
                $"it does not end with the hash that was kept: entry {sequence} or the one before it was changed");
    }

    /// <exception cref="JournalCorruptException">The bytes are not an entry, or not one that can follow.</exception>
    private static void Take(string tenant, long sequence, byte[] bytes, Action<Entry> with)
    {
        try
        {
            with(EntryCodec.Read(bytes));
        }
        // What is written to meanwhile may be a pipe that somebody has closed.
        catch (Exception e) when (e is not IOException)
        {
            throw new JournalCorruptException(tenant, sequence,
                $"the entry cannot be read: {JournalCorruptException.Why(e)}", e);
        }
    }

    private static void Apply(TenantState state, Entry entry)
    {
        state.Apply(entry);
        // What leaves memory is in the store already.
        state.TakeDeparted();
    }

    private static string Hex(byte[] hash) => Convert.ToHexStringLower(hash);

    private static List<byte[]> Frames(string tenant, EntryBlock block)
    {
        var frames = new List<byte[]>(block.Count);
        try
        {
            var reader = new BlockReader(block.Entries);
            while (reader.TryRead(out var entry)) frames.Add(entry.ToArray());
            return frames.Count == block.Count ? frames
                : throw new FormatException($"the block of {block.FirstSequence} should hold {block.Count} entries");
        }
        catch (FormatException e)
        {
            throw new JournalCorruptException(tenant, block.FirstSequence + frames.Count, e.Message, e);
        }
    }
}
