using System.Runtime.CompilerServices;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>What was sealed.</summary>
/// <param name="Segments">That were written, or written anew.</param>
/// <param name="Bytes">Of their files.</param>
public sealed record SealedSum(int Segments, long Entries, long Outcomes, long Bytes)
{
    public static readonly SealedSum Nothing = new(0, 0, 0, 0);

    public static SealedSum operator +(SealedSum one, SealedSum other) => new(one.Segments + other.Segments,
        one.Entries + other.Entries, one.Outcomes + other.Outcomes, one.Bytes + other.Bytes);
}

/// <summary>
/// Moves a tenant's oldest entries, what is stored apart of them, and then the archived outcomes that they reported
/// into segments: all that came before the first period that is not closed. A segment is written, synced, named and
/// read back before any of it leaves the hot store, and leaves it only if what follows there continues it. Whoever dies
/// in between leaves it in both, and the next one goes on from there.
/// </summary>
public sealed partial class Sealer(SegmentedStore store)
{
    /// <summary>Bytes of entries and details from which another segment begins.</summary>
    internal long SegmentSize { get; init; } = 16 << 20;
    private const int AtOnce = 1_000;

    private readonly IStore _hot = store.Hot;
    private readonly Segments _segments = store.Segments
        ?? throw new StoreException("The setting Metering:Journal:Segments does not say where segments go.");

    /// <summary>One tenant after the other; of one that fails it is told, and the others have their turn.</summary>
    /// <param name="tenants">Empty: all.</param>
    /// <param name="now">In real time; a tenant with a test clock goes by its own.</param>
    /// <param name="after">Periods that were closed less long ago count as open.</param>
    /// <exception cref="StoreException">The tenants cannot be listed.</exception>
    public async Task<SealedSum> SealAll(IReadOnlyList<string> tenants, Instant now, TimeSpan after, bool inSteps,
        Action<string, Exception> failed, CancellationToken cancellation)
    {
        var sum = SealedSum.Nothing;
        await foreach (var tenant in tenants.Count > 0 ? tenants.ToAsyncEnumerable() : All(cancellation))
            try
            {
                sum += await Seal(tenant, (await OwnTime(tenant, cancellation) ?? now) - after, inSteps, cancellation);
            }
            catch (Exception e) when (e is StoreException or JournalCorruptException or IOException
                or UnauthorizedAccessException)
            {
                failed(tenant, e);
            }
        return sum;
    }

    private async IAsyncEnumerable<string> All([EnumeratorCancellation] CancellationToken cancellation)
    {
        for (string? after = null; await store.List(after, AtOnce, cancellation) is { Count: > 0 } page;
            after = page[^1])
            foreach (var tenant in page) yield return tenant;
    }

    /// <summary>On a test clock, of its last entry; null: it goes by real time.</summary>
    private async Task<Instant?> OwnTime(string tenant, CancellationToken cancellation)
    {
        if (await store.Read(tenant, 0, 1, cancellation) is not [var first, ..]
            || EntriesOf(tenant, first, kind => kind == EntryKind.TenantCreated)
                is not [(_, Entry.TenantCreated { TestClock: not null })]
            || await _hot.Load(tenant, cancellation) is not { } stored
            || await store.Read(tenant, stored.Sequence - 1, 1, cancellation) is not [.., var last]) return null;
        return EntriesOf(tenant, last, _ => true)[^1].Entry.At;
    }

    /// <param name="closedBy">Periods that were closed later count as open.</param>
    /// <param name="inSteps">Others have their turn in between.</param>
    /// <exception cref="JournalCorruptException">What is stored, or a segment, is not what was written.</exception>
    /// <exception cref="StoreException">The tenant was written from elsewhere, or a store cannot be used.</exception>
    /// <exception cref="IOException">A segment cannot be written.</exception>
    public async Task<SealedSum> Seal(string tenant, Instant closedBy, bool inSteps, CancellationToken cancellation)
    {
        var steps = inSteps ? new Steps() : null;
        var first = await store.DemandSealed(tenant, cancellation);
        var until = await Boundary(tenant, first - 1, closedBy, steps, cancellation);
        if (until < first && !_segments.Of(tenant).Exists(file => file.Last >= first)
            && !await HasOutcomes(tenant, cancellation)) return SealedSum.Nothing;
        using var held = await _segments.Lock(tenant, cancellation);
        var sum = new Sum();
        await Entries(tenant, until, steps, sum, cancellation);
        await Outcomes(tenant, steps, sum, cancellation);
        return sum.Whole();
    }

    private async Task Entries(string tenant, long until, Steps? steps, Sum sum, CancellationToken cancellation)
    {
        for (var end = await Finish(tenant, cancellation); ;)
        {
            using var draft = new Segment.Draft(tenant, end);
            var next = await Gather(draft, tenant, until, steps, cancellation);
            if (next is null || draft.Last == end.Sequence) return;
            var bytes = draft.Finish();
            var file = _segments.Put(tenant, end.Sequence + 1, draft.Last, bytes);
            sum.Wrote(file, bytes.Length);
            sum.Entries += draft.Last - end.Sequence;
            Instruments.Sealed.Add(draft.Last - end.Sequence);
            end = Segments.With(tenant, file, segment => segment.End);
            await Trim(tenant, next, [.. draft.Details.Select(row => row.Sequence)], cancellation);
        }
    }

    /// <summary>
    /// Removes from the hot store what segments have already: whoever wrote them died before it did, or it came back
    /// with an import. Under the tenant's lock.
    /// </summary>
    /// <returns>Up to where the tenant is sealed.</returns>
    internal async Task<SegmentEnd> Finish(string tenant, CancellationToken cancellation)
    {
        var first = await store.DemandSealed(tenant, cancellation);
        if (_segments.Of(tenant) is not [.., var last] files) return SegmentEnd.Beginning(tenant);
        var end = Segments.With(tenant, last, segment => segment.End);
        if (first > end.Sequence) return end;
        if (await _hot.Read(tenant, end.Sequence, 1, cancellation) is not [var next, ..])
            throw new JournalCorruptException(tenant, end.Sequence,
                $"the segment '{last.Path}' ends there, and the store before it");
        if (!HashAt(next, end.Sequence).AsSpan().SequenceEqual(end.Hash))
            throw new JournalCorruptException(tenant, end.Sequence,
                $"the segment '{last.Path}' is of another journal: its chain is not the store's");
        var details = new List<long>();
        foreach (var file in files.Where(file => file.Last >= first))
            details.AddRange(Segments.With(tenant, file, segment =>
            {
                segment.Verify();
                return segment.Details().Select(row => row.Sequence).ToList();
            }));
        await Trim(tenant, next, details, cancellation);
        return end;
    }

    private async Task Trim(string tenant, EntryBlock next, IReadOnlyList<long> details, CancellationToken cancellation)
    {
        _segments.Before?.Invoke("trim");
        if (!await _hot.Trim(tenant, next.FirstSequence, next.PreviousHash, details, cancellation))
            throw new StoreException($"The journal of tenant '{tenant}' is not what was sealed: it was written from "
                + "elsewhere. Nothing was removed.");
        _segments.Before?.Invoke("trimmed");
    }

    private static byte[] HashAt(EntryBlock block, long sequence)
    {
        var hash = block.PreviousHash.ToArray();
        var reader = new BlockReader(block.Entries);
        for (var at = block.FirstSequence; at <= sequence && reader.TryRead(out var entry); at++)
            Chain.Next(hash, entry, hash);
        return hash;
    }

    /// <summary>The last entry before the first period that is not closed began; below the first entry after
    /// <paramref name="after"/>: there is nothing to seal.</summary>
    private async Task<long> Boundary(string tenant, long after, Instant closedBy, Steps? steps,
        CancellationToken cancellation)
    {
        var open = new List<(DateOnly Id, long From)>();
        var last = after;
        while (await _hot.Read(tenant, last, AtOnce, cancellation) is { Count: > 0 } blocks)
        {
            foreach (var block in blocks)
                foreach (var (sequence, entry) in EntriesOf(tenant, block, kind => kind is EntryKind.TenantCreated
                    or EntryKind.PeriodStarted or EntryKind.PeriodClosed))
                {
                    if (sequence <= after) continue;
                    if (entry is Entry.PeriodClosed closed && closed.At <= closedBy)
                        open.RemoveAll(period => period.Id == closed.Period);
                    var began = (entry as Entry.TenantCreated)?.Period ?? (entry as Entry.PeriodStarted)?.Period;
                    if (began is null) continue;
                    // Most tenants, most of the time: nothing that begins there can be closed yet.
                    if (open.Count == 0 && began.End > closedBy) return sequence - 1;
                    open.Add((began.Id, sequence));
                }
            last = blocks[^1].FirstSequence + blocks[^1].Count - 1;
            if (steps is not null) await steps.Between(cancellation);
        }
        return open.Count > 0 ? open[0].From - 1 : last;
    }

    private static List<(long Sequence, Entry Entry)> EntriesOf(string tenant, EntryBlock block,
        Predicate<EntryKind> which)
    {
        var found = new List<(long, Entry)>();
        var sequence = block.FirstSequence;
        try
        {
            for (var reader = new BlockReader(block.Entries); reader.TryRead(out var entry); sequence++)
                if (which(EntryCodec.KindOf(entry)))
                    found.Add((sequence, EntryCodec.Read(entry)));
        }
        catch (FormatException e)
        {
            throw new JournalCorruptException(tenant, sequence, $"the entry cannot be read: {e.Message}", e);
        }
        return found;
    }

    /// <summary>Takes whole blocks up to <paramref name="until"/> of which another follows: the newest stays.</summary>
    /// <returns>The block that follows what was taken; null: there is none.</returns>
    private async Task<EntryBlock?> Gather(Segment.Draft draft, string tenant, long until, Steps? steps,
        CancellationToken cancellation)
    {
        EntryBlock? held = null;
        for (var after = draft.Last; await _hot.Read(tenant, after, AtOnce, cancellation) is { Count: > 0 } blocks;)
        {
            foreach (var block in blocks)
            {
                if (held is not null) await Take(draft, tenant, held, cancellation);
                (held, after) = (block, block.FirstSequence + block.Count - 1);
                if (after > until || draft.Bytes >= SegmentSize) return held;
            }
            if (steps is not null) await steps.Between(cancellation);
        }
        return held;
    }

    private async Task Take(Segment.Draft draft, string tenant, EntryBlock block, CancellationToken cancellation)
    {
        // The first may have begun before the segment does.
        if (block.FirstSequence > draft.Last + 1
            || !HashAt(block, draft.Last).AsSpan().SequenceEqual(draft.Hash))
            throw new JournalCorruptException(tenant, block.FirstSequence,
                $"the block does not follow sequence {draft.Last} and its hash");
        var apart = Add(draft, tenant, block);
        foreach (var some in apart.Chunk(AtOnce))
            foreach (var row in await _hot.Details(tenant, some, cancellation))
                if (row is not null)
                    draft.Add(row);
    }

    /// <returns>Sequences of those of which something may be stored apart.</returns>
    private static List<long> Add(Segment.Draft draft, string tenant, EntryBlock block)
    {
        var apart = new List<long>();
        var sequence = block.FirstSequence;
        try
        {
            for (var reader = new BlockReader(block.Entries); reader.TryRead(out var entry); sequence++)
            {
                if (sequence <= draft.Last) continue;
                draft.Add(entry);
                if (EntryCodec.KindOf(entry) is EntryKind.OutcomeReported or EntryKind.FactReported
                    or EntryKind.ActivityReported)
                    apart.Add(sequence);
            }
        }
        catch (FormatException e)
        {
            throw new JournalCorruptException(tenant, sequence, e.Message, e);
        }
        return apart;
    }
}
