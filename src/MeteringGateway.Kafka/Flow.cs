using System.Threading.Channels;
using Confluent.Kafka;

namespace MeteringGateway.Kafka;

/// <summary>
/// One partition: while a batch of it is being decided the next one fills, and nobody sets its size. A batch is done
/// when all of it is durable, and only then is the next one begun.
/// </summary>
/// <param name="most">Messages in a batch.</param>
/// <param name="done">Told the offset after a batch that is done.</param>
internal sealed class Flow(TopicPartition partition, Decider decider, int most, Action<TopicPartitionOffset> done,
    ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(1);

    private readonly Channel<ConsumeResult<byte[]?, byte[]?>> _messages =
        Channel.CreateUnbounded<ConsumeResult<byte[]?, byte[]?>>(
            new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private long _bytes;
    private int _held;
    private long _next = -1;

    public TopicPartition Partition { get; } = partition;

    /// <summary>Of messages that were read and are not done.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);
    public int Held => Volatile.Read(ref _held);

    /// <summary>Offset of the first message that is not done; -1: none came yet.</summary>
    public long Next => Interlocked.Read(ref _next);

    /// <summary>By the consumer alone.</summary>
    public bool IsPaused { get; set; }

    public void Begin() => _loop = Workers.Shared.Run(Lane.Events, Loop);

    public void Add(ConsumeResult<byte[]?, byte[]?> message)
    {
        Interlocked.CompareExchange(ref _next, message.Offset.Value, -1);
        Interlocked.Add(ref _bytes, Size(message));
        Interlocked.Increment(ref _held);
        _messages.Writer.TryWrite(message);
    }

    /// <summary>
    /// Begins no batch any more, and gives up one that is waiting to be tried again; completes when what is being
    /// decided is.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task Loop()
    {
        var batch = new List<ConsumeResult<byte[]?, byte[]?>>();
        while (await _messages.Reader.WaitToReadAsync(_stop.Token))
        {
            while (batch.Count < most && _messages.Reader.TryRead(out var message)) batch.Add(message);
            await Decide(batch);
            Interlocked.Exchange(ref _next, batch[^1].Offset.Value + 1);
            Interlocked.Add(ref _bytes, -batch.Sum(Size));
            Interlocked.Add(ref _held, -batch.Count);
            done(new TopicPartitionOffset(Partition, batch[^1].Offset + 1));
            batch.Clear();
        }
    }

    private async Task Decide(List<ConsumeResult<byte[]?, byte[]?>> batch)
    {
        while (true)
            try
            {
                await decider.Decide(batch, _stop.Token);
                return;
            }
#pragma warning disable CA1031 // Nothing of it is lost: it is decided again, and what was stored is recognised.
            catch (Exception failure) when (!_stop.IsCancellationRequested)
#pragma warning restore CA1031
            {
                log.LogError(failure, "Events of {Partition} could not be decided", Partition);
                await Task.Delay(AfterTrouble, _stop.Token);
            }
    }

    private static long Size(ConsumeResult<byte[]?, byte[]?> message) =>
        (message.Message.Key?.Length ?? 0) + (message.Message.Value?.Length ?? 0);
}
