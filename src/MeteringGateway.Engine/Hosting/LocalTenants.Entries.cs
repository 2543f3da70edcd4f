using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// Entries as they are stored. None is served that the chain does not hold (D2): a block is read together with what
/// follows it, the next block or the tenant's head, whose hash the block must end with.
/// </summary>
public sealed partial class LocalTenants
{
    public async ValueTask<IReadOnlyList<JournalEntry>?> History(string tenant, string outcomeId,
        CancellationToken cancellation = default)
    {
        var sequences = await Ask(tenant, state => state.History(outcomeId), cancellation)
            ?? (await Recall(tenant, outcomeId, cancellation))?.Sequences;
        return sequences is null ? null : await ReadHistory(tenant, sequences, cancellation);
    }

    public async ValueTask<Inspected?> Inspect(string tenant, string outcomeId,
        CancellationToken cancellation = default)
    {
        if (await Ask(tenant, state => Shown.Of(state, outcomeId, Now), cancellation) is not { } shown) return null;
        // What has left memory is as whole where it is kept.
        if (shown.Outcome is null && await Recall(tenant, outcomeId, cancellation) is { } recalled)
            shown = new Shown(shown.Currency, (await Archived(tenant, [recalled], cancellation))[0],
                [.. recalled.Sequences]);
        if (shown.Outcome is null) return new Inspected(shown.Currency, null, []);
        var rows = await WithDetails(tenant, [shown.Outcome], cancellation);
        return new Inspected(shown.Currency, rows[0], await ReadHistory(tenant, shown.Sequences ?? [], cancellation));
    }

    private async ValueTask<List<JournalEntry>> ReadHistory(string tenant, IEnumerable<long> sequences,
        CancellationToken cancellation)
    {
        var history = new List<JournalEntry>();
        List<JournalEntry> read = [];
        foreach (var sequence in sequences.Order())
        {
            if (read.Count == 0 || sequence > read[^1].Sequence)
                read = await ReadEntries(tenant, sequence - 1, 1, cancellation);
            history.AddRange(read.Where(entry => entry.Sequence == sequence));
        }
        return history;
    }

    /// <summary>An outcome in memory, and its entries; null: it is not there.</summary>
    private sealed record Shown(string Currency, OutcomeFigure? Outcome, IReadOnlyList<long>? Sequences)
    {
        public static Shown Of(TenantState state, string outcomeId, Instant now) =>
            new(state.Figure(now).Terms.Currency, state.Outcome(outcomeId), state.History(outcomeId));
    }

    public async ValueTask<Page<JournalEntry>?> Entries(string tenant, long after, int limit,
        CancellationToken cancellation = default)
    {
        if (await Ask(tenant, state => state, cancellation) is null) return null;
        if (await Head(tenant, cancellation) is not { } head) return null;
        var read = await ReadEntries(tenant, after, limit, cancellation);
        var entries = read.Where(entry => entry.Sequence > after).Take(limit).ToList();
        var more = entries.Count > 0 && entries[^1].Sequence < head.Sequence;
        return new Page<JournalEntry>(entries, more ? entries[^1].Sequence : null);
    }

    private async ValueTask<StatementRow> WithHead(string tenant, Statement statement, CancellationToken cancellation)
    {
        var head = statement.ClosedBy ?? statement.Sequence;
        var entries = await ReadEntries(tenant, head - 1, 1, cancellation);
        return new StatementRow(statement, head, entries.First(entry => entry.Sequence == head).Hash);
    }

    /// <summary>
    /// Whole blocks, from the one that holds the entry after <paramref name="after"/>, with about
    /// <paramref name="limit"/> entries. What was asked of the state before is durable, and so is there.
    /// </summary>
    /// <exception cref="JournalCorruptException">What is stored is not what was chained.</exception>
    private async ValueTask<List<JournalEntry>> ReadEntries(string tenant, long after, int limit,
        CancellationToken cancellation)
    {
        var blocks = await _store.Read(tenant, after, limit, cancellation);
        var entries = new List<JournalEntry>();
        foreach (var block in blocks)
        {
            if (entries.Count > 0) Follows(tenant, entries[^1], block.FirstSequence, block.PreviousHash);
            Add(entries, tenant, block);
        }
        if (entries.Count == 0) return entries;
        var last = entries[^1];
        var next = await _store.Read(tenant, last.Sequence, 1, cancellation);
        if (next.Count > 0) Follows(tenant, last, next[0].FirstSequence, next[0].PreviousHash);
        else if (await Head(tenant, cancellation) is { } head && head.Sequence == last.Sequence)
            Follows(tenant, last, head.Sequence + 1, head.Hash);
        // else more was written in between: the same again says whether it fits
        else return await ReadEntries(tenant, after, limit, cancellation);
        return entries;
    }

    private static void Follows(string tenant, JournalEntry last, long next, byte[] previous)
    {
        if (next != last.Sequence + 1 || !last.Hash.AsSpan().SequenceEqual(previous))
            throw new JournalCorruptException(tenant, last.Sequence,
                "an entry up to here was changed: what follows does not continue it");
    }

    private static void Add(List<JournalEntry> entries, string tenant, EntryBlock block)
    {
        var reader = new BlockReader(block.Entries);
        var sequence = block.FirstSequence;
        try
        {
            for (var previous = block.PreviousHash; reader.TryRead(out var bytes); sequence++)
            {
                var hash = new byte[Chain.HashLength];
                Chain.Next(previous, bytes, hash);
                entries.Add(new JournalEntry(sequence, EntryCodec.Read(bytes), previous, hash));
                previous = hash;
            }
        }
#pragma warning disable CA1031 // Bytes that are not an entry can fail in any way.
        catch (Exception e)
#pragma warning restore CA1031
        {
            throw new JournalCorruptException(tenant, sequence, $"the entry cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Where the tenant's chain stands on disk; null: there is no such tenant.</summary>
    private async ValueTask<JournalHead?> Head(string tenant, CancellationToken cancellation)
    {
        for (;;)
        {
            Guard();
            if (await Find(tenant, false, cancellation) is not { } host) return null;
            var head = await host.InTurn(Lane.People, isShort: true, 0, static (host, _) => host.Head(), cancellation);
            if (head.IsDone && await IsDurable(head.Seen, cancellation)) return head.Value;
        }
    }
}

/// <summary>The last entry of a journal, and the chain's hash after it.</summary>
internal sealed record JournalHead(long Sequence, byte[] Hash);
