using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

/// <summary>
/// A store whose oldest entries, and the archived outcomes that they reported, are in segments: the one place that
/// knows where one is. The hot store keeps a tenant's newest block always, so what it has not before its first block is
/// in a segment, or missing, which is said. Everything else is the hot store's.
/// </summary>
/// <param name="segments">Null: the settings name no directory. A store that was never sealed needs none.</param>
public sealed partial class SegmentedStore(IStore hot, Segments? segments) : IStore
{
    private readonly ReadThreads _reads = new(2);

    internal IStore Hot => hot;
    internal Segments? Segments => segments;

    public async ValueTask<StoredTenant?> Load(string tenant, CancellationToken cancellation)
    {
        if (await hot.Load(tenant, cancellation) is not { } stored) return null;
        var snapshot = stored.Snapshot?.Sequence ?? 0;
        if (stored.Tail is not [var first, ..] || first.FirstSequence <= snapshot + 1) return stored;
        var before = await Sealed(tenant, snapshot, first.FirstSequence - 1, long.MaxValue, cancellation);
        return stored with { Tail = [.. before, .. stored.Tail] };
    }

    public async ValueTask<IReadOnlyList<EntryBlock>> Read(string tenant, long after, int limit,
        CancellationToken cancellation)
    {
        if (after == long.MaxValue) return []; // there is none after it
        var blocks = new List<EntryBlock>();
        for (var last = after; last - after < limit || blocks.Count == 0;)
        {
            var left = (int)(limit - (last - after));
            var some = await hot.Read(tenant, last, left, cancellation);
            if (some.Count == 0 || some[0].FirstSequence <= last + 1) return blocks.Count == 0 ? some
                : [.. blocks, .. some];
            blocks.AddRange(await Sealed(tenant, last, some[0].FirstSequence - 1, left, cancellation));
            last = blocks[^1].FirstSequence + blocks[^1].Count - 1;
        }
        return blocks;
    }

    /// <summary>Blocks from the one that holds the entry after <paramref name="after"/>, none beyond
    /// <paramref name="until"/>, with about <paramref name="limit"/> entries.</summary>
    private async ValueTask<List<EntryBlock>> Sealed(string tenant, long after, long until, long limit,
        CancellationToken cancellation)
    {
        var (blocks, last) = (new List<EntryBlock>(), after);
        foreach (var file in segments?.Of(tenant) ?? [])
        {
            if (last >= until || last - after >= limit) break;
            if (file.Last <= last) continue;
            if (file.First > last + 1) break;
            var (from, left) = (last, (int)Math.Min(limit - (last - after), int.MaxValue));
            blocks.AddRange(await Run(tenant, file, segment => segment.Read(from, left), cancellation));
            last = blocks[^1].FirstSequence + blocks[^1].Count - 1;
        }
        if (last < until && last - after < limit) throw Missing(tenant, last + 1, until);
        if (last > until) blocks[^1] = Cut(blocks[^1], until);
        return blocks;
    }

    private JournalCorruptException Missing(string tenant, long from, long until) => new(tenant, from,
        segments is null ? $"entries {from} to {until} were sealed into segments, and the setting "
            + "Metering:Journal:Segments does not say where these are"
        : $"entries {from} to {until} are not in the store, and there is no segment of them in '{segments.Root}': "
            + "it is missing, or the directory is not the one that they were sealed into");

    /// <summary>What the hot store has as well is read there.</summary>
    private static EntryBlock Cut(EntryBlock block, long until)
    {
        using var kept = new BlockWriter();
        var reader = new BlockReader(block.Entries);
        for (var sequence = block.FirstSequence; sequence <= until && reader.TryRead(out var entry); sequence++)
            kept.Add(entry);
        return block with { Count = (int)(until - block.FirstSequence + 1), Entries = kept.Written.ToArray() };
    }

    public async ValueTask<IReadOnlyList<DetailRow?>> Details(string tenant, IReadOnlyList<long> sequences,
        CancellationToken cancellation)
    {
        var found = await hot.Details(tenant, sequences, cancellation);
        if (segments is null || found.All(row => row is not null)) return found;
        var all = found.ToArray();
        var files = segments.Of(tenant);
        foreach (var file in files)
        {
            var asked = sequences.Where((sequence, i) => all[i] is null && sequence >= file.First
                && sequence <= file.Last).ToHashSet();
            if (asked.Count == 0) continue;
            var rows = await Run(tenant, file, segment => segment.Details(asked).ToDictionary(row => row.Sequence),
                cancellation);
            for (var i = 0; i < all.Length; i++) all[i] ??= rows.GetValueOrDefault(sequences[i]);
        }
        return all;
    }

    public async ValueTask<IReadOnlyList<long>> DetailsOf(string tenant, string endCustomer,
        CancellationToken cancellation)
    {
        if (segments is null)
        {
            await DemandSealed(tenant, cancellation);
            return await hot.DetailsOf(tenant, endCustomer, cancellation);
        }
        using var held = await segments.Lock(tenant, cancellation);
        // So that nothing is in both.
        await new Sealer(this).Finish(tenant, cancellation);
        var found = new SortedSet<long>(await hot.DetailsOf(tenant, endCustomer, cancellation));
        foreach (var file in segments.Of(tenant))
            found.UnionWith(await _reads.Run(tenant, urgent: false, () => Segments.With(tenant, file, segment =>
                segment.Details().Where(row => row.EndCustomer == endCustomer).Select(row => row.Sequence).ToList()),
                cancellation));
        return [.. found];
    }

    /// <summary>In the segments too, whose entries stay as they are: they have a salted hash of what goes.</summary>
    public async ValueTask Erase(string tenant, IReadOnlyList<long> sequences, CancellationToken cancellation)
    {
        if (segments is null || sequences.Count == 0)
        {
            await hot.Erase(tenant, sequences, cancellation);
            return;
        }
        using var held = await segments.Lock(tenant, cancellation);
        await new Sealer(this).Finish(tenant, cancellation);
        await hot.Erase(tenant, sequences, cancellation);
        var gone = sequences.ToHashSet();
        foreach (var file in segments.Of(tenant))
            await _reads.Run(tenant, urgent: false, () => EraseIn(tenant, file, gone), cancellation);
    }

    private bool EraseIn(string tenant, SegmentFile file, HashSet<long> gone)
    {
        var bytes = Segments.With(tenant, file, segment => segment.Details().Any(row => gone.Contains(row.Sequence))
            ? segment.With(segment.Details().Where(row => !gone.Contains(row.Sequence))) : []);
        if (bytes.Length > 0) segments!.Put(tenant, file.First, file.Last, bytes);
        return bytes.Length > 0;
    }

    /// <summary>That what the hot store has not is in the segments, from the first entry on.</summary>
    /// <returns>The sequence that the hot store begins with.</returns>
    /// <exception cref="JournalCorruptException">A segment is missing.</exception>
    internal async ValueTask<long> DemandSealed(string tenant, CancellationToken cancellation)
    {
        var first = await hot.Read(tenant, 0, 1, cancellation) is [var block, ..] ? block.FirstSequence : 1;
        var last = 0L;
        foreach (var file in segments?.Of(tenant) ?? [])
        {
            if (file.First != last + 1) throw Missing(tenant, last + 1, file.First - 1);
            last = file.Last;
        }
        if (last < first - 1) throw Missing(tenant, last + 1, first - 1);
        return first;
    }

    public async Task<IReadOnlyList<string>> Check(CancellationToken cancellation) =>
        [.. await hot.Check(cancellation), .. await CheckSegments(cancellation)];

    /// <summary>What of the segments is not as it was written: all of them are read.</summary>
    internal async Task<IReadOnlyList<string>> CheckSegments(CancellationToken cancellation)
    {
        var findings = new List<string>();
        for (string? after = null; await hot.List(after, 1_000, cancellation) is { Count: > 0 } page; after = page[^1])
            foreach (var tenant in page)
                try
                {
                    await DemandSealed(tenant, cancellation);
                    await CheckSegments(tenant, cancellation);
                }
                catch (JournalCorruptException e)
                {
                    findings.Add(e.Message);
                }
        return findings;
    }

    private async Task CheckSegments(string tenant, CancellationToken cancellation)
    {
        var end = SegmentEnd.Beginning(tenant);
        foreach (var file in segments?.Of(tenant) ?? [])
            end = await Run(tenant, file, segment =>
            {
                if (!segment.Previous.AsSpan().SequenceEqual(end.Segment)
                    || !segment.Before.AsSpan().SequenceEqual(end.Hash))
                    throw new FormatException("it does not follow the segment before");
                segment.Verify();
                return segment.End;
            }, cancellation);
    }

    /// <summary>
    /// Gives the room of what was removed back to the disk, where the store keeps it for what comes: while nobody else
    /// uses the store, as it is written anew.
    /// </summary>
    public void GiveBack() => (hot as SqliteStore)?.Execute("VACUUM");

    private Task<T> Run<T>(string tenant, SegmentFile file, Func<Segment, T> work, CancellationToken cancellation,
        bool urgent = false) =>
        _reads.Run(tenant, urgent, () => Segments.With(tenant, file, work), cancellation);

    public async ValueTask DisposeAsync()
    {
        _reads.Dispose();
        await hot.DisposeAsync();
    }
}
