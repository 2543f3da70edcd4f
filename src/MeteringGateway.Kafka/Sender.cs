using System.Diagnostics;
using Confluent.Kafka;

namespace MeteringGateway.Kafka;

/// <summary>What goes to a topic.</summary>
/// <param name="From">What wrote the entry that it tells of; null: that is of no trace.</param>
internal sealed record Outgoing(string Topic, byte[]? Key, byte[]? Value, Headers Headers,
    ActivityContext? From = null);

/// <summary>A message was not taken, and will not be by asking again.</summary>
internal sealed class NotTakenException(Outgoing message, Error error)
    : Exception($"The topic '{message.Topic}' does not take a message: {error.Reason}")
{
    public bool IsTooLarge => error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsgSize;
}

/// <summary>
/// Sends messages and waits until they are there: an idempotent producer, which keeps their order. It waits for brokers
/// for as long as it takes; a producer that has failed for good is replaced.
/// </summary>
internal sealed class Sender(Clients clients) : IDisposable
{
    private readonly Lock _gate = new();
    private IProducer<byte[]?, byte[]?>? _producer;
    private bool _ended;

    /// <summary>In order; some may be there when it throws.</summary>
    /// <exception cref="NotTakenException">A message cannot be sent.</exception>
    /// <exception cref="OperationCanceledException">They may or may not be there.</exception>
    public async Task Send(IReadOnlyList<Outgoing> messages, CancellationToken cancellation)
    {
        if (messages.Count == 0) return;
        var (producer, sending) = (Current(), new Sending(messages.Count));
        foreach (var message in messages) Produce(producer, message, sending);
        await sending.Done.WaitAsync(cancellation);
    }

    // One task for all of them: a task of each would be a thread of the pool's woken for each.
    private void Produce(IProducer<byte[]?, byte[]?> producer, Outgoing message, Sending sending)
    {
        var current = Activity.Current;
        var span = Spans.Publish(message);
        Activity.Current = current;
        try
        {
            producer.Produce(message.Topic,
                new Message<byte[]?, byte[]?> { Key = message.Key, Value = message.Value, Headers = message.Headers },
                report => End(producer, message, span, report.Error, sending));
        }
        catch (KafkaException failure)
        {
            End(producer, message, span, failure.Error, sending);
        }
    }

    /// <summary>On the client's own thread, as a rule.</summary>
    private void End(IProducer<byte[]?, byte[]?> producer, Outgoing message, Activity? span, Error error,
        Sending sending)
    {
        if (error.IsError)
        {
            span?.SetStatus(ActivityStatusCode.Error, error.Reason);
            KafkaInstruments.Failed.Add(1, new KeyValuePair<string, object?>("topic", message.Topic));
            if (error.IsFatal || error.Code == ErrorCode.Local_Fatal) Replace(producer);
        }
        else KafkaInstruments.Produced.Add(1, new KeyValuePair<string, object?>("topic", message.Topic));
        span?.Dispose();
        sending.End(error.IsError ? new NotTakenException(message, error) : null);
    }

    /// <summary>Messages that are sent together: done when each of them is there, or cannot be.</summary>
    private sealed class Sending(int messages)
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private NotTakenException? _failure; // the first one
        private int _left = messages;

        public Task Done => _done.Task;

        public void End(NotTakenException? failure)
        {
            if (failure is not null) Interlocked.CompareExchange(ref _failure, failure, null);
            if (Interlocked.Decrement(ref _left) > 0) return;
            if (_failure is null) _done.SetResult();
            else _done.SetException(_failure);
        }
    }

    private IProducer<byte[]?, byte[]?> Current()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            return _producer ??= clients.Producer();
        }
    }

    private void Replace(IProducer<byte[]?, byte[]?> failed)
    {
        lock (_gate)
        {
            if (_producer != failed) return;
            _producer = null;
        }
        // Not on the thread of its own callbacks, which this waits for.
        _ = Task.Run(failed.Dispose);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _ended = true;
            _producer?.Dispose();
            _producer = null;
        }
    }
}
