using System.Runtime.CompilerServices;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// Archived outcomes: the hot store is asked first, and what it has hides what segments have under the same id. So it
/// makes no difference whether whoever moved some has died before they left the hot store, and one that is changed
/// after it was sealed is simply in the hot store again.
/// </summary>
public sealed partial class SegmentedStore
{
    /// <summary>Outcomes that are looked at together, in order of their last change, for those that pass.</summary>
    private const int ChangesAtOnce = 4_096;

    public async ValueTask<IReadOnlyList<byte[]?>> Archived(string tenant, IReadOnlyList<string> outcomeIds,
        CancellationToken cancellation)
    {
        var found = (await hot.Archived(tenant, outcomeIds, cancellation)).ToArray();
        if (Array.TrueForAll(found, bytes => bytes is not null)) return found;
        foreach (var file in (await WithOutcomes(tenant, cancellation)).Reverse())
        {
            var asked = outcomeIds.Where((_, i) => found[i] is null).ToHashSet(StringComparer.Ordinal);
            if (asked.Count == 0) break;
            var rows = await Run(tenant, file, segment => segment.Outcomes?.Find(asked) ?? [], cancellation,
                urgent: true);
            for (var i = 0; i < found.Length; i++) found[i] ??= rows.GetValueOrDefault(outcomeIds[i]);
        }
        return found;
    }

    public async ValueTask<IReadOnlyList<byte[]>> ArchivedPage(string tenant, OutcomeFilter filter, long? cursor,
        long? end, int limit, CancellationToken cancellation)
    {
        var page = await hot.ArchivedPage(tenant, filter, cursor, end, limit, cancellation);
        var order = Order.Of(filter, cursor, end);
        if (page.Count > 0 && page.Count >= limit) order = order.Before(SealedOutcome.Read(tenant, page[^1]));
        // Asked after it: what leaves the hot store between is in both, never in neither.
        var files = order.IsEmpty ? [] : await WithOutcomes(tenant, cancellation);
        if (files is not [.., var last] || order.Low >= last.Last) return page;
        var found = page.Select(bytes => SealedOutcome.Read(tenant, bytes)).ToList();
        var needed = limit;
        await foreach (var some in order.IsUp ? Up(tenant, files, filter, order, limit, cancellation)
            : Down(tenant, files, filter, order, limit, cancellation))
        {
            var hidden = await hot.Archived(tenant, [.. some.Select(one => one.Outcome.Id)], cancellation);
            var seen = some.Select((one, i) => hidden[i] is { } newer
                ? SealedOutcome.Read(tenant, newer) : one)
                .Where(one => one.Passes(filter) && order.Has(one)).ToList();
            found.AddRange(seen);
            if ((needed -= seen.Count) <= 0) break;
        }
        var all = found.GroupBy(one => one.Outcome.Id, (_, same) => same.MaxBy(one => one.Last)!);
        return [.. (order.IsUp ? all.OrderBy(one => one.Last) : all.OrderByDescending(one => one.First)).Take(limit)
            .Select(one => one.Bytes)];
    }

    /// <summary>By first sequence, highest first: one segment after the other.</summary>
    private async IAsyncEnumerable<List<SealedOutcome>> Down(string tenant, IReadOnlyList<SegmentFile> files,
        OutcomeFilter filter, Order order, int limit, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var file in files.Reverse())
        {
            if (file.First >= order.High) continue;
            if (file.Last <= order.Low) break;
            for (long? before = order.High; before is { } at;)
            {
                (var some, before) = await Run(tenant, file, segment => (segment.Outcomes?.Below(at, order.Low, filter,
                    limit, out var next) is { } found ? (found, next) : ([], null)), cancellation);
                if (some.Count > 0) yield return some;
            }
        }
    }

    /// <summary>By last sequence, lowest first. None of a segment's changed before the segment begins.</summary>
    private async IAsyncEnumerable<List<SealedOutcome>> Up(string tenant, IReadOnlyList<SegmentFile> files,
        OutcomeFilter filter, Order order, int limit, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var most = filter with { ChangedAfter = null } == new OutcomeFilter() ? Math.Clamp(limit, 1, ChangesAtOnce)
            : ChangesAtOnce;
        for (var at = order.Low; ;)
        {
            var next = new List<(long Last, long First, SegmentFile File)>();
            foreach (var file in files)
            {
                if (file.First >= order.High || (next.Count == most && next[^1].Last <= file.First)) break;
                var from = at;
                next.AddRange((await Run(tenant, file, segment => segment.Outcomes?.Changes(from, order.High, most)
                    ?? [], cancellation)).Select(change => (change.Last, change.First, file)));
                next = [.. next.OrderBy(change => change.Last).Take(most)];
            }
            var some = new List<SealedOutcome>();
            foreach (var here in next.GroupBy(change => change.File))
            {
                var lasts = here.ToDictionary(change => change.First, change => change.Last);
                some.AddRange((await Run(tenant, here.Key, segment => segment.Outcomes?.At(lasts.Keys) ?? [],
                    cancellation))
                    // One that was sealed anew meanwhile comes where it is now.
                    .Where(one => one.Last == lasts[one.First] && one.Passes(filter)));
            }
            if (some.Count > 0) yield return [.. some.OrderBy(one => one.Last)];
            if (next.Count < most) yield break;
            at = next[^1].Last;
        }
    }

    /// <summary>The segments whose outcomes count: the hot store has nothing of their entries.</summary>
    internal async ValueTask<IReadOnlyList<SegmentFile>> WithOutcomes(string tenant, CancellationToken cancellation)
    {
        var first = await DemandSealed(tenant, cancellation);
        return [.. (segments?.Of(tenant) ?? []).TakeWhile(file => file.Last < first)];
    }

    /// <summary>What a page is of: between two sequences, neither of which is in it.</summary>
    /// <param name="IsUp">By the last, lowest first; else by the first, highest first.</param>
    private sealed record Order(bool IsUp, long Low, long High)
    {
        public bool IsEmpty => High - 1 <= Low;

        public static Order Of(OutcomeFilter filter, long? cursor, long? end) => filter.ChangedAfter is { } after
            ? new Order(true, Math.Max(cursor ?? 0, after), end ?? long.MaxValue)
            : new Order(false, end ?? 0, cursor ?? long.MaxValue);

        /// <summary>What may come before this one.</summary>
        public Order Before(SealedOutcome last) => IsUp ? this with { High = Math.Min(High, last.Last) }
            : this with { Low = Math.Max(Low, last.First) };

        public bool Has(SealedOutcome one) => (IsUp ? one.Last : one.First) is var at && at > Low && at < High;
    }
}
