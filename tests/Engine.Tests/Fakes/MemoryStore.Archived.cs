using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

internal sealed partial class MemoryStore
{
    public ValueTask<IReadOnlyList<byte[]?>> Archived(string tenant, IReadOnlyList<string> outcomeIds,
        CancellationToken cancellation)
    {
        foreach (var id in outcomeIds) BeforeArchived?.Invoke(id);
        lock (_gate)
            return new([.. outcomeIds.Select(id =>
                _disk.Tenants.GetValueOrDefault(tenant)?.Archived.GetValueOrDefault(id)?.Bytes)]);
    }

    public ValueTask RemoveArchived(string tenant, IReadOnlyList<ArchivedVersion> sealedOnes,
        CancellationToken cancellation)
    {
        lock (_gate)
            foreach (var one in sealedOnes)
                if (_disk.Tenants.GetValueOrDefault(tenant)?.Archived is { } archived
                    && archived.GetValueOrDefault(one.OutcomeId)?.Outcome.Sequence == one.Sequence)
                    archived.Remove(one.OutcomeId);
        return default;
    }

    public ValueTask<IReadOnlyList<byte[]>> ArchivedPage(string tenant, OutcomeFilter filter, long? cursor, long? end,
        int limit, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var all = _disk.Tenants.GetValueOrDefault(tenant)?.Archived.Values.AsEnumerable() ?? [];
            var rows = all.Where(row => Passes(row.Outcome, filter));
            rows = filter.ChangedAfter is { } after
                ? rows.Where(row => row.Outcome.Sequence > Math.Max(after, cursor ?? 0)
                    && row.Outcome.Sequence < (end ?? long.MaxValue))
                .OrderBy(row => row.Outcome.Sequence)
                : rows.Where(row => row.Outcome.FirstSequence < (cursor ?? long.MaxValue)
                    && row.Outcome.FirstSequence > (end ?? 0))
                .OrderByDescending(row => row.Outcome.FirstSequence);
            return new([.. rows.Take(limit).Select(row => row.Bytes)]);
        }
    }

    private static bool Passes(OutcomeFigure outcome, OutcomeFilter filter) =>
        (filter.Period ?? outcome.Period) == outcome.Period && (filter.Status ?? outcome.Status) == outcome.Status
        && (filter.OutcomeType ?? outcome.OutcomeType) == outcome.OutcomeType
        && (filter.Reason ?? outcome.Reason) == outcome.Reason
        && (filter.Session ?? outcome.Session) == outcome.Session;
}
