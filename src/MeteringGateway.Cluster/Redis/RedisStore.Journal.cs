using System.Globalization;
using MeteringGateway.Engine;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

public sealed partial class RedisStore
{
    /// <exception cref="StoreException">Redis does not answer.</exception>
    public async ValueTask<StoredTenant?> Load(string tenant, CancellationToken cancellation)
    {
        var stored = await Stored(tenant, cancellation);
        if (stored is not null) await AwaitReplicas(cancellation);
        return stored;
    }

    private async ValueTask<StoredTenant?> Stored(string tenant, CancellationToken cancellation)
    {
        var snapshot = await Snapshot(tenant, cancellation);
        if (await Blocks(tenant, snapshot?.Sequence ?? 0, long.MaxValue, cancellation) is not { } read) return null;
        if (snapshot is null || IsOnChain(snapshot, read))
            return new StoredTenant(snapshot, read.Blocks, read.Sequence, read.Hash);
        log.LogWarning(
            "The snapshot of tenant {Tenant} at sequence {Sequence} is not of its journal: it is folded from all of "
                + "its entries",
            tenant, snapshot.Sequence);
        var all = await Blocks(tenant, 0, long.MaxValue, cancellation);
        return all is null ? null : new StoredTenant(null, all.Blocks, all.Sequence, all.Hash);
    }

    public async ValueTask<IReadOnlyList<EntryBlock>> Read(string tenant, long after, int limit,
        CancellationToken cancellation) =>
        await Blocks(tenant, after, limit, cancellation) is { } read ? read.Blocks : [];

    public async ValueTask<bool> Trim(string tenant, long first, byte[] previousHash, IReadOnlyList<long> details,
        CancellationToken cancellation)
    {
        RedisKey[] keys = [Key("j", tenant), Key("d", tenant)];
        foreach (var some in details.Chunk(RowsAtOnce))
            if (await Step(0, [.. some.Select(sequence => (RedisValue)sequence)]) < 0)
                return false;
        for (; ;)
            switch (await Step(RowsAtOnce, []))
            {
                case < 0: return false;
                case 0: return true;
            }

        async ValueTask<long> Step(int blocks, RedisValue[] forget) =>
            (long)await Ask(Scripts.Trim, keys, [first, previousHash, blocks, .. forget], cancellation);
    }

    public async ValueTask RemoveArchived(string tenant, IReadOnlyList<ArchivedVersion> sealedOnes,
        CancellationToken cancellation)
    {
        RedisKey[] keys = [Key("a", tenant), Key("af", tenant), Key("as", tenant)];
        foreach (var some in sealedOnes.Chunk(RowsAtOnce))
            await Ask(Scripts.RemoveArchived, keys,
                [.. some.SelectMany(one => (RedisValue[])[one.OutcomeId, one.Sequence])], cancellation);
    }

    /// <summary>
    /// Blocks from the one that holds the entry after <paramref name="after"/> on, up to where the journal ended when
    /// it was first asked.
    /// </summary>
    private async ValueTask<JournalPart?> Blocks(string tenant, long after, long limit, CancellationToken cancellation)
    {
        var blocks = new List<EntryBlock>();
        JournalPart? head = null;
        for (var last = after; ;)
        {
            var most = (int)Math.Clamp(limit - (last - after), 0, PageBlocks);
            var page = await Page(tenant, last, most, cancellation);
            if (page is null || page.Sequence < head?.Sequence)
                return head is null ? null
                    : throw new StoreException($"The journal of tenant '{tenant}' became shorter while it was read.");
            head ??= page;
            var before = blocks.Count;
            foreach (var block in page.Blocks.TakeWhile(block => last - after < limit
                && block.FirstSequence <= head.Sequence))
            {
                blocks.Add(block);
                last = block.FirstSequence + block.Count - 1 is var end && end > last ? end : throw new StoreException(
                    Damaged($"block {block.FirstSequence}-{block.Count} of tenant '{tenant}'"));
            }
            if (blocks.Count == before || last >= head.Sequence || last - after >= limit)
                return head with { Blocks = blocks };
        }
    }

    private async ValueTask<JournalPart?> Page(string tenant, long after, int most, CancellationToken cancellation)
    {
        var answer =
            (RedisResult[])(await Ask(Scripts.Blocks, [Key("t", tenant), Key("j", tenant)], [after, most, PageBytes],
                cancellation))!;
        if (answer.Length == 0) return null;
        var blocks = new List<EntryBlock>();
        for (var i = 2; i < answer.Length; i += 3)
        {
            // A block's id in its stream is its first sequence and its count.
            var id = ((string)answer[i]!).Split('-');
            blocks.Add(new EntryBlock(
                long.Parse(id[0], CultureInfo.InvariantCulture), int.Parse(id[1], CultureInfo.InvariantCulture),
                (byte[])answer[i + 2]!, (byte[])answer[i + 1]!));
        }
        return new JournalPart((long)answer[0], (byte[])answer[1]!, blocks);
    }

    /// <summary>
    /// Whether the journal had the snapshot's hash at its sequence. Not so if Redis has lost entries that the snapshot,
    /// which is written elsewhere, still has.
    /// </summary>
    private static bool IsOnChain(StoredSnapshot snapshot, JournalPart read)
    {
        if (snapshot.Sequence > read.Sequence) return false;
        if (read.Blocks is not [var first, ..])
            return snapshot.Sequence == read.Sequence && snapshot.Hash.AsSpan().SequenceEqual(read.Hash);
        // What is between them is in segments: whoever reads these verifies it.
        if (first.FirstSequence > snapshot.Sequence + 1) return true;
        var hash = first.PreviousHash.AsSpan().ToArray();
        var reader = new BlockReader(first.Entries);
        try
        {
            for (var sequence = first.FirstSequence; sequence <= snapshot.Sequence
                && reader.TryRead(out var entry); sequence++)
                Chain.Next(hash, entry, hash);
        }
        catch (FormatException)
        {
            // Whoever verifies the journal finds it and says where.
            return false;
        }
        return snapshot.Hash.AsSpan().SequenceEqual(hash);
    }
}

/// <summary>Some of a tenant's blocks, and where its journal ended then.</summary>
internal sealed record JournalPart(long Sequence, byte[] Hash, IReadOnlyList<EntryBlock> Blocks);
