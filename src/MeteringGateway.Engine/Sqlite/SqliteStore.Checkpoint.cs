using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

/// <summary>
/// Copying the log into the database. Ours and not SQLite's own, which would do it within a commit, where a flush waits
/// for it, and would say nothing of a sync that fails: the log would then be overwritten though the database does not
/// have it.
/// </summary>
public sealed partial class SqliteStore
{
    /// <summary>Pages written since the last copy from which another is worth while: 4 MiB.</summary>
    private const long Worth = 1_024;

    private readonly CancellationTokenSource _closing = new();
    private Task _checkpoint = Task.CompletedTask;
    private Task _clearing = Task.CompletedTask;
    private long _seen;
    private long _pages;
    private long _waitFrom;

    /// <summary>
    /// Something was erased since the log was emptied. Of one that was there when this was opened nobody knows.
    /// </summary>
    private bool _logHasErased = true;

    /// <summary>Told what of the log cannot be mended at once, and when it is.</summary>
    public Action<string>? Warn { get; set; }

    /// <summary>
    /// Pages in the log from which the writer copies the rest itself, so that the log begins anew: 64 MiB.
    /// </summary>
    internal long LongLog { get; set; } = 16_384;

    /// <summary>How long one flush waits for those who read when the log is to begin anew.</summary>
    internal TimeSpan WaitsForReaders { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Called by the writer after a write.</summary>
    private void Grown(Connection db)
    {
        var grown = db.PagesWritten - _seen;
        if (grown < Worth || (!_checkpoint.IsCompleted && grown < LongLog)) return;
        _checkpoint.Wait(); // a copy that cannot keep up with who writes holds them up: else the log has no end
        _seen = db.PagesWritten;
        if (Volatile.Read(ref _pages) <= LongLog)
        {
            _checkpoint = Task.Run(CheckpointBeside);
            return;
        }
        try
        {
            BeginAnew(db);
        }
        catch (StoreFullException)
        {
            // What was written is in the log, which is copied when there is room.
        }
    }

    /// <summary>
    /// Flushes wait meanwhile. When all is copied, who comes to read does not read from the log, so that only those are
    /// waited for who do already, and a little, once at each doubling: else there may always be somebody who reads, and
    /// the log would grow for good.
    /// </summary>
    private void BeginAnew(Connection db)
    {
        Checkpoint(db);
        var pages = Volatile.Read(ref _pages);
        var waits = pages >= _waitFrom;
        if (IsEmptied(db, "RESTART", waits ? WaitsForReaders : TimeSpan.Zero))
        {
            if (_waitFrom > 0) Warn?.Invoke($"The log of {_path} begins anew.");
            (_pages, _waitFrom) = (0, 0);
        }
        else if (waits)
        {
            _waitFrom = 2 * pages;
            Warn?.Invoke($"The log of {_path} has grown to {pages * PageSize >> 20} MiB, as somebody reads from it all "
                + "the time: an export, a backup, or a program that has it open.");
        }
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
    /// Copies the log and empties it, so that nothing of what was erased is left in it. Who reads from it is waited
    /// for, a little; then this is said, and it is tried again until it is done.
    /// </summary>
    private async ValueTask ClearLog(CancellationToken cancellation)
    {
        for (var tries = 0; tries < 50; tries++)
        {
            if (EmptyLog()) return;
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
            while (!EmptyLog());
            Warn?.Invoke($"What was erased is not in the log of {_path} any more.");
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or StoreException)
        {
            // Closing empties it; and where a write has failed nothing is written any more.
        }
    }

    // Flushes wait behind it, and so does what else is erased.
    private bool EmptyLog() => Write(db =>
    {
        if (!IsEmptied(db, "TRUNCATE", TimeSpan.Zero)) return false;
        Volatile.Write(ref _logHasErased, false);
        return true;
    });

    /// <summary>False: somebody reads from the log, or copies it.</summary>
    private static bool IsEmptied(Connection db, string how, TimeSpan patience)
    {
        db.Execute($"PRAGMA busy_timeout={(int)patience.TotalMilliseconds}");
        try
        {
            using var row = db[$"PRAGMA wal_checkpoint({how})"];
            row.Step();
            return row.Int64(0) == 0;
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
        // Also where all of it is copied: the next write begins the log anew only if nobody reads from it.
        Volatile.Write(ref _pages, row.Int64(1));
        return true;
    }
}
