using System.Text.Json;
using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;
using Statement = MeteringGateway.Engine.Sqlite.Statement;

namespace MeteringGateway.Engine;

public sealed partial class SqliteStore
{
    /// <summary>Archived outcomes that a list looks at before others have their turn.</summary>
    internal const int ArchivedAtOnce = 4096;
    private const string FreshSequences = "SELECT tenant, MAX(first+count-1) AS sequence FROM fresh GROUP BY tenant";
    private const string Tenant = "tenant=(SELECT key FROM tenants WHERE id=?)";

    /// <summary>Parts of a snapshot that are read with the tenant; of one with more, the others are read when they are
    /// asked for.</summary>
    private const int PartsAtOnce = 4;

    public ValueTask<StoredTenant?> Load(string tenant, CancellationToken cancellation) =>
        Read(tenant, db => db.Transaction("BEGIN", _ => Load(db, tenant)), cancellation, urgent: true);

    private StoredTenant? Load(Connection db, string tenant)
    {
        using var row = db["SELECT key, sequence, hash, snapshot_sequence, snapshot_hash FROM tenants WHERE id=?"].Add(
            tenant);
        if (!row.Step()) return null;
        var (key, snapshot) = (row.Int64(0), row.Int64(3));
        var last = LastFresh(db, key);
        var (sequence, hash) = last ?? (row.Int64(1), row.Blob(2));
        var stored = snapshot == 0 ? null
            : new StoredSnapshot(snapshot, row.Blob(4), Parts(db, key, snapshot));
        return new StoredTenant(stored, Blocks(db, key, snapshot, int.MaxValue, last is not null), sequence, hash);
    }

    private IEnumerable<byte[]> Parts(Connection db, long key, long sequence)
    {
        var parts = new List<byte[]>();
        using var part = db["SELECT bytes FROM snapshots WHERE tenant=? AND sequence=? ORDER BY part LIMIT ?"].Add(key)
            .Add(sequence).Add(PartsAtOnce + 1L);
        while (part.Step())
        {
            if (parts.Count == PartsAtOnce) return new StoredParts(ReadHere, key, sequence, parts);
            parts.Add(part.Blob(0));
        }
        return parts;
    }

    /// <summary>
    /// Blocks with entries above <paramref name="after"/>, in order, until they have about <paramref name="limit"/>
    /// entries. In a transaction: they move from one table to the other. What waits comes after all that does not.
    /// </summary>
    /// <param name="waits">False: it is known that nothing of the tenant does, and not looked for.</param>
    private List<EntryBlock> Blocks(Connection db, long key, long after, int limit, bool waits = true)
    {
        if (_notFresh is not null) throw new StoreException($"'{_path}': {_notFresh}");
        var blocks = new List<EntryBlock>();
        using (var rows =
            db["SELECT first, count, previous, entries FROM journal WHERE tenant=? AND first+count>? AND first>=? "
                + "ORDER BY first"]
            .Add(key).Add(after + 1).Add(FirstOf(db, key, after + 1)))
            while (IsWanted() && rows.Step()) blocks.Add(Block(rows));
        if (!waits) return blocks;
        using (var rows =
            db[$"SELECT first, count, previous, entries, id, {Seals.Holds(Fresh)} FROM fresh WHERE tenant=? "
                + "AND count>0 AND first+count>? ORDER BY id"].Add(key).Add(after + 1))
            while (IsWanted() && rows.Step())
            {
                DemandFresh(rows, 4);
                blocks.Add(Block(rows));
            }
        return blocks;

        bool IsWanted() =>
            blocks.Count == 0 || blocks[^1].FirstSequence + blocks[^1].Count - 1 - after < limit;
    }

    /// <summary>First sequence of the block that holds <paramref name="sequence"/>.</summary>
    private static long FirstOf(Connection db, long key, long sequence)
    {
        using var row = db["SELECT first FROM journal WHERE tenant=? AND first<=? ORDER BY first DESC LIMIT 1"].Add(key)
            .Add(sequence);
        return row.Step() ? row.Int64(0) : 0;
    }

    private static EntryBlock Block(Statement row) => new(row.Int64(0), (int)row.Int64(1), row.Blob(3), row.Blob(2));

    public ValueTask<IReadOnlyList<EntryBlock>> Read(string tenant, long after, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<EntryBlock>>(tenant, db => db.Transaction("BEGIN",
            _ => Key(db, tenant) is { } key ? Blocks(db, key, after, limit) : []), cancellation);

    private static long? Key(Connection db, string tenant)
    {
        using var row = db["SELECT key FROM tenants WHERE id=?"].Add(tenant);
        return row.Step() ? row.Int64(0) : null;
    }

    public ValueTask<IReadOnlyList<DetailRow?>> Details(string tenant, IReadOnlyList<long> sequences,
        CancellationToken cancellation) => Read<IReadOnlyList<DetailRow?>>(tenant, db =>
    {
        var details = new DetailRow?[sequences.Count];
        if (Key(db, tenant) is not { } key) return details;
        for (var i = 0; i < details.Length; i++)
        {
            using var row = db["SELECT end_customer, salt, json FROM details WHERE tenant=? AND sequence=?"].Add(key)
                .Add(sequences[i]);
            if (row.Step())
                details[i] = new DetailRow(sequences[i], row.IsNull(0) ? null : row.Text(0), row.Blob(1), row.Blob(2));
        }
        return details;
    }, cancellation);

    public ValueTask<IReadOnlyList<long>> DetailsOf(string tenant, string endCustomer,
        CancellationToken cancellation) => Read<IReadOnlyList<long>>(tenant, db =>
    {
        var sequences = new List<long>();
        using var rows = db[$"SELECT sequence FROM details WHERE {Tenant} AND end_customer=? ORDER BY sequence"]
            .Add(tenant).Add(endCustomer);
        while (rows.Step()) sequences.Add(rows.Int64(0));
        return sequences;
    }, cancellation);

    /// <summary>
    /// In pieces, so that no flush waits for long; then the log begins anew, which has what was there. Where nothing
    /// was, it goes on: else whoever asks for people that nobody knows would have everybody's flushes wait.
    /// </summary>
    public async ValueTask Erase(string tenant, IReadOnlyList<long> sequences, CancellationToken cancellation)
    {
        foreach (var some in sequences.Chunk(1_000))
        {
            Write(db => db.Transaction(Begin, _ =>
            {
                foreach (var sequence in some)
                    db[$"DELETE FROM details WHERE {Tenant} AND sequence=?"].Add(tenant).Add(sequence).Run();
                return true;
            }));
            Volatile.Write(ref _logHasErased, true);
            await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
        }
        if (Volatile.Read(ref _logHasErased)) await ClearLog(cancellation);
    }

    public ValueTask<IReadOnlyList<byte[]?>> Archived(string tenant, IReadOnlyList<string> outcomeIds,
        CancellationToken cancellation) => Read<IReadOnlyList<byte[]?>>(tenant, db =>
    {
        var found = new byte[]?[outcomeIds.Count];
        if (Key(db, tenant) is not { } key) return found;
        for (var i = 0; i < found.Length; i++)
        {
            using var row = db["SELECT bytes FROM archived WHERE tenant=? AND id=?"].Add(key).Add(outcomeIds[i]);
            if (row.Step()) found[i] = row.Blob(0);
        }
        return found;
    }, cancellation, urgent: true);

    /// <summary>
    /// In steps, with others' reads between: most of an archive may be looked at for what it has not.
    /// </summary>
    public async ValueTask<IReadOnlyList<byte[]>> ArchivedPage(
        string tenant, OutcomeFilter filter, long? cursor, long? end, int limit, CancellationToken cancellation)
    {
        var page = new List<byte[]>();
        var (from, to) = filter.ChangedAfter is { } after
            ? (Math.Max(cursor ?? 0, after), end ?? long.MaxValue) : (cursor ?? long.MaxValue, end ?? 0);
        for (long? at = from; at is { } next && page.Count < limit;)
            at = await Read(tenant, db => ArchivedStep(db, tenant, filter, next, to, limit, page), cancellation);
        return page;
    }

    /// <summary>Adds what passes to the page. Returns where the next step begins; null if nothing is left.</summary>
    private static long? ArchivedStep(Connection db, string tenant, OutcomeFilter filter, long from, long to,
        int limit, List<byte[]> page)
    {
        var (column, order, up, down) = filter.ChangedAfter is null
            ? ("first", "DESC", "<", ">") : ("sequence", "", ">", "<");
        // The last that this step looks at, by the index alone; without a filter it looks at what it lists.
        var lists = filter with { ChangedAfter = null } == new OutcomeFilter();
        using var step = db[$"SELECT {column} FROM archived WHERE {Tenant} AND {column}{up}? AND {column}{down}? "
            + $"ORDER BY {column} {order} LIMIT 1 OFFSET {ArchivedAtOnce - 1}"].Add(tenant).Add(from).Add(to);
        long? last = !lists && step.Step() ? step.Int64(0) : null;
        using var rows = db[$"""
            SELECT bytes FROM archived WHERE {Tenant} AND (?2 IS NULL OR period=?2) AND (?3 IS NULL OR status=?3)
              AND (?4 IS NULL OR type=?4) AND (?5 IS NULL OR reason=?5) AND (?6 IS NULL OR session=?6)
              AND {column}{up}?7 AND {column}{down}{(last is null ? "" : "=")}?8 ORDER BY {column} {order} LIMIT ?9
            """];
        rows.Add(tenant).Add(filter.Period?.DayNumber).Add((long?)filter.Status).Add(filter.OutcomeType)
            .Add((long?)filter.Reason).Add(filter.Session).Add(from).Add(last ?? to).Add(limit - page.Count);
        while (rows.Step()) page.Add(rows.Blob(0));
        return last;
    }

    public ValueTask<IdempotencyRow?> Idempotent(string? tenant, string key,
        CancellationToken cancellation) => Read<IdempotencyRow?>($"/idempotency/{key.Split(':')[0]}", db =>
    {
        using var row = db[$"SELECT content, answer, expires, {Holds("idempotency")} FROM idempotency WHERE key=?"]
            .Add(key);
        if (!row.Step()) return null;
        Demand(row, 3, "idempotency", () => key);
        return new IdempotencyRow(key, row.Blob(0), row.Blob(1), new Instant(row.Int64(2)));
    }, cancellation, urgent: true);

    public ValueTask<IReadOnlyList<IdempotencyRow>> IdempotencyPage(string? after, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<IdempotencyRow>>("/idempotency", db =>
    {
        using var rows =
            db[$"SELECT key, content, answer, expires, {Holds("idempotency")} FROM idempotency WHERE key>? "
                + "ORDER BY key LIMIT ?"].Add(after ?? "").Add(limit);
        var page = new List<IdempotencyRow>();
        while (rows.Step())
        {
            Demand(rows, 4, "idempotency", () => rows.Text(0));
            page.Add(new IdempotencyRow(rows.Text(0), rows.Blob(1), rows.Blob(2), new Instant(rows.Int64(3))));
        }
        return page;
    }, cancellation);

    public ValueTask<IReadOnlyList<DueTenant>> Due(Instant now, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<DueTenant>>("/due", db =>
    {
        // With MAX, SQLite takes the other columns of the row that has it.
        using var rows = db["""
            SELECT id, due FROM tenants WHERE due<=?1 AND key NOT IN (SELECT tenant FROM fresh)
            UNION ALL SELECT tenants.id, last.due FROM (SELECT tenant, due, MAX(id) FROM fresh GROUP BY tenant) AS last
              JOIN tenants ON key=last.tenant WHERE last.due<=?1
            ORDER BY 2 LIMIT ?2
            """].Add(now.UnixMilliseconds).Add(limit);
        var due = new List<DueTenant>();
        while (rows.Step()) due.Add(new DueTenant(rows.Text(0), new Instant(rows.Int64(1))));
        return due;
    }, cancellation, urgent: true);

    public ValueTask<IReadOnlyList<string>> List(string? after, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<string>>("/tenants", db =>
    {
        using var rows = db["SELECT id FROM tenants WHERE id>? ORDER BY id LIMIT ?"].Add(after ?? "").Add(limit);
        var ids = new List<string>();
        while (rows.Step()) ids.Add(rows.Text(0));
        return ids;
    }, cancellation);

    public ValueTask<IReadOnlyList<TenantInNeed>> Attention(
        IReadOnlyCollection<string>? among, TenantInNeed? after, int limit,
        CancellationToken cancellation) => Read<IReadOnlyList<TenantInNeed>>(
            $"/attention/{string.Join(' ', among ?? [])}", db =>
    {
        // One of them by the index on severity, the other by that on ids: whoever may see few tenants asks for no more.
        var from = among is null ? "tenants WHERE severity>0"
            : "json_each(?) AS asked JOIN tenants ON tenants.id=asked.value WHERE severity>0";
        using var rows =
            db[$"SELECT tenants.id, severity FROM {from} AND (severity<? OR (severity=? AND tenants.id>?)) ORDER BY "
                + "severity DESC, tenants.id LIMIT ?"];
        if (among is not null) rows.Add(JsonSerializer.Serialize(among));
        var severity = (long?)after?.State ?? long.MaxValue;
        rows.Add(severity).Add(severity).Add(after?.Tenant ?? "").Add(limit);
        var found = new List<TenantInNeed>();
        while (rows.Step()) found.Add(new TenantInNeed(rows.Text(0), (LimitState)rows.Int64(1)));
        return found;
    }, cancellation);

    public ValueTask<IReadOnlyList<long>> TenantsByState(
        CancellationToken cancellation) => Read<IReadOnlyList<long>>("/states", db =>
    {
        var counts = new long[(int)LimitState.Handoff + 1];
        using (var all = db["SELECT COUNT(*) FROM tenants"]) if (all.Step()) counts[0] = all.Int64(0);
        using var rows = db["SELECT severity, COUNT(*) FROM tenants WHERE severity>0 GROUP BY severity"];
        while (rows.Step())
        {
            counts[rows.Int64(0)] = rows.Int64(1);
            counts[0] -= rows.Int64(1);
        }
        return counts;
    }, cancellation);

    public ValueTask<IReadOnlyList<Document>> Documents(string kind, CancellationToken cancellation) =>
        Documents(kind, $"SELECT id, version, at, actor, content, {Holds("documents")} FROM documents WHERE kind=? "
            + "ORDER BY id, version", cancellation);

    // With MAX, SQLite takes the other columns of the row that has it.
    public ValueTask<IReadOnlyList<Document>> NewestDocuments(string kind, CancellationToken cancellation) =>
        Documents(kind,
            $"SELECT id, MAX(version), at, actor, content, {Holds("documents")} FROM documents WHERE kind=? "
                + "GROUP BY id ORDER BY id", cancellation);

    private ValueTask<IReadOnlyList<Document>> Documents(string kind, string sql,
        CancellationToken cancellation) => Read<IReadOnlyList<Document>>($"/documents/{kind}", db =>
    {
        using var rows = db[sql].Add(kind);
        var documents = new List<Document>();
        while (rows.Step())
        {
            Demand(rows, 5, "documents", () => $"{kind}/{rows.Text(0)}/{rows.Int64(1)}");
            documents.Add(new Document(kind, rows.Text(0), (int)rows.Int64(1), new Instant(rows.Int64(2)), rows.Text(3),
                rows.Blob(4)));
        }
        return documents;
    }, cancellation);
}
