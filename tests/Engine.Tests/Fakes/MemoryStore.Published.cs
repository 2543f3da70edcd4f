namespace MeteringGateway.Engine.Tests;

internal sealed partial class MemoryStore
{
    public ValueTask<UnpublishedPage> Unpublished(string? after, int limit, CancellationToken cancellation)
    {
        lock (_gate)
        {
            var page = _disk.Tenants.OrderBy(one => one.Key, StringComparer.Ordinal)
                .Where(one => string.CompareOrdinal(one.Key, after) > 0).Take(limit).ToList();
            return new(new UnpublishedPage(
                [.. page.Select(one => new Unpublished(one.Key, one.Value.Published, one.Value.Sequence))
                    .Where(one => one.Sequence > one.Published)], page.Count < limit ? null : page[^1].Key));
        }
    }

    public ValueTask Published(IReadOnlyList<PublishedTo> tenants, CancellationToken cancellation)
    {
        lock (_gate)
            foreach (var (tenant, sequence) in tenants)
                _disk.Tenants[tenant].Published = Math.Max(_disk.Tenants[tenant].Published, sequence);
        return default;
    }
}
