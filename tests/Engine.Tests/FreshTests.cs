using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// Small blocks that wait in a table of their own (<c>docs/journal.md</c>): nobody who reads can tell, and nothing is
/// lost or doubled whatever happens before, while, or after they are moved.
/// </summary>
public sealed class FreshTests : IAsyncLifetime
{
    private static readonly Instant Now = Instant.Parse("2026-11-21T09:30:00Z");
    private readonly string _root = Directory.CreateTempSubdirectory("metering").FullName;
    private readonly Dictionary<string, TenantBatch> _last = [];
    private readonly Dictionary<string, List<string>> _texts = [];
    private SqliteStore _store = null!;

    private string In => Path.Combine(_root, "store");
    private string Killed => Path.Combine(_root, "killed");

    public Task InitializeAsync()
    {
        _store = SqliteStore.Open(In);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Small_blocks_of_tenants_that_are_there_wait_and_a_large_one_comes_after_those_of_its_tenant()
    {
        await Append("acme", "zoo");
        Assert.Equal(0, Waiting()); // their rows are made
        await Append("acme", "zoo", "acme");
        await Append("acme");
        Assert.Equal(4, Waiting());

        await AppendOne("zoo", new string('x', SqliteStore.SmallBlock), null); // with its length it is longer
        Assert.Equal(0, Waiting());
        await Append("zoo");
        await Append("acme");

        await AreAllThere();
        var blocks = await _store.Read("zoo", 0, 100, default);
        Assert.Equal([1L, 2L, 3L, 4L], blocks.Select(block => block.FirstSequence));
        for (var after = 0; after < 4; after++)
        {
            Assert.Equal(after + 1, (await _store.Read("zoo", after, 1, default)).Single().FirstSequence);
            Assert.Equal(Math.Min(2, 4 - after), (await _store.Read("zoo", after, 2, default)).Count);
        }
        Assert.Empty(await _store.Read("zoo", 4, 1, default));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(3 * SqliteStore.MostFresh + 7)]
    public async Task No_more_than_a_certain_number_wait_however_many_come_N4(int atOnce)
    {
        string[] tenants = [.. Enumerable.Range(0, 100).Select(i => $"t{i}")];
        await Append(tenants);
        for (var sent = 0; sent < SqliteStore.MostFresh + 3; sent += atOnce)
        {
            await Append([.. Enumerable.Range(sent, atOnce).Select(i => tenants[i % tenants.Length])]);
            Assert.InRange(Waiting(), 0, SqliteStore.MostFresh - 1);
        }
        Assert.NotEqual(0, Waiting());
        await AreAllThere();
    }

    [Fact]
    public async Task A_writer_that_was_overtaken_is_refused_where_blocks_wait_alone_and_wholly()
    {
        await Append("acme", "zoo");
        var before = _last["acme"];
        await Append("acme"); // waits
        IdempotencyRow key = new("k", [1], [2], Now);
        TenantBatch late = Batches.Of("acme", before, "late") with { Idempotency = [key] },
            beside = Batches.Of("acme", before, "another"),
            empty = Batches.Of("acme", before) with { Idempotency = [key], Due = Now },
            other = Batches.Of("zoo", _last["zoo"], "zoo 2");

        Assert.Equal([AppendResult.LostFence, AppendResult.LostFence, AppendResult.LostFence, AppendResult.Written],
            await _store.Append([late, Batches.Of("acme", beside, "on another"), empty, other], default));

        Note(other, "zoo 2");
        await AreAllThere();
        Assert.Null(await _store.Idempotent("acme", "k", default));
        Assert.Empty(await _store.Due(Now, 10, default));
        await Append("acme");
        await AreAllThere();
    }

    [Fact]
    public async Task What_waits_when_the_process_is_killed_is_read_by_tools_and_is_gone_on_from()
    {
        await Append("acme", "zoo");
        await Append("acme", "acme", "zoo");
        StoreDamage.Kill(In, Killed);
        var late = Batches.Of("acme", _last["acme"], "of the one that was killed");

        await using (var reader = SqliteStore.OpenReadOnly(Killed))
        {
            await AreAllThere(reader);
            Assert.Empty(await reader.Check(default));
        }
        await Instead(Killed);
        await AreAllThere();
        Assert.Equal(3, Waiting(Killed));
        await Append("acme", "zoo");
        Assert.Equal([AppendResult.LostFence], await _store.Append([late], default));
        await AreAllThere();
    }

    [Fact]
    public async Task Nothing_waits_in_a_store_that_was_closed()
    {
        await Append("acme", "zoo");
        await Append("acme", "acme", "zoo");
        var last = Batches.Of("zoo", _last["zoo"]) with { Due = Now };
        await _store.Append([last], default);
        Assert.Equal(4, Waiting());

        await _store.DisposeAsync();

        Assert.Equal(0, Waiting());
        Assert.Equal(5, StoreDamage.Number(In, "SELECT COUNT(*) FROM journal"));
        Assert.Equal(5, StoreDamage.Number(In, "SELECT SUM(sequence) FROM tenants"));
        Assert.Equal(1, StoreDamage.Number(In, $"SELECT COUNT(*) FROM tenants WHERE due={Now.UnixMilliseconds}"));
        await Instead(In);
        await AreAllThere();
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task What_is_due_and_what_is_to_be_published_is_told_with_all_that_waits()
    {
        await Append("acme", "bank", "zoo");
        await Due("acme", 30);
        await Due("bank", 10);
        await Due("zoo", 20);
        await _store.SaveSnapshot("zoo", new StoredSnapshot(2, _last["zoo"].LastHash, [[1]]), default); // moves them
        Assert.Equal(0, Waiting());
        await Due("acme", 5); // waits for something earlier
        await Due("bank", null);
        await Due("acme", 15); // and again for something later
        Assert.Equal(3, Waiting());

        Assert.Equal([("acme", 15L), ("zoo", 20L)], await DueBy(100, 10));
        Assert.Equal([("acme", 15L)], await DueBy(100, 1));
        Assert.Equal([("acme", 15L)], await DueBy(19, 10));
        Assert.Empty(await DueBy(14, 10));

        await _store.Published([new("acme", 4), new("bank", 1)], default);
        Assert.Equal([new Unpublished("bank", 1, 3), new Unpublished("zoo", 0, 2)],
            (await _store.Unpublished(null, 10, default)).Tenants);
        await _store.Published([new("bank", 3)], default);
        Assert.Equal([new Unpublished("zoo", 0, 2)], (await _store.Unpublished(null, 10, default)).Tenants);

        Task Due(string tenant, long? second) =>
            AppendOne(tenant, "due", second is { } at ? Now + TimeSpan.FromSeconds(at) : null);

        async Task<IEnumerable<(string, long)>> DueBy(long second, int limit) =>
            (await _store.Due(Now + TimeSpan.FromSeconds(second), limit, default))
            .Select(one => (one.Tenant, (one.Due.UnixMilliseconds - Now.UnixMilliseconds) / 1_000));
    }

    [Fact]
    public async Task Details_of_what_waits_are_erased_before_and_after_it_is_moved_D2()
    {
        await Append("acme", "zoo");
        for (var i = 2; i <= 3; i++)
        {
            var batch = Batches.Of("acme", _last["acme"], "detail") with
            {
                Details = [new DetailRow(i, $"u-{i}", [1], [2])],
            };
            await _store.Append([batch], default);
            Note(batch, "detail");
        }
        Assert.Equal(2, Waiting());
        Assert.Empty(await _store.Check(default)); // they are of entries that there are

        await _store.Erase("acme", await _store.DetailsOf("acme", "u-2", default), default);
        Assert.Equal(2, Waiting());
        var erases = Batches.Of("acme", _last["acme"], "erased") with { Erased = [3] };
        await _store.Append([erases], default);
        Note(erases, "erased");

        Assert.Equal([null, null], await _store.Details("acme", [2, 3], default));
        await AreAllThere();
    }

    [Fact]
    public async Task Where_there_is_no_room_to_move_what_waits_it_waits_on_and_the_flush_is_tried_again()
    {
        string[] tenants = [.. Enumerable.Range(0, 64).Select(i => $"t{i}")];
        await Append(tenants);
        for (var i = 0; i < SqliteStore.MostFresh - 1; i++) await Append(tenants[i % tenants.Length]);
        _store.Execute("PRAGMA max_page_count=1"); // held to the present size
        var next = Batches.Of("t0", _last["t0"], "next");

        await Assert.ThrowsAsync<StoreFullException>(async () => await _store.Append([next], default));
        await Assert.ThrowsAsync<StoreFullException>(async () => await _store.Append([next], default));
        Assert.Equal(SqliteStore.MostFresh - 1, Waiting());
        await AreAllThere();
        await _store.DisposeAsync(); // where there is no room either
        Assert.Equal(SqliteStore.MostFresh - 1, Waiting());
        await Instead(In);
        await AreAllThere();

        Assert.Equal([AppendResult.Written], await _store.Append([next], default));
        Note(next, "next");
        Assert.Equal(0, Waiting());
        await AreAllThere();
        Assert.Empty(await _store.Check(default));
    }

    [Fact]
    public async Task A_flush_that_finds_no_room_is_tried_again_on_what_was_there_before_it()
    {
        await Append("acme", "zoo");
        await Append("acme");
        _store.Execute("PRAGMA max_page_count=1");
        TenantBatch[] both = [Batches.Of("acme", _last["acme"], "acme 3"),
            Batches.Of("zoo", _last["zoo"], new string('x', 1 << 20))];

        // The first of the two was added before the second found no room.
        await Assert.ThrowsAsync<StoreFullException>(async () => await _store.Append(both, default));
        await AreAllThere();
        _store.Execute("PRAGMA max_page_count=100000");

        Assert.Equal([AppendResult.Written, AppendResult.Written], await _store.Append(both, default));
        Note(both[0], "acme 3");
        Note(both[1], new string('x', 1 << 20));
        await AreAllThere();
    }

    [Fact]
    public async Task A_move_that_fails_leaves_all_that_waited_and_is_the_last_write()
    {
        await Append("acme", "zoo");
        for (var i = 0; i < SqliteStore.MostFresh - 1; i++) await Append(i % 2 == 0 ? "acme" : "zoo");
        var next = Batches.Of("acme", _last["acme"], "next");
        _store.Execute("ALTER TABLE journal RENAME TO hidden");

        await Assert.ThrowsAsync<StoreException>(async () => await _store.Append([next], default));
        Assert.Contains("earlier write failed", (await Assert.ThrowsAsync<StoreException>(async () =>
            await _store.Append([next], default))).Message, StringComparison.Ordinal);
        await _store.DisposeAsync();

        Assert.Equal(SqliteStore.MostFresh - 1, Waiting());
        StoreDamage.Execute(In, "ALTER TABLE hidden RENAME TO journal");
        await Instead(In);
        await AreAllThere();
        Assert.Equal([AppendResult.Written], await _store.Append([next], default));
        Note(next, "next");
        await AreAllThere();
    }

    [Fact]
    public async Task A_database_of_before_they_waited_is_read_as_it_is_and_gets_the_table_when_it_is_opened()
    {
        await Append("acme", "zoo");
        await AppendOne("acme", "two", Now);
        await _store.DisposeAsync();
        StoreDamage.MakeOlder(In);

        for (var times = 0; times < 2; times++)
            await using (var reader = SqliteStore.OpenReadOnly(In))
            {
                await AreAllThere(reader);
                Assert.Empty(await reader.Check(default));
                Assert.Equal([new DueTenant("acme", Now)], await reader.Due(Now, 10, default));
                Assert.Equal(2, (await reader.Unpublished(null, 10, default)).Tenants.Count);
                Assert.Equal(4, StoreDamage.Number(In, "PRAGMA user_version"));
            }
        await Instead(In);
        Assert.Equal(5, StoreDamage.Number(In, "PRAGMA user_version"));
        await Append("acme", "zoo");
        Assert.Equal(2, Waiting());
        Assert.Empty(await _store.Check(default));
        await AreAllThere();
    }

    [Theory]
    [InlineData("tenant=tenant+1")]
    [InlineData("tenant=tenant+64")]
    [InlineData("first=first-1")]
    [InlineData("hash=previous")]
    [InlineData("due=1")]
    public async Task A_row_that_waits_and_is_not_what_was_written_is_named_and_no_tenant_is_read_without_it(
        string change)
    {
        await Append("acme", "zoo");
        await Append("acme");
        StoreDamage.Kill(In, Killed);
        StoreDamage.Execute(Killed, $"UPDATE fresh SET {change}");
        const string finding = "fresh: the row '1' is not what was written";

        Assert.Contains(finding, Assert.Throws<StoreException>(() => SqliteStore.Open(Killed)).Message,
            StringComparison.Ordinal);
        await using var reader = SqliteStore.OpenReadOnly(Killed);
        Assert.Contains(await reader.Check(default), one => one.Contains(finding, StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<StoreException>(async () => await reader.Load("acme", default));
        Assert.Contains(finding, refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(async () => await reader.Read("acme", 0, 10, default));
    }

    [Fact]
    public async Task A_store_that_was_killed_with_blocks_waiting_is_exported_whole()
    {
        await TransferSource.Fill(_store, busy: 20);
        Assert.NotEqual(0, Waiting());
        StoreDamage.Kill(In, Killed);
        await using var reader = SqliteStore.OpenReadOnly(Killed);
        using var file = await TransferBehaviour.Exported(reader);
        await using var store = new MemoryStore();
        await Import.Read(() => TransferBehaviour.Again(file), store, TransferBehaviour.At(), default);

        foreach (var tenant in await _store.List(null, 100, default))
            Assert.Equal((await _store.Load(tenant, default))!.Hash, (await store.Load(tenant, default))!.Hash);
    }

    /// <summary>Rows of the table, whoever has it open.</summary>
    private long Waiting(string? directory = null) =>
        StoreDamage.Number(directory ?? In, "SELECT COUNT(*) FROM fresh");

    private async Task Instead(string directory)
    {
        await _store.DisposeAsync();
        _store = SqliteStore.Open(directory);
    }

    /// <summary>One flush with a small block of each.</summary>
    private async Task Append(params string[] tenants)
    {
        var batches = new List<TenantBatch>();
        foreach (var tenant in tenants)
        {
            var text = $"{tenant} {_texts.GetValueOrDefault(tenant)?.Count + 1 ?? 1}";
            batches.Add(Batches.Of(tenant, _last.GetValueOrDefault(tenant), text));
            Note(batches[^1], text);
        }
        Assert.All(await _store.Append(batches, default), result => Assert.Equal(AppendResult.Written, result));
    }

    private async Task AppendOne(string tenant, string text, Instant? due)
    {
        var batch = Batches.Of(tenant, _last.GetValueOrDefault(tenant), text) with { Due = due };
        Assert.Equal([AppendResult.Written], await _store.Append([batch], default));
        Note(batch, text);
    }

    private void Note(TenantBatch batch, string text)
    {
        _last[batch.Tenant] = batch;
        if (!_texts.TryGetValue(batch.Tenant, out var texts)) _texts[batch.Tenant] = texts = [];
        texts.Add(text);
    }

    private async Task AreAllThere(SqliteStore? store = null)
    {
        store ??= _store;
        foreach (var (tenant, texts) in _texts)
        {
            var stored = (await store.Load(tenant, default))!;
            Assert.Equal(texts.Count, stored.Sequence);
            Assert.Equal(_last[tenant].LastHash, stored.Hash);
            if (stored.Snapshot is null) Assert.Equal(texts, stored.Tail.SelectMany(Batches.Texts));
            Assert.Equal(texts, (await store.Read(tenant, 0, int.MaxValue, default)).SelectMany(Batches.Texts));
        }
    }
}
