using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>SQLite's write-ahead log is as long as it may be, whoever reads from it (N4).</summary>
public sealed class LogSizeTests : IAsyncLifetime
{
    private const long LongLog = 2_048; // pages: 8 MiB
    private const int Piece = 1 << 20;

    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private readonly List<string> _told = [];
    private SqliteStore _store = null!;
    private TenantBatch? _last;
    private long _most;

    public Task InitializeAsync()
    {
        _store = SqliteStore.Open(_directory);
        (_store.LongLog, _store.Warn) = (LongLog, _told.Add);
        _store.Execute($"PRAGMA journal_size_limit={LongLog * 4_096}");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_log_begins_anew_though_at_every_moment_somebody_reads_N4()
    {
        _store.WaitsForReaders = TimeSpan.FromMinutes(1); // on a machine that others share, none of them may be quick
        var ends = false;
        // Each ends its read when the other one's has begun: one of both always reads.
        var (turns, began) = (new int[2], new TaskCompletionSource());
        var readers = Enumerable.Range(0, 2).Select(me => Task.Factory.StartNew(() =>
        {
            using var reader = new Connection(Path.Combine(_directory, "metering.db"), write: false);
            while (!Volatile.Read(ref ends))
                reader.Transaction("BEGIN", db =>
                {
                    db.Number("SELECT COUNT(*) FROM tenants");
                    var seen = Volatile.Read(ref turns[1 - me]);
                    Interlocked.Increment(ref turns[me]);
                    if (turns.All(some => some > 0)) began.TrySetResult();
                    SpinWait.SpinUntil(() => Volatile.Read(ref turns[1 - me]) > seen || Volatile.Read(ref ends));
                    return true;
                });
        }, TaskCreationOptions.LongRunning)).ToList();
        await began.Task;

        // Written again from its beginning, it is cut to the length that it may have. Until then it has grown by a long
        // log while one was copied beside, and by what was written before it was seen.
        for (var pieces = 0; pieces < 100 && LengthOfLog() >= _most; pieces++) await Write(1);

        Volatile.Write(ref ends, true);
        await Task.WhenAll(readers);
        Assert.InRange(_most, LongLog * 4_096, 3 * LongLog * 4_096);
        Assert.True(LengthOfLog() < _most, $"{LengthOfLog()} of {_most}");
    }

    [Fact]
    public async Task Who_reads_for_long_is_told_of_at_each_doubling_and_the_log_is_short_afterwards_N4()
    {
        var (reads, ended) = (new TaskCompletionSource(), new ManualResetEventSlim());
        var reader = _store.Read("export", db => db.Transaction("BEGIN", _ =>
        {
            db.Number("SELECT COUNT(*) FROM tenants");
            reads.SetResult();
            ended.Wait();
            return true;
        }), default, urgent: true).AsTask();
        await reads.Task;

        await Write(50);
        Assert.InRange(_told.Count(line => line.Contains("has grown to", StringComparison.Ordinal)), 1, 4);
        Assert.True(_most > 50 * Piece);
        ended.Set();
        await reader;

        await Write(8);
        Assert.EndsWith("begins anew.", _told[^1], StringComparison.Ordinal);
        Assert.True(LengthOfLog() <= LongLog * 4_096 + 6 * Piece, $"{LengthOfLog()}");
        Assert.Equal(AppendResult.Written, (await _store.Append([Batches.Of("zoo", null, "one")], default)).Single());
    }

    /// <summary>So many MiB, each as a flush of its own.</summary>
    private async Task Write(int pieces)
    {
        for (var i = 0; i < pieces; i++)
        {
            _last = Batches.Of("acme", _last, new string((char)('a' + i % 26), Piece));
            await _store.Append([_last], default);
            _most = Math.Max(_most, LengthOfLog());
        }
    }

    private long LengthOfLog() => new FileInfo(Path.Combine(_directory, "metering.db-wal")).Length;
}
