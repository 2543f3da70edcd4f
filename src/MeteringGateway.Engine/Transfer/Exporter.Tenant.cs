using MeteringGateway.Core;

namespace MeteringGateway.Engine;

internal sealed partial class Exporter
{
    /// <summary>From which a line is full.</summary>
    private const int LineEntries = 500;
    private const int LineBytes = 1 << 18;
    private const int LineDetails = 100;

    /// <summary>A piece of a block: what becomes one line.</summary>
    private sealed class Piece(long first) : IDisposable
    {
        private readonly BlockWriter _framed = new();

        public long First { get; } = first;
        public int Count { get; private set; }
        public List<long> WithDetail { get; } = [];
        public List<ArchivedRow> Archived { get; } = [];
        public bool IsFull => Count >= LineEntries || _framed.Length >= LineBytes || WithDetail.Count >= LineDetails;

        public void Take(TenantFold fold, ReadOnlySpan<byte> bytes)
        {
            var entry = fold.Take(bytes);
            if (entry is Entry.OutcomeReported { DetailHash: not null } or Entry.FactReported { DetailHash: not null }
                or Entry.ActivityReported { DetailHash: not null })
                WithDetail.Add(fold.Sequence);
            Archived.AddRange(fold.TakeArchived());
            _framed.Add(bytes);
            Count++;
        }

        public byte[] Framed() => _framed.Written.ToArray();

        public void Dispose() => _framed.Dispose();
    }

    private async Task Tenant(string id)
    {
        // The tail is not used: it is read again, with all that came before it.
        if (await store.Load(id, cancellation) is not { Sequence: > 0 } head) return;
        await Write(new ExportLine { Tenant = new(id) });
        var fold = new TenantFold(id);
        var differing = new HashSet<string>(StringComparer.Ordinal);
        while (fold.Sequence < head.Sequence)
        {
            await Blocks(fold, head.Sequence, differing);
            options.Progress?.Invoke(
                new TransferProgress("exported", _sum with { Entries = _sum.Entries + fold.Sequence }));
        }
        if (!fold.Hash.AsSpan().SequenceEqual(head.Hash))
            throw Damaged(fold, "the chain does not end with the hash that was kept");
        foreach (var outcome in differing) await Archived(fold, outcome);
        await Write(
            new ExportLine { TenantEnd = new(id, fold.Sequence, fold.Hash, fold.State.Digest(), writer.Sha256) });
        if (options.WhileRunning) _heads[id] = fold.Sequence;
        _sum = _sum with { Tenants = _sum.Tenants + 1, Entries = _sum.Entries + fold.Sequence };
    }

    private async Task Blocks(TenantFold fold, long until, HashSet<string> differing)
    {
        var blocks = await store.Read(fold.Tenant, fold.Sequence, LineEntries, cancellation);
        if (blocks.Count == 0) throw Damaged(fold, $"the journal ends here, and should end at {until}");
        var piece = new Piece(fold.Sequence + 1);
        foreach (var block in blocks)
        {
            // A server that is running adds blocks meanwhile.
            if (fold.Sequence >= until) break;
            if (block.FirstSequence != fold.Sequence + 1 || !block.PreviousHash.AsSpan().SequenceEqual(fold.Hash))
                throw Damaged(fold, $"the block of {block.FirstSequence} does not follow it and its hash");
            foreach (var full in Cut(fold, block, ref piece)) await Write(fold, full, differing);
        }
        if (piece.Count > 0) await Write(fold, piece, differing);
    }

    /// <summary>Folds a block; returns the pieces that it filled, and leaves the one that it began.</summary>
    private static List<Piece> Cut(TenantFold fold, EntryBlock block, ref Piece piece)
    {
        var full = new List<Piece>();
        try
        {
            for (var reader = new BlockReader(block.Entries); reader.TryRead(out var entry);)
            {
                piece.Take(fold, entry);
                if (!piece.IsFull) continue;
                full.Add(piece);
                piece = new Piece(fold.Sequence + 1);
            }
        }
        catch (FormatException e)
        {
            throw Damaged(fold, e.Message);
        }
        if (fold.Sequence != block.FirstSequence + block.Count - 1)
            throw Damaged(fold, $"the block of {block.FirstSequence} should hold {block.Count} entries");
        return full;
    }

    private async Task Write(TenantFold fold, Piece done, HashSet<string> differing)
    {
        using var piece = done;
        var details = piece.WithDetail.Count == 0 ? []
            : await store.Details(fold.Tenant, piece.WithDetail, cancellation);
        await Write(
            new ExportLine { Block = new(piece.First, piece.Count, piece.Framed(), [.. details.OfType<DetailRow>()]) });
        // What folding makes of them is not in the file. A late fact, or an older program, may have left something
        // else.
        foreach (var row in await StoredOutcomes.Differing(store, fold.Tenant, piece.Archived, cancellation))
            differing.Add(row.Outcome.Id);
    }

    private async Task Archived(TenantFold fold, string id)
    {
        var stored = await store.Archived(fold.Tenant, id, cancellation)
            ?? throw Damaged(fold, $"the archived outcome '{id}' is missing");
        if (EntryCodec.ReadOutcome(stored).LastSequence > fold.Sequence)
            throw new TransferException(
                $"tenant '{fold.Tenant}': the archived outcome '{id}' changed while it was exported; export again");
        await Write(new ExportLine { Archived = new(stored) });
    }

    private static TransferException Damaged(TenantFold fold,
        string why) => new(new JournalCorruptException(fold.Tenant, fold.Sequence, why).Message);
}
