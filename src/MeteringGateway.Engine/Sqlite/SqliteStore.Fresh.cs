using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;
using Statement = MeteringGateway.Engine.Sqlite.Statement;

namespace MeteringGateway.Engine;

/// <summary>
/// Where small blocks wait: in one table in the order in which they come, so that a flush writes a page or two however
/// many tenants are in it. The journal's index and the tenants' rows, where each tenant has a page of its own, follow
/// many blocks later, once for all of them, in a flush's own transaction. Whoever reads a tenant reads both tables.
/// </summary>
public sealed partial class SqliteStore
{
    /// <summary>Rows that wait at most.</summary>
    internal const int MostFresh = 512;

    /// <summary>Bytes of a block up to which it is worth being written twice.</summary>
    internal const int SmallBlock = 2_048;

    private const string Fresh = "fresh";

    /// <summary>The schema version that has the table.</summary>
    private const int FreshSince = 5;

    private static readonly string AddFresh =
        "INSERT INTO fresh(id, tenant, first, count, previous, hash, due, entries, seal) VALUES(?1,?2,?3,?4,?5,?6,?7,"
        + $"?8,{Seals.Of(Fresh, "?1", "?2", "?3", "?4", "?5", "?6", "?7")})";
    private static readonly string Settle =
        "UPDATE tenants SET sequence=?1, hash=?2, due=?3, "
        + $"seal={Seals.Of("tenants", "key", "id", "?1", "?2", "?3", "snapshot_sequence", "snapshot_hash",
            "severity")} WHERE key=?4";

    /// <summary>Tenants of which something waits; null: to be read, after a transaction that was rolled back.</summary>
    private Dictionary<string, Head>? _heads;

    /// <summary>Rows that wait: their ids are the numbers from 1 to it.</summary>
    private int _fresh;

    /// <summary>
    /// Of a store that is only read, a row that waits and is not what was written. Whose it is cannot be told: without
    /// it a tenant would be read as if its last entries had never been.
    /// </summary>
    private readonly string? _notFresh;

    /// <summary>Where a tenant stands with all that waits.</summary>
    private sealed record Head(long Key, long Sequence, byte[] Hash, long Severity, Instant? Due);

    /// <exception cref="StoreException">A row that waits is not what was written.</exception>
    private Dictionary<string, Head> Heads(Connection db)
    {
        if (_heads is { } known) return known;
        var heads = new Dictionary<string, Head>(StringComparer.Ordinal);
        _fresh = 0;
        using var rows = db["SELECT tenants.id, key, first+count-1, fresh.hash, severity, fresh.due, fresh.id, holds "
            + $"FROM (SELECT *, {Seals.Holds(Fresh)} AS holds FROM fresh) AS fresh LEFT JOIN tenants ON key=tenant "
            + "ORDER BY fresh.id"];
        while (rows.Step())
        {
            DemandFresh(rows, 6);
            heads[rows.Text(0)] = new Head(rows.Int64(1), rows.Int64(2), rows.Blob(3), rows.Int64(4),
                rows.IsNull(5) ? null : new Instant(rows.Int64(5)));
            _fresh = (int)rows.Int64(6);
        }
        return _heads = heads;
    }

    /// <summary>
    /// Adds a small batch of a tenant that is there and whose severity stays. Null: it is to be written where it
    /// belongs, and nothing of its tenant waits any more.
    /// </summary>
    private AppendResult? AppendFresh(Connection db, TenantBatch batch)
    {
        var heads = Heads(db);
        var waits = heads.GetValueOrDefault(batch.Tenant);
        if (batch.Entries.Length > SmallBlock || (waits ?? Stored(db, batch.Tenant)) is not { } head
            || (batch.Severity is { } severity && (long)severity != head.Severity))
        {
            if (waits is not null) MoveFresh(db);
            return null;
        }
        if (head.Sequence != batch.FirstSequence - 1 || !head.Hash.AsSpan().SequenceEqual(batch.PreviousHash))
            return AppendResult.LostFence;
        db[AddFresh].Add(_fresh + 1).Add(head.Key).Add(batch.FirstSequence).Add(batch.Count).Add(batch.PreviousHash)
            .Add(batch.LastHash).Add(batch.Due).Add(batch.Entries.Span).Run();
        heads[batch.Tenant] = head with
        {
            Sequence = batch.FirstSequence + batch.Count - 1, Hash = batch.LastHash, Due = batch.Due,
        };
        AppendBeside(db, head.Key, batch);
        if (++_fresh >= MostFresh) MoveFresh(db);
        return AppendResult.Written;
    }

    private static Head? Stored(Connection db, string tenant)
    {
        using var row = db["SELECT key, sequence, hash, severity FROM tenants WHERE id=?"].Add(tenant);
        return row.Step() ? new Head(row.Int64(0), row.Int64(1), row.Blob(2), row.Int64(3), null) : null;
    }

    /// <summary>Moves all that waits to where it belongs, a tenant's blocks together.</summary>
    private void MoveFresh(Connection db)
    {
        var heads = Heads(db);
        if (_fresh == 0) return;
        db["INSERT INTO journal(tenant, first, count, previous, entries) SELECT tenant, first, count, previous, "
            + "entries FROM fresh WHERE count>0 ORDER BY tenant, first"].Run();
        foreach (var head in heads.Values)
            db[Settle].Add(head.Sequence).Add(head.Hash).Add(head.Due).Add(head.Key).Run();
        db["DELETE FROM fresh"].Run();
        heads.Clear();
        _fresh = 0;
    }

    /// <summary>So that nothing waits in a store that nobody has open.</summary>
    private void MoveAtEnd(Connection db)
    {
        try
        {
            db.Transaction(Begin, _ =>
            {
                MoveFresh(db);
                return true;
            });
        }
        catch (StoreException)
        {
            // It waits on, and is read from where it is.
        }
    }

    /// <summary>The last sequence and hash of what waits of a tenant.</summary>
    private (long Sequence, byte[] Hash)? LastFresh(Connection db, long key)
    {
        using var row = db[$"SELECT first+count-1, hash, id, {Seals.Holds(Fresh)} FROM fresh WHERE tenant=? "
            + "ORDER BY id DESC LIMIT 1"].Add(key);
        if (!row.Step()) return null;
        DemandFresh(row, 2);
        return (row.Int64(0), row.Blob(1));
    }

    /// <param name="id">The column with the row's id; the one behind it says whether its seal holds.</param>
    private void DemandFresh(Statement row, int id) => Demand(row, id + 1, Fresh, () => $"{row.Int64(id)}");
}
