using Microsoft.Extensions.Logging;
using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// One flipped bit in each byte of what a tenant's journal vouches for, table by table of a database on disk: each is
/// found, and said where.
/// </summary>
public sealed class DamageSweepTests : IAsyncLifetime, IDisposable
{
    private const string Acme = "acme";
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private readonly Told _log = new();
    private SqliteStore _store = null!;

    public async Task InitializeAsync()
    {
        var clock = new TestClock(TestEngine.Begin, FollowEvents: false);
        var store = SqliteStore.Open(_directory);
        var time = new FakeTime(TestEngine.Begin.ToDateTimeOffset());
        await using (var tenants = new LocalTenants(store, new EngineOptions { IdleSnapshotEntries = 1 }, time))
        {
            await tenants.StartAsync();
            await tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 4, warnAt: 50), clock));
            foreach (var id in (string[])["a", "b", "c"])
                await tenants.Execute(Acme, Make.Report(id) with { Detail = Make.Detail("u-" + id) });
            await tenants.Execute(Acme, new Command.AdvanceClock(Instant.Parse("2027-02-20T00:00:00Z")));
            await tenants.Execute(Acme, Make.Report("d"));
        }
        await store.DisposeAsync();
        _store = SqliteStore.Open(_directory);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("journal", "id", "first", "count", "previous", "entries")]
    [InlineData("tenants", "key", "sequence", "hash", "snapshot_sequence", "snapshot_hash")]
    [InlineData("snapshots", "id", "sequence", "bytes")]
    [InlineData("details", "sequence", "end_customer", "salt", "json")]
    [InlineData("archived", "id", "id", "bytes")]
    [InlineData("outbox", "position", "sequence", "type", "at", "hash", "entry")]
    public async Task Each_flipped_bit_is_found(string table, string key, params string[] columns)
    {
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
        Assert.True(flips > 20, $"{flips} flips of {table}");
        Assert.Null(await Check());
    }

    /// <summary>What is wrong, in words that name the place; null: nothing.</summary>
    private async Task<string?> Check()
    {
        _log.Lines.Clear();
        try
        {
            if (await Recovery.Load(_store, Acme, _log, default) is null) return "there is no tenant acme";
            var stored = (await _store.Load(Acme, default))!;
            var all = await _store.Read(Acme, 0, int.MaxValue, default);
            await Verification.Verify(Acme, stored with { Snapshot = null, Tail = all }, null, default);
            var audit = new StoreAudit(_store, Acme);
            foreach (var block in all)
            {
                var entries = new List<byte[]>();
                for (var reader = new BlockReader(block.Entries); reader.TryRead(out var entry);)
                    entries.Add(entry.ToArray());
                await audit.Take(entries, default);
            }
            await audit.End(default);
            return audit.Findings.Concat(_log.Lines).FirstOrDefault();
        }
        catch (Exception damage) when (damage is JournalCorruptException or StoreException)
        {
            Assert.Contains(Acme, damage.Message, StringComparison.Ordinal);
            return damage.Message;
        }
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

    private sealed class Told : ILogger
    {
        public List<string> Lines { get; } = [];
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
