using System.Diagnostics.Metrics;
using System.Globalization;
using MeteringGateway.Api.Operations;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>A replica takes over from one Redis, by hand and by Sentinel, with what it has and no more.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private readonly RedisFailureTests.Lines _log = new();
    private RedisServer _master = null!;
    private RedisServer _replica = null!;
    private ConnectionMultiplexer? _redis;

    public async Task InitializeAsync()
    {
        _master = await RedisServer.Run("--repl-diskless-sync-delay", "0");
        _replica = await RedisServer.Run("--repl-diskless-sync-delay", "0", "--replicaof",
            $"127.0.0.1 {_master.Port.ToString(CultureInfo.InvariantCulture)}");
        await Until(async () => (await RedisCluster.Ask(_replica.Port, "INFO", "replication"))
            .Contains("master_link_status:up", StringComparison.Ordinal));
    }

    public async Task DisposeAsync()
    {
        if (_redis is not null) await _redis.DisposeAsync();
        await _replica.DisposeAsync();
        await _master.DisposeAsync();
    }

    [Fact]
    public async Task What_a_replica_did_not_have_is_found_by_the_fence_and_counted()
    {
        var store = await Store($"127.0.0.1:{_master.Port},127.0.0.1:{_replica.Port}");
        var first = Batches.Of("acme", null, "one");
        Assert.Equal([AppendResult.Written, AppendResult.Written],
            await store.Append([first, Batches.Of("zoo", null, "one")], default));
        await Until(async () => (await RedisCluster.Ask(_replica.Port, "HGET", "m:t:acme", "s")) == "1");
        // From now on it receives nothing: its master is where nobody is.
        await RedisCluster.Ask(_replica.Port, "REPLICAOF", "127.0.0.1", "1");
        var second = Batches.Of("acme", first, "two", "three");
        Assert.Equal([AppendResult.Written], await store.Append([second], default));
        var late = Batches.Of("late", null, "one");
        Assert.Equal([AppendResult.Written], await store.Append([late], default));
        // It takes over without what it had not received.
        _master.Kill();
        await RedisCluster.Ask(_replica.Port, "REPLICAOF", "NO", "ONE");

        using var lost = new Lost();
        Assert.Equal([AppendResult.LostFence, AppendResult.LostFence], await store.Append(
            [Batches.Of("acme", second, "four"), Batches.Of("late", late, "two")], default));
        Assert.Equal(3, lost.Entries);
        Assert.Equal(2, _log.Of(LogLevel.Error));

        // It goes on from what is there; and a fence that somebody else has moved is no loss.
        Assert.Equal(["one"], RedisStoreTests.Whole((await store.Load("acme", default))!));
        Assert.Equal([AppendResult.Written], await store.Append([Batches.Of("acme", first, "again")], default));
        Assert.Equal([AppendResult.LostFence], await store.Append([Batches.Of("acme", first, "other")], default));
        Assert.Equal(3, lost.Entries);
        Assert.Empty(await store.Check(default));
    }

    [Fact]
    public async Task What_no_replica_has_received_is_not_acknowledged()
    {
        var store = await Store($"127.0.0.1:{_master.Port},127.0.0.1:{_replica.Port}", replicas: 1);
        var first = Batches.Of("acme", null, "one");
        Assert.Equal([AppendResult.Written], await store.Append([first], default));
        _replica.Pause();

        // It is written, and nobody is told so: for as long as the replica may come back.
        var second = store.Append([Batches.Of("acme", first, "two")], default).AsTask();
        await Until(async () => (await RedisCluster.Ask(_master.Port, "HGET", "m:t:acme", "s")) == "2");
        Assert.False(second.IsCompleted);
        _replica.Resume();

        Assert.Equal([AppendResult.Written], await second);
        Assert.Equal(["one", "two"], RedisStoreTests.Whole((await store.Load("acme", default))!));
        Assert.True(await store.Put(new Document("plan", "p", 1, default, "admin", [1]), default));
    }

    [Fact]
    public async Task Without_a_replica_nothing_is_acknowledged_and_whether_it_is_written_is_not_known()
    {
        var store = await Store($"127.0.0.1:{_master.Port}", replicas: 2, patience: TimeSpan.FromSeconds(1));
        Assert.Equal([AppendResult.Unknown], await store.Append([Batches.Of("acme", null, "one")], default));
        await Assert.ThrowsAsync<StoreException>(async () =>
            await store.Put(new Document("plan", "p", 1, default, "admin", [1]), default));
        Assert.Equal(1, _log.Of(LogLevel.Error));
    }

    [Fact]
    public async Task What_no_replica_has_received_is_not_acknowledged_by_reading_it_either()
    {
        var store = await Store($"127.0.0.1:{_master.Port},127.0.0.1:{_replica.Port}", replicas: 1,
            patience: TimeSpan.FromSeconds(1));
        var row = new IdempotencyRow("key", [1], [2], Instant.MaxValue);
        _replica.Pause();
        var alert = new Alert(1, "outcome.billable", default, [1], [2]);
        Assert.Equal([AppendResult.Unknown],
            await store.Append([Batches.Of("acme", null, "one") with { Outbox = [alert] }], default));
        await Assert.ThrowsAsync<StoreException>(async () => await store.Once(row, default));
        await Assert.ThrowsAsync<StoreException>(async () =>
            await store.Put(new Document("plan", "p", 1, default, "admin", [1]), default));

        // It is there, and whoever goes by it would tell others that it is.
        Assert.Equal("1", await RedisCluster.Ask(_master.Port, "HGET", "m:t:acme", "s"));
        await Assert.ThrowsAsync<StoreException>(async () => await store.Load("acme", default));
        await Assert.ThrowsAsync<StoreException>(async () => await store.Idempotent(null, "key", default));
        await Assert.ThrowsAsync<StoreException>(async () => await store.DocumentsAfter(0, default));
        await Assert.ThrowsAsync<StoreException>(async () => await store.Outbox(0, 10, default));
        Assert.Null(await store.Load("nobody", default));
        _replica.Resume();

        var patient = new RedisStore(_redis!, "m", _log) { Patience = Long, Replication = new Replication(_redis!, 1) };
        Assert.Equal(["one"], RedisStoreTests.Whole((await patient.Load("acme", default))!));
        Assert.NotNull(await patient.Idempotent(null, "key", default));
        Assert.Single((await patient.DocumentsAfter(0, default)).Documents);
        Assert.Single(await patient.Outbox(0, 10, default));
        Assert.Empty(await patient.Check(default));
    }

    [Fact]
    public async Task Two_that_know_nothing_of_each_other_are_no_store()
    {
        var both = $"127.0.0.1:{_master.Port},127.0.0.1:{_replica.Port}";
        var settings = new ClusterSettings { ServiceId = "m" };
        await Store(both);
        await RedisStores.DemandUsable(_redis!, settings); // one, and its replica
        await _redis!.DisposeAsync();
        await RedisCluster.Ask(_replica.Port, "REPLICAOF", "NO", "ONE");

        await Store(both);
        var refused = await Assert.ThrowsAsync<StoreException>(() => RedisStores.DemandUsable(_redis!, settings));
        Assert.Contains("each a Redis of its own", refused.Message);
    }

    [Fact]
    public async Task A_password_that_is_wrong_is_said()
    {
        await RedisCluster.Ask(_master.Port, "CONFIG", "SET", "requirepass", "right");
        var refused = await Assert.ThrowsAsync<StoreException>(() => ClusterEdition.Connect(new ClusterSettings
        {
            Redis = $"127.0.0.1:{_master.Port},password=wrong", Patience = TimeSpan.FromSeconds(1),
        }));
        Assert.Contains("WRONGPASS", refused.Message);
        Assert.DoesNotContain("password=", refused.Message);
    }

    [Fact]
    public async Task Sentinel_promotes_a_replica_and_silos_go_on_with_what_it_has_D2()
    {
        await using var sentinel = await RedisServer.Sentinel(_master.Port);
        await Until(async () => (await RedisCluster.Ask(sentinel.Port, "SENTINEL", "REPLICAS", "metering"))
            .Contains($"127.0.0.1:{_replica.Port.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal));
        var store = await Store($"127.0.0.1:{sentinel.Port},serviceName=metering", replicas: 1);
        using var stop = new CancellationTokenSource();
        var progress = new RedisFailureTests.Progress();
        var writers = Enumerable.Range(0, 3).Select(i => RedisFailureTests.Write(store, $"t{i}", progress, stop.Token))
            .ToList();
        await await Task.WhenAny([progress.More(100), .. writers]);

        _master.Kill();
        await Until(() => RedisCluster.IsMaster(_replica.Port));
        await _master.Start(); // Sentinel makes it a replica
        await await Task.WhenAny([progress.More(100), .. writers]);
        await stop.CancelAsync();
        var written = await Task.WhenAll(writers);

        for (var i = 0; i < writers.Count; i++)
            Assert.Equal(written[i], RedisStoreTests.Whole((await store.Load($"t{i}", default))!));
    }

    [Fact]
    public async Task What_lay_in_a_blocked_network_meets_the_fence_when_it_comes_through()
    {
        await using var passage = new Passage(_master.Port);
        var cut = await Store($"127.0.0.1:{passage.Port}", patience: TimeSpan.FromMilliseconds(300));
        var first = Batches.Of("acme", null, "one");
        await using var direct = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_master.Port}");
        var other = new RedisStore(direct, "m", _log) { Patience = Long };
        Assert.Equal([AppendResult.Written], await other.Append([first], default));
        Assert.NotNull(await cut.Load("acme", default));

        passage.Block();
        var late = Batches.Of("acme", first, "late");
        Assert.Equal([AppendResult.Unknown], await cut.Append([late], default));
        Assert.Equal([AppendResult.Written], await other.Append([Batches.Of("acme", first, "two")], default));
        passage.Open();

        Assert.Equal([AppendResult.LostFence], await new RedisStore(_redis!, "m", _log) { Patience = Long }
            .Append([late], default));
        Assert.Equal(["one", "two"], RedisStoreTests.Whole((await other.Load("acme", default))!));
    }

    private async Task<RedisStore> Store(string where, int replicas = 0, TimeSpan? patience = null)
    {
        var options = ConfigurationOptions.Parse(where + ",abortConnect=false");
        options.ReconnectRetryPolicy = new LinearRetry(100);
        (options.AsyncTimeout, options.ConfigCheckSeconds) = (1000, 1);
        _redis = await ConnectionMultiplexer.ConnectAsync(options);
        return new RedisStore(_redis, "m", _log)
        {
            Patience = patience ?? Long, Replication = replicas > 0 ? new Replication(_redis, replicas) : null,
        };
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!await condition()) await Task.Delay(50, patience.Token);
    }

    /// <summary>What is counted of it from now on.</summary>
    private sealed class Lost : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _entries;

        public Lost()
        {
            _listener.InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == Instruments.EntriesLost) self.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, entries, _, _) => Interlocked.Add(ref _entries, entries));
            _listener.Start();
        }

        public long Entries => Interlocked.Read(ref _entries);

        public void Dispose() => _listener.Dispose();
    }
}
