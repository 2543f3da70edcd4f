using SQLitePCL;

namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// An SQLite connection with its prepared statements. Used by one thread at a time. Straight on SQLite's own interface:
/// every statement is prepared once, and blobs go in and out as spans.
/// </summary>
internal sealed class Connection : IDisposable
{
    /// <summary>Milliseconds that a statement waits for others' locks.</summary>
    public const int Patience = 10_000;

    private readonly string _path;
    private readonly sqlite3 _db;
    private readonly Dictionary<string, Statement> _statements = [];

    static Connection() => Batteries_V2.Init();

    public Connection(string path, bool write)
    {
        _path = Path.GetFullPath(path);
        var flags = write ? raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE : raw.SQLITE_OPEN_READWRITE;
        var code = raw.sqlite3_open_v2(path, out _db, flags | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code != raw.SQLITE_OK) throw Error(code);
        raw.sqlite3_extended_result_codes(_db, 1);
        // Readers wait only for a checkpoint's short exclusive moments.
        raw.sqlite3_busy_timeout(_db, Patience);
        Check(Seals.Register(_db));
    }

    /// <summary>Of the SQLite that runs.</summary>
    internal static Version LibraryVersion => Version.Parse(raw.sqlite3_libversion().utf8_to_string());

    /// <summary>The statement for this text, reset and without bindings; prepared at its first use.</summary>
    public Statement this[string sql]
    {
        get
        {
            if (_statements.TryGetValue(sql, out var statement)) return statement.Reset();
            Check(raw.sqlite3_prepare_v3(_db, sql, raw.SQLITE_PREPARE_PERSISTENT, out var prepared));
            return _statements[sql] = new Statement(this, prepared);
        }
    }

    /// <summary>In all, since it was opened.</summary>
    public long PagesWritten
    {
        get
        {
            Check(raw.sqlite3_db_status(_db, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, 0));
            return pages;
        }
    }

    public int Changes => raw.sqlite3_changes(_db);

    public void Execute(string sql) => Check(raw.sqlite3_exec(_db, sql));

    public long Number(string sql)
    {
        using var rows = this[sql];
        return rows.Step() ? rows.Int64(0) : throw new InvalidOperationException($"'{sql}' has no row");
    }

    /// <summary>Runs <paramref name="work"/> in a transaction: all of it, or none.</summary>
    public T Transaction<T>(string begin, Func<Connection, T> work)
    {
        Execute(begin);
        try
        {
            var result = work(this);
            Execute("COMMIT");
            return result;
        }
        catch
        {
            // Fails when SQLite has already rolled back by itself, as it does when the disk is full.
            if (raw.sqlite3_get_autocommit(_db) == 0) raw.sqlite3_exec(_db, "ROLLBACK");
            throw;
        }
    }

    internal void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)) throw Error(code);
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Finish();
        raw.sqlite3_close_v2(_db);
    }

    private StoreException Error(int code)
    {
        var what = $"'{_path}': {Words(code)} ({code})";
        return (code & 0xFF) switch
        {
            raw.SQLITE_FULL => new StoreFullException(what),
            // Also of the two files that it makes beside the database.
            raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => new StoreException(
                $"{what}: it is read-only, or somebody else's; this user must be able to write the directory and the "
                + "files in it"),
            _ => new StoreException(what),
        };
    }

    private string Words(int code) => _db is null
        ? raw.sqlite3_errstr(code).utf8_to_string() : raw.sqlite3_errmsg(_db).utf8_to_string();
}
