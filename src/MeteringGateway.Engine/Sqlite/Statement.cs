using MeteringGateway.Core;
using SQLitePCL;

namespace MeteringGateway.Engine.Sqlite;

/// <summary>A prepared statement. Bound by position, from 1; disposing makes it ready for its next use.</summary>
internal sealed class Statement(Connection connection, sqlite3_stmt statement) : IDisposable
{
    private int _bound;

    public Statement Reset()
    {
        raw.sqlite3_reset(statement);
        raw.sqlite3_clear_bindings(statement);
        _bound = 0;
        return this;
    }

    public Statement Add(long value) => Bound(raw.sqlite3_bind_int64(statement, ++_bound, value));

    public Statement Add(long? value) =>
        value is { } number ? Add(number) : Bound(raw.sqlite3_bind_null(statement, ++_bound));

    public Statement Add(Instant? value) => Add(value?.UnixMilliseconds);

    public Statement Add(string? value) =>
        Bound(value is null ? raw.sqlite3_bind_null(statement, ++_bound)
            : raw.sqlite3_bind_text(statement, ++_bound, value));

    public Statement Add(ReadOnlySpan<byte> value) => Bound(
        // An empty span has no address, which SQLite would take for NULL.
        value.IsEmpty ? raw.sqlite3_bind_zeroblob(statement, ++_bound, 0)
            : raw.sqlite3_bind_blob(statement, ++_bound, value));

    /// <summary>True while there is a row.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(statement);
        connection.Check(code);
        return code == raw.SQLITE_ROW;
    }

    /// <summary>Runs it to its end, and makes it ready for its next use.</summary>
    public void Run()
    {
        using var run = this;
        while (Step()) { }
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;
    public long Int64(int column) => raw.sqlite3_column_int64(statement, column);
    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();
    public byte[] Blob(int column)
    {
        var bytes = raw.sqlite3_column_blob(statement, column);
        var blob = GC.AllocateUninitializedArray<byte>(bytes.Length);
        bytes.CopyTo(blob);
        return blob;
    }
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(statement, column);

    // A reset reports the step's error once more; the step has thrown it.
    public void Dispose() => Reset();

    public void Finish() => raw.sqlite3_finalize(statement);

    private Statement Bound(int code)
    {
        connection.Check(code);
        return this;
    }
}
