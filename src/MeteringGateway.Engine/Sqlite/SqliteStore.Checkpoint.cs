using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

/// <summary>
/// Copying the log into the database. Ours and not SQLite's own, which would do it within a commit, where a flush waits
/// for it, and would say nothing of a sync that fails: the log would then be overwritten though the database does not
/// have it.
/// </summary>
public sealed partial class SqliteStore
{
    /// <summary>Bytes written since the last copy from which another is worth while.</summary>
    private const long Worth = 4 << 20;
    /// <summary>
    /// Pages in the log from which the writer copies the rest itself, so that the log can begin anew.
    /// </summary>
    private const long LongLog = 16_384;
    /// <summary>Roughly what a tenant's other pages in the log come to in a flush.</summary>
    private const long Around = 3 * 4096;

    private Task _checkpoint = Task.CompletedTask;
    private long _grown;
    private long _pages;

    private void Grown(Connection db, IReadOnlyList<TenantBatch> batches)
    {
        long bytes = 0;
        foreach (var batch in batches) bytes += batch.Entries.Length + Around;
        Grown(db, bytes);
    }

    /// <summary>Called by the writer after a commit.</summary>
    private void Grown(Connection db, long bytes)
    {
        _grown += bytes;
        if (_grown < Worth || !_checkpoint.IsCompleted) return;
        _grown = 0;
        if (Volatile.Read(ref _pages) > LongLog) Checkpoint(db);
        else _checkpoint = Task.Run(CheckpointBeside);
    }

    private void CheckpointBeside()
    {
        try
        {
            ReadHere(Checkpoint);
        }
        catch (StoreFullException)
        {
            // The log still has it all, and it is copied when there is room.
        }
        catch (StoreException e)
        {
            // The next write is refused: nobody knows what a failed sync has left in the system's caches.
            Volatile.Write(ref _broken, e.Message);
        }
        catch (ObjectDisposedException)
        {
            // Closing copies what is left.
        }
    }

    /// <summary>
    /// Copies the log and empties it, so that nothing of what was erased is left in it. Who reads from it is waited for,
    /// a little; then it is left to the next erasure, or to when the log begins anew.
    /// </summary>
    private async ValueTask ClearLog(CancellationToken cancellation)
    {
        for (var tries = 0; tries < 50 && !Write(Truncate); tries++)
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);

        static bool Truncate(Connection db)
        {
            db.Execute("PRAGMA busy_timeout=0"); // flushes wait behind it
            try
            {
                using var row = db["PRAGMA wal_checkpoint(TRUNCATE)"];
                row.Step();
                return row.Int64(0) == 0; // else somebody reads, or copies
            }
            finally
            {
                db.Execute($"PRAGMA busy_timeout={Connection.Patience}");
            }
        }
    }

    private bool Checkpoint(Connection db)
    {
        using var row = db["PRAGMA wal_checkpoint(PASSIVE)"];
        row.Step();
        // When all of it is copied, the next write begins the log anew.
        Volatile.Write(ref _pages, row.Int64(1) == row.Int64(2) ? 0 : row.Int64(1));
        return true;
    }
}
