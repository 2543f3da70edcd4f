using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// Archived outcomes go into the segment of the entry that reported them, once the last entry that changed them is
/// sealed too: what segments have of them follows from what segments have of entries. A segment is written anew with
/// what is to join it, and read back, before any of it leaves the hot store.
/// </summary>
public sealed partial class Sealer
{
    private static readonly OutcomeFilter Any = new();

    /// <summary>Whether the hot store has any that may go.</summary>
    private async Task<bool> HasOutcomes(string tenant, CancellationToken cancellation) =>
        await store.WithOutcomes(tenant, cancellation) is [.., var last]
        && await _hot.ArchivedPage(tenant, Any with { ChangedAfter = 0 }, null, last.Last + 1, 1, cancellation)
            is { Count: > 0 };

    /// <summary>Under the tenant's lock. A segment's are in memory together.</summary>
    private async Task Outcomes(string tenant, Steps? steps, Sum sum, CancellationToken cancellation)
    {
        if (await store.WithOutcomes(tenant, cancellation) is not [.., var last] files
            || !await HasOutcomes(tenant, cancellation)) return;
        for (var before = last.Last + 1; ;)
        {
            var newest = await _hot.ArchivedPage(tenant, Any, before, files[0].First - 1, 1, cancellation);
            if (newest is not [var bytes]) return;
            var first = SealedOutcome.Read(tenant, bytes).First;
            var file = files.Last(file => file.First <= first);
            var rows = await Rows(tenant, file, last.Last, steps, cancellation);
            if (rows.Count > 0) await Move(tenant, file, rows, sum, cancellation);
            before = file.First;
        }
    }

    private async Task<List<SealedOutcome>> Rows(string tenant, SegmentFile file, long until, Steps? steps,
        CancellationToken cancellation)
    {
        var rows = new List<SealedOutcome>();
        for (var before = file.Last + 1; await _hot.ArchivedPage(tenant, Any, before, file.First - 1, AtOnce,
            cancellation) is { Count: > 0 } page;)
        {
            var some = page.Select(bytes => SealedOutcome.Read(tenant, bytes)).ToList();
            rows.AddRange(some.Where(one => one.Last <= until));
            before = some[^1].First;
            if (steps is not null) await steps.Between(cancellation);
        }
        return rows;
    }

    private async Task Move(string tenant, SegmentFile file, List<SealedOutcome> rows, Sum sum,
        CancellationToken cancellation)
    {
        var bytes = Segments.With(tenant, file, segment =>
        {
            var all = (segment.Outcomes?.All() ?? []).ToDictionary(one => one.First);
            var joins = rows.FindAll(one => !(all.TryGetValue(one.First, out var there)
                && there.Bytes.AsSpan().SequenceEqual(one.Bytes)));
            foreach (var one in joins) all[one.First] = one;
            return joins.Count == 0 ? [] : segment.With([.. all.Values.OrderBy(one => one.First)]);
        });
        if (bytes.Length > 0)
        {
            _segments.Put(tenant, file.First, file.Last, bytes);
            sum.Wrote(file, bytes.Length);
        }
        _segments.Before?.Invoke("remove outcomes");
        foreach (var some in rows.Chunk(AtOnce))
        {
            await _hot.RemoveArchived(tenant,
                [.. some.Select(one => new ArchivedVersion(one.Outcome.Id, one.Last))], cancellation);
            _segments.Before?.Invoke("removed outcomes");
        }
        sum.Outcomes += rows.Count;
        Instruments.OutcomesSealed.Add(rows.Count);
    }

    /// <summary>What one tenant's sealing comes to; a file that is written twice counts once.</summary>
    private sealed class Sum
    {
        private readonly Dictionary<string, long> _files = new(StringComparer.Ordinal);

        public long Entries { get; set; }
        public long Outcomes { get; set; }

        public void Wrote(SegmentFile file, long bytes) => _files[file.Path] = bytes;

        public SealedSum Whole() => new(_files.Count, Entries, Outcomes, _files.Values.Sum());
    }
}
