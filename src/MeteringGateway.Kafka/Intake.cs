using System.Diagnostics;
using Confluent.Kafka;
using MeteringGateway.Api.Operations;
using Microsoft.Extensions.Hosting;

namespace MeteringGateway.Kafka;

/// <summary>
/// Reads events as a member of the group. A thread of its own asks the client and hands messages to the
/// <see cref="Flow"/> of their partition; a partition that has enough is paused. Offsets are committed behind what is
/// durable, so that a crash or a move repeats events, which are recognised (I1), and loses none.
/// </summary>
internal sealed class Intake(
    Clients clients, Decider decider, KafkaSettings settings, KafkaHealth health, Readiness readiness,
    ILogger<Intake> log) : BackgroundService
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Busy = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(5);

    /// <summary>
    /// In memory, of one partition: what a client has fetched of it is dropped when it is paused, and fetched again.
    /// </summary>
    private const int MostBatches = 10;

    /// <summary>What is being decided is waited for so long before a partition is handed on.</summary>
    private static readonly TimeSpan Handover = TimeSpan.FromSeconds(20);

    /// <summary>How long what fills a partition's share is waited for before the partition is paused.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>By partition, of the one topic; by the consumer's thread alone.</summary>
    private readonly Dictionary<int, Flow> _flows = [];
    private volatile Flow[] _all = []; // the same, for whoever looks
    private readonly AutoResetEvent _isDone = new(false); // of some batch
    private int _paused;
    private Task _committing = Task.CompletedTask;
    private long _committed = Stopwatch.GetTimestamp();
    private volatile bool _hasMore; // stored since the last commit

    /// <summary>Messages that are there and not yet stored.</summary>
    public long Lag { get; private set; }
    public int Partitions => _all.Length;
    public int Paused => _all.Count(flow => flow.IsPaused);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.Settled.WaitAsync(stoppingToken);
        if (readiness.Problem is not null) return; // the process ends
        KafkaInstruments.Register(this);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await Task.Factory.StartNew(() => Consume(stoppingToken), CancellationToken.None,
                    TaskCreationOptions.LongRunning, TaskScheduler.Default);
                if (!stoppingToken.IsCancellationRequested) await Task.Delay(AfterTrouble, stoppingToken);
            }
        }
        finally
        {
            KafkaInstruments.Unregister(this);
        }
    }

    /// <summary>As long as nothing fails for good.</summary>
    private void Consume(CancellationToken stop)
    {
        try
        {
            using var consumer = clients.Make(() => clients.Consumer()
                .SetPartitionsAssignedHandler((own, partitions) => Assigned(own, partitions))
                .SetPartitionsRevokedHandler((own, partitions) => Leave(own, partitions, commits: true))
                .SetPartitionsLostHandler((own, partitions) => Leave(own, partitions, commits: false))
                .Build());
            try
            {
                consumer.Subscribe(settings.Events);
                while (!stop.IsCancellationRequested)
                {
                    Take(consumer);
                    Tend(consumer);
                }
            }
            finally
            {
                consumer.Close(); // hands its partitions over, which commits
            }
        }
#pragma warning disable CA1031 // It begins anew; what was not committed comes again.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            health.Consuming = "events cannot be read";
            log.LogError(failure, "Kafka: events cannot be read at present");
        }
        foreach (var flow in _all) flow.DisposeAsync().AsTask().Wait(Handover, CancellationToken.None);
        _flows.Clear();
        Show();
    }

    private void Show() => (_all, _paused) = ([.. _flows.Values], _flows.Values.Count(flow => flow.IsPaused));

    private void Take(IConsumer<byte[]?, byte[]?> consumer)
    {
        try
        {
            if (consumer.Consume(_paused > 0 ? Busy : Idle) is not { } message) return;
            health.Consuming = null;
            if (!_flows.TryGetValue(message.Partition.Value, out var flow)) return; // it was taken away
            flow.Add(message);
            if (!HasEnough(flow) || HasRoomSoon(flow)) return;
            consumer.Pause([flow.Partition]);
            flow.IsPaused = true;
            Show();
        }
        catch (ConsumeException failure) when (!failure.Error.IsFatal)
        {
            health.Consuming = failure.Error.Reason;
            log.LogWarning("Kafka: {Why}", failure.Error.Reason);
        }
    }

    /// <summary>So many batches wait, or it has its share of what may be held.</summary>
    private bool HasEnough(Flow flow) => flow.Held >= MostBatches * settings.BatchEvents || flow.Bytes >= Share;

    /// <summary>
    /// Nothing is asked for meanwhile, and nothing that was fetched is dropped; the other partitions have what they hold.
    /// Only one that is held up is paused.
    /// </summary>
    private bool HasRoomSoon(Flow flow)
    {
        var began = Stopwatch.GetTimestamp();
        while (HasEnough(flow))
        {
            var left = Patience - Stopwatch.GetElapsedTime(began);
            if (left <= TimeSpan.Zero) return false;
            _isDone.WaitOne(left);
        }
        return true;
    }

    private long Share => settings.InFlightBytes / Math.Max(1, _flows.Count);

    private void Tend(IConsumer<byte[]?, byte[]?> consumer)
    {
        if (_paused > 0) Resume(consumer);
        if (Stopwatch.GetElapsedTime(_committed) < settings.CommitEvery || !_committing.IsCompleted) return;
        _committed = Stopwatch.GetTimestamp();
        Lag = _all.Sum(flow => flow.Next < 0 ? 0
            : Math.Max(0, consumer.GetWatermarkOffsets(flow.Partition).High.Value - flow.Next));
        // Beside this thread: a broker that does not answer holds up nobody's events.
        if (_hasMore) _committing = Task.Run(() => Commit(consumer));
    }

    private void Resume(IConsumer<byte[]?, byte[]?> consumer)
    {
        foreach (var flow in _all)
            if (flow.IsPaused && flow.Held <= settings.BatchEvents && flow.Bytes <= Share / 2)
            {
                consumer.Resume([flow.Partition]);
                flow.IsPaused = false;
            }
        Show();
    }

    private void Commit(IConsumer<byte[]?, byte[]?> consumer)
    {
        _hasMore = false;
        try
        {
            consumer.Commit();
        }
        catch (KafkaException failure) when (failure.Error.Code == ErrorCode.Local_NoOffset)
        {
            // Nothing of what it still has is new.
        }
        catch (KafkaException failure)
        {
            _hasMore = true;
            log.LogWarning("Kafka: what was stored could not be committed: {Why}", failure.Error.Reason);
        }
    }

    private void Assigned(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartition> partitions)
    {
        health.Consuming = null;
        foreach (var partition in partitions)
        {
            var flow = new Flow(partition, decider, settings.BatchEvents, offset => Done(consumer, offset), log);
            _flows[partition.Partition.Value] = flow;
            flow.Begin();
        }
        Show();
        log.LogInformation("Kafka: {Count} partitions more to read", partitions.Count);
    }

    private void Done(IConsumer<byte[]?, byte[]?> consumer, TopicPartitionOffset offset)
    {
        _isDone.Set();
        try
        {
            consumer.StoreOffset(offset);
            _hasMore = true;
        }
        catch (Exception failure) when (failure is KafkaException or ObjectDisposedException)
        {
            // It is another's by now, which gets these again.
            log.LogInformation("Kafka: {Partition} was handed on meanwhile ({Why})", offset.TopicPartition,
                failure.Message);
        }
    }

    /// <summary>Partitions go to another member: what is being decided of them ends first, and is committed.</summary>
    private void Leave(IConsumer<byte[]?, byte[]?> consumer, List<TopicPartitionOffset> partitions, bool commits)
    {
        var leaving = new List<Task>();
        foreach (var partition in partitions)
            if (_flows.Remove(partition.Partition.Value, out var flow)) leaving.Add(flow.DisposeAsync().AsTask());
        Show();
        if (!Task.WaitAll([.. leaving, _committing], Handover))
            log.LogWarning("Kafka: a partition was handed on while events of it were being decided");
        if (commits) Commit(consumer);
        log.LogInformation("Kafka: {Count} partitions were handed on", partitions.Count);
    }
}
