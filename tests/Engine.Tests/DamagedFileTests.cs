using System.Globalization;
using System.Text;
using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// One flipped bit anywhere in the database's file, schema, indexes, free room and all: it is found, or nothing that
/// can be read is another than before.
/// </summary>
public sealed class DamagedFileTests : IDisposable
{
    private const int Flips = 400;
    private static readonly string[] Tenants = ["acme", "zoo"];
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_flipped_bit_anywhere_in_the_file_is_found_or_changes_nothing_that_can_be_read()
    {
        await StoreDamage.Fill(_directory, Tenants);
        Assert.Null(await Damage());
        var whole = await File.ReadAllBytesAsync(Database);
        var before = Dump();
        var random = new Random(20261129);
        var (found, harmless) = (0, 0);
        // Most of a page is free: most flips are where something is written, and a part of them in the schema's pages.
        var written = Enumerable.Range(0, whole.Length).Where(at => whole[at] != 0).ToArray();
        for (var i = 0; i < Flips; i++)
        {
            var at = (i % 8) switch
            {
                0 => random.Next(whole.Length),
                1 or 2 => written[random.Next(Array.FindLastIndex(written, one => one < 5 * 4096))],
                _ => written[random.Next(written.Length)],
            };
            var bit = at * 8 + random.Next(8);
            var flipped = (byte[])whole.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Write(flipped);
            if (await Damage() is not null) found++;
            else
            {
                Assert.True(Dump() == before, $"bit {bit}: byte {bit / 8 % 4096} of page {bit / 8 / 4096 + 1} "
                    + "is silent, and something reads otherwise");
                harmless++;
            }
        }
        Write(whole);
        Assert.Null(await Damage());
        Assert.True(found > Flips / 2 && harmless > 0, $"{found} found, {harmless} harmless");
    }

    [Fact]
    public async Task A_gateway_does_not_begin_with_a_document_or_a_webhook_that_is_not_what_was_written()
    {
        await StoreDamage.Fill(_directory, Tenants);
        foreach (var (sql, place) in new[]
        {
            ("UPDATE documents SET content=CAST(REPLACE(content, 'agent', 'admin') AS BLOB) WHERE version=2",
                "key/k-1/2"),
            ("UPDATE documents SET version=6 WHERE id='k-1' AND version=2", "key/k-1/6"),
            ("UPDATE webhooks SET content=x'7b7d'", "'hook'"),
        })
        {
            var whole = await File.ReadAllBytesAsync(Database);
            using (var db = new Connection(Database, write: true)) db.Execute(sql);
            var refused = Assert.Throws<StoreException>(() => SqliteStore.Open(_directory));
            Assert.Contains(place, refused.Message, StringComparison.Ordinal);
            Assert.Contains(place, await Damage(), StringComparison.Ordinal);
            Write(whole);
        }
        await using var open = SqliteStore.Open(_directory);
        open.Execute("DROP TRIGGER temp.idempotency_updated; UPDATE idempotency SET answer=x'04'");
        await Assert.ThrowsAsync<StoreException>(async () => await open.Idempotent("acme", "k:acme:1", default));
    }

    [Fact]
    public async Task A_database_of_before_rows_had_digests_is_read_as_it_is_and_has_them_when_it_was_opened()
    {
        await StoreDamage.Fill(_directory, Tenants);
        StoreDamage.MakeOlder(_directory, "PRAGMA user_version=3");
        await using (var store = SqliteStore.OpenReadOnly(_directory))
        {
            Assert.Equal(2, (await store.Documents("key", default)).Count);
            Assert.Empty(await store.Check(default));
        }
        await using (var store = SqliteStore.Open(_directory)) Assert.Empty(await store.Check(default));
        using (var db = new Connection(Database, write: true))
        {
            foreach (var table in Seals.Names(Schema.Version))
                Assert.Equal(0, db.Number($"SELECT COUNT(*) FROM {table} WHERE seal IS NULL"));
            db.Execute("UPDATE documents SET actor='other' WHERE version=2");
        }
        Assert.NotNull(await Damage());
    }

    private string Database => Path.Combine(_directory, "metering.db");

    private void Write(byte[] bytes)
    {
        foreach (var beside in (string[])["-wal", "-shm"]) File.Delete(Database + beside);
        File.WriteAllBytes(Database, bytes);
    }

    private async Task<string?> Damage()
    {
        try
        {
            await using var store = SqliteStore.OpenReadOnly(_directory);
            return await StoreDamage.Of(store, Tenants);
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    /// <summary>Every row of every table, by the table and by each of its indexes.</summary>
    private string Dump()
    {
        using var db = new Connection(Database, write: false);
        var dump = new StringBuilder();
        var names = new List<string> { "sqlite_schema" };
        using (var tables = db["SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name"])
            while (tables.Step()) names.Add(tables.Text(0));
        foreach (var name in names)
        {
            var columns = new List<string>();
            using (var of = db[$"SELECT name FROM pragma_table_info('{name}')"])
                while (of.Step()) columns.Add($"quote({of.Text(0)})");
            using var rows = db[$"SELECT {string.Join("||','||", columns)} FROM {name} NOT INDEXED"];
            while (rows.Step()) dump.Append(CultureInfo.InvariantCulture, $"{name}: {rows.Text(0)}\n");
        }
        return dump.ToString();
    }

    /// <summary>An empty file was a store, as one that is made has its tables when it has its name.</summary>
    [Fact]
    public void A_database_that_is_empty_or_lost_is_not_taken_for_a_new_store()
    {
        var lost = Directory.CreateDirectory(Path.Combine(_directory, "lost")).FullName;
        var database = Path.Combine(lost, "metering.db");
        File.WriteAllBytes(database, []);
        foreach (var open in (Func<object>[])[() => SqliteStore.Open(lost), () => SqliteStore.OpenReadOnly(lost)])
            Assert.Contains("is empty", Assert.Throws<StoreException>(open).Message, StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo(database).Length);

        File.Move(database, database + "-wal");
        File.AppendAllText(database + "-wal", "what was written last");
        Assert.Contains("without its database", Assert.Throws<StoreException>(() => SqliteStore.Open(lost)).Message,
            StringComparison.Ordinal);
        Assert.False(File.Exists(database));
    }

    [Fact]
    public async Task A_store_that_was_half_made_is_made_again()
    {
        var begun = Directory.CreateDirectory(Path.Combine(_directory, "begun")).FullName;
        foreach (var left in (string[])["metering.db.new", "metering.db.new-wal", "metering.db.new-shm"])
            File.WriteAllText(Path.Combine(begun, left), "half");
        await using var store = SqliteStore.Open(begun);
        Assert.Empty(await store.Check(default));
        Assert.Empty(Directory.GetFiles(begun, "*.new*"));
    }
}
