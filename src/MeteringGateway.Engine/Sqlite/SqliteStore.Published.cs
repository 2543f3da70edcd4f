namespace MeteringGateway.Engine;

public sealed partial class SqliteStore
{
    public ValueTask<UnpublishedPage> Unpublished(string? after, int limit, CancellationToken cancellation) =>
        Read("", db =>
    {
        using var rows = db[$"""
            SELECT id, COALESCE(last.sequence, tenants.sequence), COALESCE(published.entry, 0)
            FROM tenants LEFT JOIN published ON published.tenant=key
              LEFT JOIN ({FreshSequences}) AS last ON last.tenant=key
            WHERE id>? ORDER BY id LIMIT ?
            """].Add(after ?? "").Add(limit);
        var (behind, seen, last) = (new List<Unpublished>(), 0, after);
        for (; rows.Step(); seen++)
        {
            last = rows.Text(0);
            if (rows.Int64(1) > rows.Int64(2)) behind.Add(new Unpublished(last, rows.Int64(2), rows.Int64(1)));
        }
        return new UnpublishedPage(behind, seen < limit ? null : last);
    }, cancellation);

    public ValueTask Published(IReadOnlyList<PublishedTo> tenants, CancellationToken cancellation) => Change(db =>
    {
        foreach (var (tenant, sequence) in tenants)
            db["""
                INSERT INTO published(tenant, entry) SELECT key, ? FROM tenants WHERE id=?
                ON CONFLICT(tenant) DO UPDATE SET entry=MAX(entry, excluded.entry)
                """].Add(sequence).Add(tenant).Run();
    });
}
