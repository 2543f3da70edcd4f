using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

public sealed partial class SqliteStore
{
    /// <summary>
    /// A transaction for each part, so that a flush waits for one part at most. Whoever calls is let go on between.
    /// </summary>
    public async ValueTask<bool> SaveSnapshot(string tenant, StoredSnapshot snapshot, CancellationToken cancellation)
    {
        // Parts of the one in force are never written over.
        if (await InForce(tenant, cancellation) >= snapshot.Sequence) return true;
        await Remove(tenant);
        var number = 0;
        foreach (var part in snapshot.Parts)
        {
            cancellation.ThrowIfCancellationRequested();
            // The log is not to grow by a whole snapshot: what it has is copied first.
            await _checkpoint;
            var place = number++;
            Write(db => db.Transaction(Begin, _ => Save(db, tenant, snapshot.Sequence, place, part)));
            await Task.Yield();
        }
        Write(db => db.Transaction(Begin, _ => PutInForce(db, tenant, snapshot)));
        await Remove(tenant);
        return true;
    }

    private ValueTask<long> InForce(string tenant, CancellationToken cancellation) => Read(tenant, db =>
    {
        using var row = db["SELECT snapshot_sequence FROM tenants WHERE id=?"].Add(tenant);
        return row.Step() ? row.Int64(0) : 0;
    }, cancellation);

    private static bool Save(Connection db, string tenant, long sequence, int number, byte[] part)
    {
        db["INSERT OR REPLACE INTO snapshots(tenant, sequence, part, bytes) SELECT key, ?, ?, ? FROM tenants WHERE "
            + "id=?"]
            .Add(sequence).Add(number).Add(part).Add(tenant).Run();
        return true;
    }

    /// <summary>Not one that is older than what is there, or that is ahead of the journal.</summary>
    private bool PutInForce(Connection db, string tenant, StoredSnapshot snapshot)
    {
        MoveFresh(db);
        db["UPDATE tenants SET snapshot_sequence=?1, snapshot_hash=?2, "
            + $"seal={Seals.Of("tenants", "key", "id", "sequence", "hash", "due", "?1", "?2", "severity")} "
            + "WHERE id=?3 AND snapshot_sequence<=?1 AND sequence>=?1"]
            .Add(snapshot.Sequence).Add(snapshot.Hash).Add(tenant).Run();
        return true;
    }

    /// <summary>Deletes parts that are not of the snapshot in force, a few at a time.</summary>
    private async ValueTask Remove(string tenant)
    {
        const int atOnce = 4;
        for (var more = true; more; await Task.Yield())
            more = Write(db => db.Transaction(Begin, _ =>
            {
                db[$"""
                    DELETE FROM snapshots WHERE id IN (SELECT id FROM snapshots WHERE {Tenant}
                      AND sequence<>(SELECT snapshot_sequence FROM tenants WHERE id=?) LIMIT {atOnce})
                    """].Add(tenant).Add(tenant).Run();
                return db.Changes == atOnce;
            }));
    }
}
