using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>Many archived outcomes, as they are stored.</summary>
internal static class StoredOutcomes
{
    /// <summary>Sequences of what is read together, and so the most that it may be.</summary>
    private const int AtOnce = 2_000;

    /// <summary>
    /// Those that are stored otherwise than this, or not at all. Read in order of their first sequence, as those that
    /// left memory together lie beside each other: by their ids each would be looked for in every segment.
    /// </summary>
    public static async Task<List<ArchivedRow>> Differing(IStore store, string tenant, IEnumerable<ArchivedRow> rows,
        CancellationToken cancellation)
    {
        var differing = new List<ArchivedRow>();
        foreach (var together in rows.GroupBy(row => row.Outcome.FirstSequence / AtOnce))
        {
            var (end, before) = (together.Key * AtOnce - 1, (together.Key + 1) * AtOnce);
            var page = await store.ArchivedPage(tenant, new OutcomeFilter(), before, end, AtOnce, cancellation);
            var stored = page.Select(Convert.ToBase64String).ToHashSet(StringComparer.Ordinal);
            differing.AddRange(together.Where(row => !stored.Contains(Convert.ToBase64String(row.Bytes))));
        }
        return differing;
    }
}
