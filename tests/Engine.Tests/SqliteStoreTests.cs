using MeteringGateway.Core;
using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>What only this store does; the rest is in <see cref="StoreBehaviour"/>.</summary>
public sealed partial class SqliteStoreTests : IAsyncLifetime
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

    [Theory]
    [InlineData("one", "other")]
    [InlineData("one", "due")]
    [InlineData("due", "one")]
    [InlineData("tenants", "plans")]
    [InlineData("tenants", "attention")]
    [InlineData("plans", "keys")]
    [InlineData("attention", "attention of acme")]
    [InlineData("attention", "tenants")]
    [InlineData("deliveries to acme", "of tenant acme")]
    public async Task N4_reads_that_are_of_no_tenant_take_turns_by_kind_and_caller(string busy, string quiet)
    {
        var gates = new List<ManualResetEventSlim>();
        await Hold("/first", urgent: false); // first: the other thread would not take it
        await Hold("/second", urgent: true);
        var many = Enumerable.Range(0, 100).Select(i => Some(busy, i)).ToList();
        var waits = Some(quiet, 0);
        // Its turn is behind both, and it keeps the thread.
        var last = Hold("/last", urgent: busy is "one" or "due");
        try
        {
            gates[0].Set();
            await waits.WaitAsync(TimeSpan.FromSeconds(20));
            await last;
            Assert.Contains(many, one => !one.IsCompleted);
        }
        finally
        {
            gates.ForEach(gate => gate.Set());
        }
        await Task.WhenAll(many);

        Task Some(string what, int number) => what switch
        {
            "one" or "other" => _store.Idempotent(null, $"{what}:{number}", default).AsTask(),
            "deliveries to acme" => _store.Deliveries("acme", null, null, 10, default).AsTask(),
            "of tenant acme" => _store.Details("acme", [1], default).AsTask(),
            "due" => _store.Due(Now, 10, default).AsTask(),
            "tenants" => _store.List(null, 10, default).AsTask(),
            "attention" => _store.Attention(null, null, 10, default).AsTask(),
            "attention of acme" => _store.Attention(["acme"], null, 10, default).AsTask(),
            _ => _store.NewestDocuments(what, default).AsTask(),
        };

        async Task Hold(string whose, bool urgent)
        {
            var gate = new ManualResetEventSlim();
            var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            gates.Add(gate);
            _ = _store.Read(whose, _ => { held.SetResult(); gate.Wait(); return true; }, default, urgent).AsTask();
            await held.Task;
        }
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
        await Append(Batches.Of("acme", null, "one"));
        await using var reader = SqliteStore.OpenReadOnly(_directory);

        Assert.Equal(["one"], (await reader.Read("acme", 0, 10, default)).SelectMany(Batches.Texts));
        await Assert.ThrowsAsync<StoreException>(async () => await reader.Expire(Now, default));
        Assert.Throws<StoreException>(() => SqliteStore.OpenReadOnly(Path.Combine(_directory, "elsewhere")));
    }

    [Fact]
    public async Task Who_has_people_erased_that_nobody_knows_holds_up_no_flush_N4()
    {
        await Append(Batches.Of("acme", null, "one", "two") with
        {
            Details = [new DetailRow(1, "jane-doe-4711", [1], [2]), new DetailRow(2, "other", [1], [2])],
        });
        Assert.Equal(0, await Erase("acme", "nobody")); // of what was written before this was opened
        Assert.Equal(0, LengthOfLog());
        await Append(Batches.Of("beta", null, "one"));
        var length = LengthOfLog();
        Assert.True(length > 0);

        for (var i = 0; i < 10; i++) Assert.Equal(0, await Erase(i % 2 == 0 ? "acme" : "none", $"u-{i}"));
        Assert.Equal(length, LengthOfLog()); // neither written nor emptied

        Assert.Equal(1, await Erase("acme", "jane-doe-4711"));
        Assert.Equal(0, LengthOfLog());
        await Append(Batches.Of("gamma", null, "one"));
        Assert.Equal(0, await Erase("acme", "jane-doe-4711")); // and is not there any more
        Assert.Equal(length, LengthOfLog());

        async Task<int> Erase(string tenant, string person)
        {
            var sequences = await _store.DetailsOf(tenant, person, default);
            await _store.Erase(tenant, sequences, default);
            return sequences.Count;
        }

        long LengthOfLog() => new FileInfo(Path.Combine(_directory, "metering.db-wal")).Length;
    }

    [Fact]
    public async Task What_was_erased_is_in_no_file_once_the_store_was_closed_D2()
    {
        var personal = System.Text.Encoding.UTF8.GetBytes("""{"end_customer":"jane-doe-4711"}""");
        await Append(Batches.Of("acme", null, "one", "two") with
        {
            Details = [new DetailRow(1, "jane-doe-4711", [1], personal), new DetailRow(2, "other", [1], [2])],
        });
        await Reopen();
        Assert.True(IsInAFile());

        await _store.Erase("acme", await _store.DetailsOf("acme", "jane-doe-4711", default), default);
        await Reopen();

        Assert.False(IsInAFile());

        bool IsInAFile() => Directory.GetFiles(_directory, "metering.db*").Any(path =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes.AsSpan().IndexOf("jane-doe-4711"u8) >= 0;
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Deliveries_of_a_webhook_end_in_pieces_with_others_writes_between_N4(bool deleted)
    {
        await Append(Batches.Of("acme", null, "one"));
        await _store.Dispatch([], [.. Enumerable.Range(1, 2_500).Select(i =>
            new Delivery(0, "hook", $"e{i}", "acme", i, "t", [1], Now) { GiveUpAt = Now, Attempts = [1] })], default);
        var gone = new Document("webhook", "hook", 1, Now, "key", [1]);
        var (pieces, before) = (new Pieces(), SynchronizationContext.Current);
        SynchronizationContext.SetSynchronizationContext(pieces);
        var ends = deleted ? _store.PutWebhook(gone, null, default).AsTask() : _store.GiveUp("hook", Now, default)
            .AsTask();
        SynchronizationContext.SetSynchronizationContext(before);

        for (var left = 1_500; left > 0; left -= 1_000)
        {
            Assert.False(ends.IsCompleted);
            Assert.Equal(left, (await _store.Deliveries("hook", DeliveryStatus.Pending, null, 2_500, default)).Count);
            await _store.Expire(Now, default); // somebody else's write
            pieces.RunOne();
        }

        await ends;
        Assert.Empty(await _store.Deliveries("hook", DeliveryStatus.Pending, null, 1, default));
    }

    /// <summary>Goes on when it is told to.</summary>
    private sealed class Pieces : SynchronizationContext
    {
        private readonly Queue<Action> _next = new();

        public override void Post(SendOrPostCallback d, object? state) => _next.Enqueue(() => d(state));

        public void RunOne()
        {
            var before = Current;
            SetSynchronizationContext(this);
            _next.Dequeue()();
            SetSynchronizationContext(before);
        }
    }

    [Fact]
    public async Task While_somebody_reads_the_log_it_is_said_that_what_was_erased_is_in_it_until_it_is_not_D2()
    {
        await _store.DisposeAsync();
        var time = FakeTime.At("2026-11-21T09:30:00Z");
        _store = SqliteStore.Open(_directory, time);
        var said = new List<string>();
        _store.Warn = said.Add;
        await Append(Batches.Of("acme", null, "one") with
        {
            Details = [new DetailRow(1, "jane-doe-4711", [1], [.. "jane-doe-4711"u8])],
        });
        using (var reader = new Connection(Path.Combine(_directory, "metering.db"), write: false))
        {
            reader.Execute("BEGIN; SELECT COUNT(*) FROM details;");
            var erasing = _store.Erase("acme", [1], default).AsTask();
            await Pass(() => erasing.IsCompleted);
            await erasing;
            Assert.Contains("is still in the log", Assert.Single(said), StringComparison.Ordinal);
            Assert.True(IsInLog());
            reader.Execute("COMMIT");
        }
        await Pass(() => said.Count == 2);
        Assert.Contains("not in the log", said[1], StringComparison.Ordinal);
        Assert.False(IsInLog());

        async Task Pass(Func<bool> until)
        {
            while (!until())
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                await Task.Yield();
            }
        }

        bool IsInLog()
        {
            using var file = new FileStream(Path.Combine(_directory, "metering.db-wal"), FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes.AsSpan().IndexOf("jane-doe-4711"u8) >= 0;
        }
    }

    [Fact]
    public async Task A_newer_schema_is_refused_and_left_as_it_is()
    {
        _store.Execute("PRAGMA user_version=99");
        await _store.DisposeAsync();

        var error = Assert.Throws<StoreException>(() => SqliteStore.Open(_directory));

        Assert.Contains("schema version 99", error.Message, StringComparison.Ordinal);
        using (var connection = new Connection(Path.Combine(_directory, "metering.db"),
            write: true)) connection.Execute($"PRAGMA user_version={Schema.Version}");
        _store = SqliteStore.Open(_directory);
    }

    [Fact]
    public async Task A_write_without_room_leaves_nothing_and_may_be_tried_again()
    {
        var first = Batches.Of("acme", null, "one");
        await Append(first);
        _store.Execute("PRAGMA max_page_count=1"); // held to the present size
        var large = Batches.Of("acme", first, new string('x', 1 << 20));

        await Assert.ThrowsAsync<StoreFullException>(() => Append(large));
        Assert.Equal(["one"], (await _store.Load("acme", default))!.Tail.SelectMany(Batches.Texts));
        _store.Execute("PRAGMA max_page_count=100000");

        Assert.Equal([AppendResult.Written], await Append(large));
    }

    [Fact]
    public async Task A_failed_write_leaves_nothing_and_is_the_last()
    {
        var first = Batches.Of("acme", null, "one");
        await Append(first);
        var second = Batches.Of("acme", first, "two");
        _store.Execute("ALTER TABLE fresh RENAME TO hidden");

        await Assert.ThrowsAsync<StoreException>(() => Append(second));
        var error = await Assert.ThrowsAsync<StoreException>(() => Append(Batches.Of("zoo", null, "small")));

        Assert.Contains("earlier write failed", error.Message, StringComparison.Ordinal);
        await _store.DisposeAsync();
        using (var connection = new Connection(Path.Combine(_directory, "metering.db"), write: true))
            connection.Execute("ALTER TABLE hidden RENAME TO fresh");
        _store = SqliteStore.Open(_directory);
        Assert.Equal(["one"], (await _store.Load("acme", default))!.Tail.SelectMany(Batches.Texts));
        Assert.Equal([AppendResult.Written], await Append(second));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task N4_a_long_archive_is_looked_through_in_steps_that_miss_and_repeat_nothing(int more)
    {
        var many = 2 * SqliteStore.ArchivedAtOnce + more;
        await Append(Batches.Of("acme", null, "one") with
        {
            Archived = [.. Enumerable.Range(1, many).Select(i => Archived(i, i % 1_000 == 0 ? "rare" : "often"))],
        });
        string[] rare = [.. Enumerable.Range(1, many / 1_000).Select(i => $"{1_000 * i}")];

        Assert.Empty(await Ids(new OutcomeFilter(Session: "none"), null, null, 10));
        Assert.Equal(rare.Reverse(), await Ids(new OutcomeFilter(Session: "rare"), null, null, 100));
        Assert.Equal(rare, await Ids(new OutcomeFilter(Session: "rare", ChangedAfter: 0), null, null, 100));
        Assert.Equal(rare.Reverse().Take(5), await Ids(new OutcomeFilter(Session: "rare"), null, null, 5));
        Assert.Equal(rare.Skip(1).Take(5),
            await Ids(new OutcomeFilter(Session: "rare", ChangedAfter: 999), 1_000, 6_001, 100));
        Assert.Equal(many - rare.Length, (await Ids(new OutcomeFilter(Session: "often"), null, null, many)).Count());
        Assert.Equal(many, (await Ids(new OutcomeFilter(), null, null, many)).Distinct().Count());

        async Task<IEnumerable<string>> Ids(OutcomeFilter filter, long? cursor, long? end, int limit) =>
            (await _store.ArchivedPage("acme", filter, cursor, end, limit, default))
            .Select(System.Text.Encoding.UTF8.GetString);
    }

    [Fact]
    public async Task A_list_whose_caller_has_gone_is_not_looked_for()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await _store.ArchivedPage("acme", new OutcomeFilter(), null, null, 10, gone.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.List(null, 10, gone.Token));
    }

    private static ArchivedRow Archived(int number, string session) => new(
        new OutcomeFigure(
            $"{number}", Now, new DateOnly(2026, 11, 1), "type", Dimensions.None, session, 1, default, [], false, null,
            WindowStatus.None, null, OutcomeStatus.Billable, Reason.Immediate, [], default, default, null, number,
            number, false),
        System.Text.Encoding.UTF8.GetBytes($"{number}"));

    [Fact]
    public void The_library_has_the_mend_of_the_reset_of_the_log()
    {
        // A checkpoint beside the writer could lose pages in versions before it: https://sqlite.org/changes.html
        Assert.True(Connection.LibraryVersion >= new Version(3, 51, 3), $"SQLite is {Connection.LibraryVersion}");
    }

    [Fact]
    public async Task Files_are_their_owners_alone_whatever_there_was_before()
    {
        if (OperatingSystem.IsWindows()) return;
        await Append(Batches.Of("acme", null, "one"));
        await _store.DisposeAsync();
        foreach (var file in Directory.GetFiles(_directory)) File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);
        File.SetUnixFileMode(_directory, (UnixFileMode)0b111_101_101);

        _store = SqliteStore.Open(_directory);
        await Append(Batches.Of("zoo", null, "one"));

        Assert.True(_store.IsOpenToOthers);
        Assert.Contains(Directory.GetFiles(_directory), file => file.EndsWith("-wal", StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(_directory))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    private async Task<IReadOnlyList<AppendResult>> Append(params TenantBatch[] batches) =>
        await _store.Append(batches, default);
}
