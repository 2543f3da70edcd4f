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

    private readonly CancellationTokenSource _closing = new();
    private Task _checkpoint = Task.CompletedTask;
    private Task _clearing = Task.CompletedTask;
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

    /// <summary>Where it is said that what was erased is in the log still, and when it is not any more.</summary>
    public Action<string>? Warn { get; set; }

    /// <summary>
    /// Copies the log and empties it, so that nothing of what was erased is left in it. Who reads from it is waited
    /// for, a little; then this is said, and it is tried again until it is done.
    /// </summary>
    private async ValueTask ClearLog(CancellationToken cancellation)
    {
        for (var tries = 0; tries < 50; tries++)
        {
            if (Write(Truncate)) return;
            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellation);
        }
        lock (_writing)
        {
            if (!_clearing.IsCompleted) return;
            _clearing = ClearLater();
        }
        Warn?.Invoke($"What was erased is still in the log of {_path}, as somebody reads from it: an export, or a "
            + "program that has it open. It is tried again every second.");
    }

    private async Task ClearLater()
    {
        try
        {
            do await Task.Delay(TimeSpan.FromSeconds(1), _time, _closing.Token);
            while (!Write(Truncate));
            Warn?.Invoke($"What was erased is not in the log of {_path} any more.");
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or StoreException)
        {
            // Closing empties it; and where a write has failed nothing is written any more.
        }
    }

    private static bool Truncate(Connection db)
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

    private bool Checkpoint(Connection db)
    {
        using var row = db["PRAGMA wal_checkpoint(PASSIVE)"];
        row.Step();
        // When all of it is copied, the next write begins the log anew.
        Volatile.Write(ref _pages, row.Int64(1) == row.Int64(2) ? 0 : row.Int64(1));
        return true;
    }
}
