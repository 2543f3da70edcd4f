using System.Collections.Concurrent;
using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine;

/// <summary>
/// The embedded edition's store: one SQLite database in a directory that one process has open at a time. Its tables are
/// described in <c>docs/journal.md</c>. Writes take turns on one connection, and complete before they return, but those
/// that wait behind another write of what is configured. Reads have connections of their own, and a few threads
/// (<see cref="ReadThreads"/>) on which tenants take turns.
/// </summary>
public sealed partial class SqliteStore : IStore
{
    private const string Begin = "BEGIN IMMEDIATE";
    private const int ReadingThreads = 2;
    private const int PageSize = 4_096;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly DirectoryLock? _directory;
    private readonly Connection? _write;
    private readonly Lock _writing = new();
    private readonly SemaphoreSlim _configuring = new(1, 1);
    private readonly ReadThreads _reads;
    private readonly ConcurrentBag<Connection> _readers = [];
    private readonly long _version;
    private bool _disposed;
    private string? _broken;

    private SqliteStore(string directory, bool write, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _path = Path.Combine(directory, "metering.db");
        if (!write)
        {
            if (!File.Exists(_path)) throw new StoreException($"There is no journal at '{Path.GetFullPath(_path)}'.");
            DemandContent(_path);
            using (var first = new Connection(_path, write: false))
            {
                _version = Schema.Check(first, _path);
                if (_version >= FreshSince) _notFresh = Unsealed(first, Fresh).FirstOrDefault();
            }
            _reads = new ReadThreads(ReadingThreads);
            return;
        }
        _directory = new DirectoryLock(directory);
        try
        {
            Make(_path);
            foreach (var beside in (string[])["-wal", "-shm"]) Owned.TakeBack(_path + beside);
            IsOpenToOthers = Owned.IsOpenToOthers(directory);
            _write = new Connection(_path, write: true);
            Schema.Prepare(_write, _path);
            // Always: where a page is split, what moved would stay behind, and be found after it was erased (D2).
            _write.Execute("PRAGMA secure_delete=1; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; "
                + $"PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit={LongLog * PageSize};");
            _version = Schema.Version;
            _write.Execute(Seals.Triggers);
            DemandSeals(_write);
            Heads(_write);
            _reads = new ReadThreads(ReadingThreads);
        }
        catch
        {
            _write?.Dispose();
            _directory.Dispose();
            throw;
        }
    }

    /// <summary>True if other users of the machine may enter the directory; its files they may not read.</summary>
    public bool IsOpenToOthers { get; }

    /// <summary>Opens the directory, and makes it if it is not there.</summary>
    /// <exception cref="StoreException">Another process has it open, a newer program wrote it, or it cannot be
    /// read.</exception>
    public static SqliteStore Open(string directory, TimeProvider? time = null) => new(directory, write: true, time);

    /// <summary>
    /// Opens the directory for reading only, also while another process has it open; every write throws.
    /// </summary>
    /// <exception cref="StoreException">There is no journal, a newer program wrote it, or it cannot be
    /// read.</exception>
    public static SqliteStore OpenReadOnly(string directory) => new(directory, write: false);

    /// <summary>
    /// Makes the database where there is none. Whoever dies in the middle leaves none, and no half of one: one that is
    /// there and empty has lost what was in it.
    /// </summary>
    /// <exception cref="StoreException">It is empty, or what belongs to it is there without it.</exception>
    private static void Make(string path)
    {
        if (File.Exists(path))
        {
            DemandContent(path);
            Owned.Open(path).Dispose(); // it is taken back from others, or is not ours to write
            return;
        }
        if (new FileInfo(path + "-wal") is { Exists: true, Length: > 0 })
            throw new StoreException(
                $"'{Path.GetFullPath(path)}-wal' is there without its database: put back a copy of both");
        var draft = path + ".new";
        foreach (var beside in (string[])["", "-wal", "-shm"]) File.Delete(draft + beside);
        Owned.Open(draft).Dispose(); // SQLite would make it as the umask says
        using (var db = new Connection(draft, write: true)) Schema.Prepare(db, path);
        File.Move(draft, path);
    }

    private static void DemandContent(string path)
    {
        if (new FileInfo(path).Length == 0)
            throw new StoreException($"'{Path.GetFullPath(path)}' is empty, which a store never is: put back a copy of "
                + "it, or remove it if nothing was ever stored there");
    }

    /// <summary>Runs a statement on the writing connection.</summary>
    internal void Execute(string sql) => Write(db =>
    {
        db.Execute(sql);
        return true;
    });

    public ValueTask<bool> Put(Document document, CancellationToken cancellation) =>
        Configure(db => Put(db, document), cancellation);

    /// <summary>
    /// A write of what is configured, one at a time: many that wait for the disk on threads of the pool would leave
    /// none for others.
    /// </summary>
    private async ValueTask<bool> Configure(Func<Connection, bool> work, CancellationToken cancellation)
    {
        await _configuring.WaitAsync(cancellation);
        try
        {
            return Write(db => db.Transaction(Begin, _ => work(db)));
        }
        finally
        {
            _configuring.Release();
        }
    }

    private static bool Put(Connection db, Document document)
    {
        db["INSERT INTO documents(kind, id, version, at, actor, content) VALUES(?,?,?,?,?,?) ON CONFLICT DO NOTHING"]
            .Add(document.Kind).Add(document.Id).Add(document.Version).Add(document.At.UnixMilliseconds)
            .Add(document.Actor)
            .Add(document.Content).Run();
        return db.Changes == 1;
    }

    public ValueTask<bool> Once(IdempotencyRow row, CancellationToken cancellation) => Configure(db =>
    {
        db["INSERT INTO idempotency(key, content, answer, expires) VALUES(?,?,?,?) ON CONFLICT DO NOTHING"]
            .Add(row.Key).Add(row.Content).Add(row.Answer).Add(row.ExpiresAt.UnixMilliseconds).Run();
        return db.Changes == 1;
    }, cancellation);

    public ValueTask Expire(Instant now, CancellationToken cancellation)
    {
        Write(db => db.Transaction(Begin, _ =>
        {
            db["DELETE FROM idempotency WHERE expires <= ?"].Add(now.UnixMilliseconds).Run();
            return true;
        }));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_writing)
        {
            if (_disposed) return;
            _disposed = true;
        }
        await _closing.CancelAsync();
        _reads.Dispose();
        await _checkpoint;
        await _clearing;
        lock (_writing)
        {
            while (_readers.TryTake(out var reader)) reader.Dispose();
            if (_broken is null && _write is not null) MoveAtEnd(_write);
            // The last connection to close copies the log into the database.
            _write?.Dispose();
            _directory?.Dispose();
        }
        _closing.Dispose();
    }

    private T Write<T>(Func<Connection, T> work)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_write is null) throw new StoreException("The store was opened for reading only.");
            if (_broken is not null) throw new StoreException($"An earlier write failed: {_broken}");
            try
            {
                var result = work(_write);
                Grown(_write);
                return result;
            }
            // Where there is no room SQLite has rolled back, and nothing was synced: a later write may find room.
            catch (StoreFullException)
            {
                _heads = null;
                throw;
            }
            catch (Exception e)
            {
                // Nobody knows what a failed write or sync has left in the system's caches: nothing is written after
                // it.
                _broken = e.Message;
                throw;
            }
        }
    }

    /// <param name="whose">Whose turn it takes: a tenant, or what is of none by kind and, where it is known, caller,
    /// which begins with a slash, as no tenant does.</param>
    internal ValueTask<T> Read<T>(string whose, Func<Connection, T> work, CancellationToken cancellation,
        bool urgent = false) => new(_reads.Run(whose, urgent, () => ReadHere(work), cancellation));

    /// <summary>On the caller's thread.</summary>
    private T ReadHere<T>(Func<Connection, T> work)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_readers.TryTake(out var reader)) reader = OpenReader();
        try
        {
            var result = work(reader);
            if (_disposed) reader.Dispose(); // nobody would close it: the log would stay, with what was erased
            else _readers.Add(reader);
            return result;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    private Connection OpenReader()
    {
        var reader = new Connection(_path, write: false);
        if (_version < FreshSince) reader.Execute($"PRAGMA temp_store=MEMORY; CREATE TEMP {Schema.FreshTable}");
        reader.Execute("PRAGMA query_only=1; PRAGMA cache_size=-8192;");
        return reader;
    }
}
