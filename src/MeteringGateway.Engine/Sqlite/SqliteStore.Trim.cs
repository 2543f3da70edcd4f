using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

public sealed partial class SqliteStore
{
    private const int TrimRows = 1_000;
    private const long TrimBytes = 1 << 20;

    /// <summary>In transactions so small that a flush does not wait for long, each under the fence.</summary>
    public async ValueTask<bool> Trim(string tenant, long first, byte[] previousHash, IReadOnlyList<long> details,
        CancellationToken cancellation)
    {
        foreach (var some in details.Chunk(TrimRows))
            if (!await Step((db, key) => Forget(db, key, some)))
                return false;
        for (var more = true; more;)
            if (!await Step((db, key) => more = RemoveBlocks(db, key, first)))
                return false;
        return true;

        async ValueTask<bool> Step(Action<Connection, long> remove)
        {
            var done = false;
            await Remove(db =>
            {
                MoveFresh(db);
                if (Follows(db, tenant, first, previousHash) is not { } key) return;
                remove(db, key);
                done = true;
            }, cancellation);
            return done;
        }
    }

    public async ValueTask RemoveArchived(string tenant, IReadOnlyList<ArchivedVersion> sealedOnes,
        CancellationToken cancellation)
    {
        foreach (var some in sealedOnes.Chunk(TrimRows))
            await Remove(db =>
            {
                foreach (var one in some)
                    db[$"DELETE FROM archived WHERE {Tenant} AND id=? AND sequence=?"].Add(tenant).Add(one.OutcomeId)
                        .Add(one.Sequence).Run();
            }, cancellation);
    }

    private async Task Remove(Action<Connection> remove, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await _checkpoint; // else the log would grow by all that is removed
        Write(db => db.Transaction(Begin, _ =>
        {
            remove(db);
            return true;
        }));
        await Task.Yield();
    }

    /// <summary>The tenant's key, if its journal has a block that begins there with that hash before it.</summary>
    private static long? Follows(Connection db, string tenant, long first, byte[] previousHash)
    {
        using var row = db["SELECT tenant FROM journal WHERE tenant=(SELECT key FROM tenants WHERE id=?) AND first=? "
            + "AND previous=?"].Add(tenant).Add(first).Add(previousHash);
        return row.Step() ? row.Int64(0) : null;
    }

    private static void Forget(Connection db, long tenant, IEnumerable<long> details)
    {
        foreach (var sequence in details)
            db["DELETE FROM details WHERE tenant=? AND sequence=?"].Add(tenant).Add(sequence).Run();
    }

    /// <summary>True: there is more.</summary>
    private static bool RemoveBlocks(Connection db, long tenant, long before)
    {
        var (last, count, bytes) = (0L, 0, 0L);
        using (var rows = db["SELECT first, length(entries) FROM journal WHERE tenant=? AND first<? ORDER BY first"]
            .Add(tenant).Add(before))
            while (count < TrimRows && bytes < TrimBytes && rows.Step())
                (last, count, bytes) = (rows.Int64(0), count + 1, bytes + rows.Int64(1));
        if (count > 0) db["DELETE FROM journal WHERE tenant=? AND first<=?"].Add(tenant).Add(last).Run();
        return count == TrimRows || bytes >= TrimBytes;
    }
}
