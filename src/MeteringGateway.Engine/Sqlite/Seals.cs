using System.Buffers;
using System.Buffers.Binary;
using MeteringGateway.Core;
using SQLitePCL;

namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// A digest beside each row that no journal vouches for, over all its columns: a row that was not written like this is
/// found (<c>docs/journal.md</c>). Eight bytes of SHA-256, in the column <c>seal</c>.
/// </summary>
internal static class Seals
{
    /// <summary>The schema version that has them.</summary>
    public const int Since = 4;

    /// <summary>Bytes of a row for which a thread keeps room: a delivery's, or a document's, may be large.</summary>
    private const int Kept = 64 * 1024;

    [ThreadStatic] private static ArrayBufferWriter<byte>? _row;

    /// <param name="Key">How many of the columns, from the first, are the row's key.</param>
    /// <param name="ByTrigger">Sealed by a trigger of the writing connection; else by the statements that write, as
    /// every flush does.</param>
    private sealed record Sealed(string Table, int Key, bool ByTrigger, params string[] Columns)
    {
        /// <summary>The schema version with which it is made with its seal, or got it.</summary>
        public int Since { get; init; } = Seals.Since;
    }

    private static readonly Sealed[] Tables =
    [
        new("documents", 3, true, "kind", "id", "version", "at", "actor", "content"),
        new("webhooks", 1, true, "id", "content"),
        new("idempotency", 1, true, "key", "content", "answer", "expires"),
        new("outbox", 1, true, "position", "tenant", "sequence", "type", "at", "hash", "entry"),
        new("published", 1, true, "tenant", "entry"),
        new("deliveries", 1, true, "number", "webhook", "id", "tenant", "sequence", "type", "body", "created",
            "status", "head", "due", "give_up", "tries", "ended", "attempts"),
        new("tenants", 1, false, "key", "id", "sequence", "hash", "due", "snapshot_sequence", "snapshot_hash",
            "severity"),
        // Its entries are chained.
        new("fresh", 1, false, "id", "tenant", "first", "count", "previous", "hash", "due") { Since = 5 },
    ];

    /// <summary>The tables that have them in a schema version.</summary>
    public static IEnumerable<string> Names(long version) =>
        Tables.Where(one => one.Since <= version).Select(one => one.Table);

    /// <summary>SQL: the columns that say which row it is.</summary>
    public static string KeyOf(string table) => Of(table, one => string.Join("||'/'||", one.Columns[..one.Key]));

    /// <summary>SQL: the seal of a row as it stands.</summary>
    public static string Of(string table) => Of(table, one => Expression(one, one.Columns));

    /// <summary>SQL: the seal of a row with these values, in the order of the table's columns.</summary>
    public static string Of(string table, params string[] values) => Of(table, one => Expression(one, values));

    /// <summary>SQL: true of a row that is as it was written.</summary>
    public static string Holds(string table) => $"(seal IS {Of(table)})";

    /// <summary>SQL: the step that adds them.</summary>
    public static string Step => string.Concat(Tables.Where(one => one.Since == Since).Select(one =>
        $"ALTER TABLE {one.Table} ADD COLUMN seal INTEGER;\nUPDATE {one.Table} SET seal={Of(one.Table)};\n"))
        + $"PRAGMA user_version = {Since};";

    /// <summary>SQL: seals what is written on this connection. Not in the schema, which others read without us.</summary>
    public static string Triggers => string.Concat(Tables.Where(one => one.ByTrigger)
        .SelectMany(one => new[]
            {
                (Name: "inserted", What: "INSERT"),
                (Name: "updated", What: $"UPDATE OF {string.Join(", ", one.Columns)}"),
            },
            (one, on) => $"""
                CREATE TEMP TRIGGER {one.Table}_{on.Name} AFTER {on.What} ON main.{one.Table} BEGIN
                  UPDATE {one.Table} SET seal={Of(one.Table)}
                  WHERE {string.Join(" AND ", one.Columns[..one.Key].Select(key => $"{key}=NEW.{key}"))};
                END;

                """));

    /// <summary>Makes the function <c>seal</c> known to a connection.</summary>
    public static int Register(sqlite3 db) => raw.sqlite3_create_function(db, "seal", -1, raw.SQLITE_DETERMINISTIC,
        null, static (context, _, values) => raw.sqlite3_result_int64(context, Seal(values)));

    private static string Of(string table, Func<Sealed, string> what) => what(Tables.First(one => one.Table == table));

    private static string Expression(Sealed table, string[] values) =>
        $"seal('{table.Table}', {string.Join(", ", values)})";

    /// <summary>Of each value its type, its length, and its bytes.</summary>
    private static long Seal(sqlite3_value[] values)
    {
        var to = _row ??= new ArrayBufferWriter<byte>(256);
        to.ResetWrittenCount();
        foreach (var value in values)
        {
            var type = raw.sqlite3_value_type(value);
            if (type == raw.SQLITE_INTEGER)
            {
                var number = to.GetSpan(1 + sizeof(long));
                number[0] = (byte)type;
                BinaryPrimitives.WriteInt64LittleEndian(number[1..], raw.sqlite3_value_int64(value));
                to.Advance(1 + sizeof(long));
                continue;
            }
            var bytes = type == raw.SQLITE_NULL ? default : raw.sqlite3_value_blob(value);
            var head = to.GetSpan(1 + sizeof(int));
            head[0] = (byte)type;
            BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
            to.Advance(1 + sizeof(int));
            to.Write(bytes);
        }
        Span<byte> hash = stackalloc byte[Sha256.Length];
        Sha256.Hash(to.WrittenSpan, hash);
        if (to.Capacity > Kept) _row = null;
        return BinaryPrimitives.ReadInt64LittleEndian(hash);
    }
}
