using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// One flipped bit in each byte of what is stored, table by table of a database on disk: each is found, and said where.
/// </summary>
public sealed class DamageSweepTests : IAsyncLifetime, IDisposable
{
    private const string Acme = "acme";
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private SqliteStore _store = null!;
    private string[] _reserved = [];

    public async Task InitializeAsync()
    {
        await StoreDamage.Fill(_directory, Acme);
        _store = SqliteStore.Open(_directory);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("journal", "id", "first", "count", "previous", "entries")]
    [InlineData("fresh", "id", "id", "tenant", "first", "count", "previous", "hash", "due", "entries")]
    [InlineData("tenants", "key", "sequence", "hash", "snapshot_sequence", "snapshot_hash", "due", "severity")]
    [InlineData("snapshots", "id", "sequence", "bytes")]
    [InlineData("details", "sequence", "end_customer", "salt", "json")]
    [InlineData("archived", "id", "id", "first", "sequence", "period", "status", "reason", "type", "bytes")]
    [InlineData("documents", "id", "kind", "id", "version", "at", "actor", "content")]
    [InlineData("webhooks", "id", "id", "content")]
    [InlineData("idempotency", "key", "key", "content", "answer", "expires")]
    [InlineData("deliveries", "number", "webhook", "id", "tenant", "sequence", "type", "body", "created", "status",
        "head", "due", "give_up", "tries", "attempts")]
    [InlineData("published", "tenant", "entry")]
    [InlineData("outbox", "position", "sequence", "type", "at", "hash", "entry")]
    public async Task Each_flipped_bit_is_found(string table, string key, params string[] columns)
    {
        await using var tenants = table == "fresh" ? await Reserve() : null;
        Assert.Null(await Check());
        using var writer = new Connection(Path.Combine(_directory, "metering.db"), write: true);
        var flips = 0;
        foreach (var column in columns)
            foreach (var row in Rows(writer, table, key, column))
                foreach (var (flipped, bit) in Flips(row.Value))
                {
                    // What two rows would share is refused by the table's own index.
                    if (!TrySet(writer, table, key, column, row.Key, flipped, row.IsText)) continue;
                    var found = await Check();
                    Assert.True(found is not null, $"{table}.{column} of {row.Key}, bit {bit}: nobody noticed");
                    Set(writer, table, key, column, column == key ? flipped : row.Key, row.Value, row.IsText);
                    flips++;
                }
        Assert.True(flips >= 6, $"{flips} flips of {table}");
        Assert.Null(await Check());
    }

    private Task<string?> Check() => StoreDamage.Of(_store, [.. _reserved, Acme]);

    /// <summary>Has blocks of a tenant wait.</summary>
    private async Task<LocalTenants> Reserve()
    {
        var tenants = new LocalTenants(_store, new EngineOptions(), new FakeTime(TestEngine.Begin.ToDateTimeOffset()));
        await tenants.StartAsync();
        await tenants.Execute("bank", Make.Tenant());
        for (var i = 0; i < 2; i++) await tenants.Execute("bank", Make.Reserve(1));
        _reserved = ["bank"];
        return tenants;
    }

    private static List<(object Key, object Value, bool IsText)> Rows(Connection db, string table, string key,
        string column)
    {
        var rows = new List<(object, object, bool)>();
        using var read = db[$"SELECT typeof({key}), {key}, typeof({column}), {column} FROM {table} WHERE {column} NOTNULL"];
        while (read.Step())
        {
            var type = read.Text(2);
            rows.Add((read.Text(0) == "integer" ? read.Int64(1) : read.Text(1),
                type == "integer" ? read.Int64(3) : type == "text" ? read.Text(3) : read.Blob(3), type == "text"));
        }
        return rows;
    }

    /// <summary>A bit in each byte, another one each time.</summary>
    private static IEnumerable<(object Flipped, int Bit)> Flips(object value)
    {
        if (value is long number)
        {
            foreach (var bit in (int[])[0, 1, 2, 5, 9, 31]) yield return (number ^ (1L << bit), bit);
            yield break;
        }
        var bytes = value as byte[] ?? System.Text.Encoding.UTF8.GetBytes((string)value);
        for (var i = 0; i < bytes.Length; i++)
        {
            byte[] flipped = [.. bytes];
            var bit = value is string ? i % 5 : i * 3 % 8;
            flipped[i] ^= (byte)(1 << bit);
            yield return (value is string ? System.Text.Encoding.UTF8.GetString(flipped) : flipped, i * 8 + bit);
        }
    }

    private static bool TrySet(Connection db, string table, string key, string column, object row, object value,
        bool isText)
    {
        try
        {
            Set(db, table, key, column, row, value, isText);
            return true;
        }
        catch (StoreException refused) when (refused.Message.Contains("UNIQUE", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private static void Set(Connection db, string table, string key, string column, object row, object value,
        bool isText)
    {
        using var update = db[$"UPDATE {table} SET {column}=? WHERE {key}=?"];
        if (value is long number) update.Add(number);
        else if (isText) update.Add((string)value);
        else update.Add((ReadOnlySpan<byte>)(byte[])value);
        if (row is long id) update.Add(id);
        else update.Add((string)row);
        update.Run();
    }
}
