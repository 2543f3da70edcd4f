using System.Globalization;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>
/// Redis is killed, stands still, is full, or is a replica: what was acknowledged is there, and nothing is there twice.
/// </summary>
public sealed class RedisFailureTests : IAsyncLifetime
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private readonly Lines _log = new();
    private RedisServer _server = null!;
    private ConnectionMultiplexer _redis = null!;

    public async Task InitializeAsync()
    {
        _server = await RedisServer.Run();
        var options = ConfigurationOptions.Parse(_server.ConnectionString + ",allowAdmin=true");
        options.ReconnectRetryPolicy = new LinearRetry(100);
        _redis = await ConnectionMultiplexer.ConnectAsync(options);
    }

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task What_was_acknowledged_outlives_a_kill_and_nothing_is_there_twice_D2()
    {
        var store = Store(Long);
        using var stop = new CancellationTokenSource();
        var progress = new Progress();
        var writers = Enumerable.Range(0, 4).Select(writer => Write(store, $"tenant-{writer}", progress, stop.Token))
            .ToList();
        var documents = Document(store, progress, stop.Token);
        for (var kill = 0; kill < 3; kill++)
        {
            await await Task.WhenAny([progress.More(100), documents, .. writers]);
            _server.Kill();
            await _server.Start();
        }
        await await Task.WhenAny([progress.More(100), documents, .. writers]);
        await stop.CancelAsync();
        var written = await Task.WhenAll(writers);
        Assert.Equal(Enumerable.Range(1, await documents),
            (await store.Documents("plan", default)).Select(one => one.Version));

        for (var writer = 0; writer < writers.Count; writer++)
        {
            var stored = (await store.Load($"tenant-{writer}", default))!;
            Assert.Equal(written[writer], RedisStoreTests.Whole(stored));
        }
        Assert.Equal(written.Sum(texts => texts.Count), (await store.Outbox(0, int.MaxValue, default)).Count);
    }

    /// <summary>Writes entry upon entry until it is stopped; returns all that were acknowledged.</summary>
    internal static async Task<List<string>> Write(IStore store, string tenant, Progress progress,
        CancellationToken stop)
    {
        var texts = new List<string>();
        TenantBatch? last = null;
        while (!stop.IsCancellationRequested)
        {
            var batch = Batches.Of(tenant, last, $"{texts.Count}")
                with { Outbox = [new Alert(texts.Count, "t", default, [1], [2])] };
            // Nobody else writes the tenant, and there is time enough: it is written, whatever happens in between.
            Assert.Equal([AppendResult.Written], await store.Append([batch], default));
            texts.Add($"{texts.Count}");
            last = batch;
            progress.One();
        }
        return texts;
    }

    /// <summary>Writes version upon version until it is stopped; returns the last.</summary>
    private static async Task<int> Document(RedisStore store, Progress progress, CancellationToken stop)
    {
        var version = 0;
        while (!stop.IsCancellationRequested)
        {
            // Nobody else writes it: also when it is sent again it is this one's.
            Assert.True(await store.Put(new Document("plan", "basic", ++version, default, "admin", [1]), default));
            progress.One();
        }
        return version;
    }

    [Fact]
    public async Task While_Redis_stands_still_an_append_is_unknown_and_what_comes_late_is_written_once()
    {
        var (patient, hasty) = (Store(Long), Store(Short));
        var first = Batches.Of("acme", null, "one");
        var second = Batches.Of("acme", first, "two");
        await patient.Append([first], default);
        _server.Pause();

        Assert.Equal([AppendResult.Unknown, AppendResult.Unknown],
            await hasty.Append([second, Batches.Of("zoo", null, "one")], default));
        Assert.Equal([AppendResult.Unknown], await hasty.Append([second], default));
        await Assert.ThrowsAsync<StoreException>(async () => await hasty.Load("acme", default));
        await Assert.ThrowsAsync<StoreException>(async () =>
            await hasty.Put(new Document("plan", "a", 1, default, "admin", []), default));
        Assert.Equal(2, _log.Of(LogLevel.Error));
        _server.Resume();

        // Whatever of it was under way came before this.
        Assert.Equal([AppendResult.Written], await patient.Append([second], default));
        Assert.Equal(["one", "two"], RedisStoreTests.Whole((await patient.Load("acme", default))!));
    }

    [Fact]
    public async Task A_batch_that_comes_late_finds_that_others_have_written_instead()
    {
        var (patient, hasty) = (Store(Long), Store(Short));
        var first = Batches.Of("acme", null, "one");
        await patient.Append([first], default);
        await using var other = await ConnectionMultiplexer.ConnectAsync(_server.ConnectionString);
        _server.Pause();
        var late = Batches.Of("acme", first, "late");
        Assert.Equal([AppendResult.Unknown], await hasty.Append([late], default));
        _server.Resume();

        // Which of them comes first is Redis's to say; only one of them is there.
        var result = (await Store(Long, other).Append([Batches.Of("acme", first, "other")], default))[0];

        var won = (await patient.Append([late], default))[0];
        Assert.Equal([AppendResult.Written, AppendResult.LostFence], new[] { result, won }.Order());
        Assert.Equal(["one", won == AppendResult.Written ? "late" : "other"],
            RedisStoreTests.Whole((await patient.Load("acme", default))!));
    }

    [Fact]
    public async Task A_replica_never_answers_for_the_fence()
    {
        var first = Batches.Of("acme", null, "one");
        await Store(Long).Append([first], default);
        var ahead = Batches.Of("acme", Batches.Of("acme", first, "two"), "three");
        await _redis.GetServers()[0].ExecuteAsync("REPLICAOF", "127.0.0.1", "1");

        // It would lose the fence here, if a replica said what it has.
        var append = Store(Long).Append([ahead], default).AsTask();
        while (await Refusals() < 3) Assert.False(append.IsCompleted);
        Assert.False(append.IsCompleted);

        await _redis.GetServers()[0].ExecuteAsync("REPLICAOF", "NO", "ONE");
        Assert.Equal([AppendResult.LostFence], await append);
        Assert.Equal([AppendResult.Written], await Store(Long).Append([Batches.Of("acme", first, "two")], default));

        async Task<int> Refusals() => (await _redis.GetServers()[0].InfoAsync("errorstats")).SelectMany(all => all)
            .Where(one => one.Key == "errorstat_READONLY")
            .Select(one => int.Parse(one.Value.Split('=')[1], CultureInfo.InvariantCulture)).SingleOrDefault();
    }

    [Fact]
    public async Task What_was_refused_each_time_that_it_was_sent_is_refused()
    {
        // In the words of a replica. A last sending that had no answer in time would be one of which nobody knows.
        var store = Closing(int.MaxValue,
            new RedisServerException("READONLY You can't write against a read only replica."), Short);
        Assert.Equal([AppendResult.Refused], await store.Append([Batches.Of("acme", null, "one")], default));
        Assert.Equal(1, _log.Of(LogLevel.Error));
    }

    [Fact]
    public async Task A_full_Redis_writes_nothing_and_nothing_is_thrown()
    {
        var store = Store(Long);
        var first = Batches.Of("acme", null, "one");
        await store.Append([first], default);
        await _redis.GetServers()[0].ConfigSetAsync("maxmemory", "1");

        Assert.Equal([AppendResult.Full], await store.Append([Batches.Of("acme", first, "two")], default));
        Assert.Equal(["one"], RedisStoreTests.Whole((await store.Load("acme", default))!)); // it can be read
        await Assert.ThrowsAsync<StoreFullException>(async () =>
            await store.Put(new Document("plan", "a", 1, default, "admin", [1]), default));

        await _redis.GetServers()[0].ConfigSetAsync("maxmemory", "0");
        Assert.Equal([AppendResult.Written], await store.Append([Batches.Of("acme", first, "two")], default));
        Assert.Equal(0, _log.Of(LogLevel.Error)); // whoever flushes says it, once
    }

    [Fact]
    public async Task What_had_no_answer_once_stays_unknown_though_Redis_refuses_it_later()
    {
        var first = Batches.Of("acme", null, "one");
        await Store(Long).Append([first], default);
        await _redis.GetServers()[0].ConfigSetAsync("maxmemory", "1");
        var late = ClosingConnection.Over(_redis, 1, new RedisConnectionException(ConnectionFailureType.SocketClosed,
            "closed"));

        // The first sending may be under way still: that the second is refused says nothing of it.
        Assert.Equal([AppendResult.Unknown], await Store(Long, late).Append([Batches.Of("acme", first, "two")],
            default));
    }

    [Fact]
    public async Task A_Redis_that_forgot_the_scripts_is_told_them_again()
    {
        var first = Batches.Of("acme", null, "one");
        await Store(Long).Append([first], default);
        await _redis.GetServers()[0].ExecuteAsync("SCRIPT", "FLUSH");

        Assert.Equal([AppendResult.Written], await Store(Long).Append([Batches.Of("acme", first, "two")], default));
    }

    public static TheoryData<Exception> Closing() =>
    [
        new TaskCanceledException(), new IOException("reset"), new System.Net.Sockets.SocketException(104),
        new InvalidOperationException("Reading is not allowed after reader was completed."),
        new RedisConnectionException(ConnectionFailureType.SocketClosed, "closed"),
    ];

    [Theory]
    [MemberData(nameof(Closing))]
    public async Task What_a_closing_connection_does_not_send_is_asked_again(Exception failure)
    {
        var first = Batches.Of("acme", null, "one");
        Assert.Equal([AppendResult.Written], await Closing(2, failure).Append([first], default));
        Assert.Equal(["one"], RedisStoreTests.Whole((await Closing(2, failure).Load("acme", default))!));
        Assert.True(await Closing(2, failure).Put(new Document("plan", "a", 1, default, "admin", [1]), default));
        Assert.Single(await Closing(2, failure).Documents("plan", default));
    }

    [Theory]
    [MemberData(nameof(Closing))]
    public async Task If_it_goes_on_failing_nobody_knows_what_was_done(Exception failure)
    {
        var store = Closing(int.MaxValue, failure, Short);
        Assert.Equal([AppendResult.Unknown], await store.Append([Batches.Of("acme", null, "one")], default));
        await Assert.ThrowsAsync<StoreException>(async () => await store.Load("acme", default));
    }

    [Fact]
    public async Task Who_cancels_a_question_is_not_told_that_Redis_failed()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await Store(Long).Load("acme", cancelled.Token));
    }

    private RedisStore Closing(int commands, Exception failure, TimeSpan? patience = null) =>
        Store(patience ?? Long, ClosingConnection.Over(_redis, commands, failure));

    [Fact]
    public async Task An_append_may_be_cancelled_only_before_it_is_sent()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await Store(Long)
            .Append([Batches.Of("acme", null, "one")], cancelled.Token));
        Assert.Null(await Store(Long).Load("acme", default));
    }

    private RedisStore Store(TimeSpan patience, IConnectionMultiplexer? redis = null) => new(redis ?? _redis, "m",
        _log) { Patience = patience };

    /// <summary>Counts what was acknowledged.</summary>
    internal sealed class Progress
    {
        private readonly Lock _gate = new();
        private int _done;
        private int _awaited;
        private TaskCompletionSource _reached = new();

        public void One()
        {
            lock (_gate)
                if (++_done == _awaited) _reached.TrySetResult();
        }

        public Task More(int count)
        {
            lock (_gate)
            {
                _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _awaited = _done + count;
                return _reached.Task;
            }
        }
    }

    internal sealed class Lines : ILogger<RedisStore>
    {
        private readonly List<LogLevel> _levels = [];

        public int Of(LogLevel level)
        {
            lock (_levels) return _levels.Count(one => one == level);
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (_levels) _levels.Add(logLevel);
        }
    }
}
