using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

public sealed class SqliteStoreTests : IAsyncLifetime
{
    private static readonly Instant Now = Instant.Parse("2026-11-21T09:30:00Z");
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private SqliteStore _store = null!;

    public Task InitializeAsync()
    {
        _store = SqliteStore.Open(_directory);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task Reopen()
    {
        await _store.DisposeAsync();
        _store = SqliteStore.Open(_directory);
    }

    [Fact]
    public async Task What_was_appended_is_there_after_reopening()
    {
        var first = Batch("acme", null, "one", "two");
        await Append(first, Batch("zoo", null, "other"));
        await Append(Batch("acme", first, "three") with { Due = Now });
        await Reopen();

        var stored = await _store.Load("acme", default);
        Assert.Equal((3, true), (stored!.Sequence, stored.Snapshot is null));
        Assert.Equal(["one", "two", "three"], stored.Tail.SelectMany(Texts));
        Assert.Equal([(1, 2), (3, 1)], stored.Tail.Select(block => ((int)block.FirstSequence, block.Count)));
        Assert.Equal(["acme", "zoo"], await _store.List(null, 10, default));
        Assert.Equal(["zoo"], await _store.List("acme", 10, default));
        Assert.Equal([new DueTenant("acme", Now)], await _store.Due(Now, 10, default));
        Assert.Empty(await _store.Due(Now - TimeSpan.FromMilliseconds(1), 10, default));
        Assert.Null(await _store.Load("nobody", default));
    }

    [Fact]
    public async Task A_tenant_that_lost_the_fence_is_refused_alone_and_wholly()
    {
        var first = Batch("acme", null, "one");
        await Append(first);
        var stale = Batch("acme", null, "stale") with { Details = [new DetailRow(1, null, [1], [2])] };
        var ahead = Batch("new", Batch("new", null, "never written"), "ahead");

        Assert.Equal([AppendResult.LostFence, AppendResult.Written, AppendResult.LostFence], await Append(stale, Batch("zoo", null, "other"), ahead));

        Assert.Equal(["one"], (await _store.Load("acme", default))!.Tail.SelectMany(Texts));
        Assert.Equal([null], await _store.Details("acme", [1], default));
        Assert.NotNull(await _store.Load("zoo", default));
        Assert.Null(await _store.Load("new", default));
    }

    [Fact]
    public void A_second_opener_is_refused_and_told_why()
    {
        var error = Assert.Throws<StoreException>(() => SqliteStore.Open(_directory));

        Assert.Contains("in use by another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_may_look_on_but_never_writes()
    {
        await Append(Batch("acme", null, "one"));
        await using var reader = SqliteStore.OpenReadOnly(_directory);

        Assert.Equal(["one"], (await reader.Read("acme", 0, 10, default)).SelectMany(Texts));
        await Assert.ThrowsAsync<StoreException>(async () => await reader.Expire(Now, default));
        Assert.Throws<StoreException>(() => SqliteStore.OpenReadOnly(Path.Combine(_directory, "elsewhere")));
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_as_it_is()
    {
        _store.Execute("PRAGMA user_version=99");
        await _store.DisposeAsync();

        var error = Assert.Throws<StoreException>(() => SqliteStore.Open(_directory));

        Assert.Contains("schema version 99", error.Message, StringComparison.Ordinal);
        using (var connection = new Connection(Path.Combine(_directory, "metering.db"), write: true)) connection.Execute($"PRAGMA user_version={Schema.Version}");
        _store = SqliteStore.Open(_directory);
    }

    [Fact]
    public async Task A_failed_write_leaves_nothing_and_is_the_last()
    {
        var first = Batch("acme", null, "one");
        await Append(first);
        _store.Execute("PRAGMA max_page_count=1"); // held to the present size
        var large = Batch("acme", first, new string('x', 1 << 20));

        await Assert.ThrowsAsync<StoreException>(() => Append(large));
        var error = await Assert.ThrowsAsync<StoreException>(() => Append(Batch("zoo", null, "small")));

        Assert.Contains("earlier write failed", error.Message, StringComparison.Ordinal);
        await Reopen();
        Assert.Equal(["one"], (await _store.Load("acme", default))!.Tail.SelectMany(Texts));
        Assert.Equal([AppendResult.Written], await Append(large));
    }

    [Fact]
    public async Task A_snapshot_takes_the_place_of_the_one_before_and_of_what_came_before_it()
    {
        var first = Batch("acme", null, "one", "two");
        var second = Batch("acme", first, "three", "four");
        await Append(first);
        await Append(second);
        var large = new byte[(2 << 20) + 17];
        new Random(1).NextBytes(large);
        await _store.SaveSnapshot("acme", new StoredSnapshot(1, [1], [9]), default);
        await _store.SaveSnapshot("acme", new StoredSnapshot(3, [2], large), default);
        await _store.SaveSnapshot("acme", new StoredSnapshot(2, [3], [7]), default); // late, and older
        await Reopen();

        var stored = await _store.Load("acme", default);
        Assert.Equal(3, stored!.Snapshot!.Sequence);
        Assert.Equal(large, stored.Snapshot.State);
        Assert.Equal(["three", "four"], stored.Tail.SelectMany(Texts)); // whole blocks
        Assert.Equal(["one", "two", "three", "four"], (await _store.Read("acme", 0, 100, default)).SelectMany(Texts));
        Assert.Equal(["one", "two"], (await _store.Read("acme", 1, 1, default)).SelectMany(Texts));
    }

    [Fact]
    public async Task What_is_stored_beside_the_entries_is_found_again()
    {
        await Append(Batch("acme", null, "one", "two") with
        {
            Details = [new DetailRow(2, "u-9", [1, 2], [3, 4])],
            Idempotency = [new IdempotencyRow("k", [5], [6], Now + TimeSpan.FromHours(24))],
        });
        await Reopen();

        Assert.Equal([null, [3, 4]], await _store.Details("acme", [1, 2], default));
        var row = await _store.Idempotent("k", default);
        Assert.Equal([6], row!.Answer);
        Assert.Equal(Now + TimeSpan.FromHours(24), row.ExpiresAt);
        await _store.Expire(Now + TimeSpan.FromHours(24), default);
        Assert.Null(await _store.Idempotent("k", default));
    }

    [Fact]
    public async Task Versions_of_a_document_are_never_changed()
    {
        Assert.True(await _store.Put(new Document("plan", "basic", 1, Now, "admin", [1]), default));
        Assert.False(await _store.Put(new Document("plan", "basic", 1, Now, "other", [2]), default));
        Assert.True(await _store.Put(new Document("plan", "basic", 2, Now, "admin", [3]), default));
        await Reopen();

        var documents = await _store.Documents("plan", default);
        Assert.Equal([(1, 1), (2, 3)], documents.Select(document => (document.Version, (int)document.Content[0])));
        Assert.Empty(await _store.Documents("key", default));
    }

    private async Task<IReadOnlyList<AppendResult>> Append(params TenantBatch[] batches) => await _store.Append(batches, default);

    private static TenantBatch Batch(string tenant, TenantBatch? after, params string[] entries)
    {
        var previous = after?.LastHash ?? Chain.Genesis(tenant);
        using var block = new BlockWriter();
        foreach (var entry in entries) block.Add(System.Text.Encoding.UTF8.GetBytes(entry));
        var bytes = block.Written.ToArray();
        var last = new byte[Chain.HashLength];
        Chain.Over(previous, bytes, last);
        var first = after is null ? 1 : after.FirstSequence + after.Count;
        return new TenantBatch(tenant, previous, first, entries.Length, bytes, last, null, [], [], [], []);
    }

    private static List<string> Texts(EntryBlock block)
    {
        var texts = new List<string>();
        var reader = new BlockReader(block.Entries);
        while (reader.TryRead(out var entry)) texts.Add(System.Text.Encoding.UTF8.GetString(entry));
        return texts;
    }
}
