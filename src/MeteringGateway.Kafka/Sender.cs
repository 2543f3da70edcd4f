using System.Collections.Concurrent;
using System.Diagnostics;
using Confluent.Kafka;

namespace MeteringGateway.Kafka;

/// <summary>What goes to a topic.</summary>
/// <param name="From">What wrote the entry that it tells of; null: that is of no trace.</param>
internal sealed record Outgoing(string Topic, byte[]? Key, byte[]? Value, Headers Headers,
    ActivityContext? From = null);

/// <summary>A message was not taken, and will not be by asking again.</summary>
internal sealed class NotTakenException(string topic, Error error)
    : Exception($"The topic '{topic}' does not take a message: {error.Reason}")
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
        var producer = Current();
        var sending = new Sending(messages, () => Replace(producer));
        foreach (var message in messages) Produce(producer, message, sending);
        await sending.Done.WaitAsync(cancellation);
    }

    private static void Produce(IProducer<byte[]?, byte[]?> producer, Outgoing message, Sending sending)
    {
        var span = Spans.Publish(message);
        try
        {
            producer.Produce(message.Topic,
                new Message<byte[]?, byte[]?> { Key = message.Key, Value = message.Value, Headers = message.Headers },
                span is null ? sending.Told : report => sending.End(message.Topic, report.Error, span));
        }
        catch (KafkaException failure)
        {
            sending.End(message.Topic, failure.Error, span);
        }
    }

    /// <summary>
    /// Messages that are sent together: done when each of them is there, or cannot be. One task, one callback and one
    /// count for all of them: a task of each would be a thread of the pool's woken for each.
    /// </summary>
    private sealed class Sending
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentQueue<string> _failed = new(); // their topics
        private readonly IReadOnlyList<Outgoing> _messages;
        private readonly Action _replace;
        private NotTakenException? _failure; // the first one
        private int _left;

        /// <param name="replace">The producer, which has failed for good.</param>
        public Sending(IReadOnlyList<Outgoing> messages, Action replace)
        {
            (_messages, _left, _replace) = (messages, messages.Count, replace);
            Told = report => End(report.Topic, report.Error, null);
        }

        public Task Done => _done.Task;
        public Action<DeliveryReport<byte[]?, byte[]?>> Told { get; }

        /// <summary>Of one message; on the client's own thread, as a rule.</summary>
        public void End(string topic, Error error, Activity? span)
        {
            if (error.IsError)
            {
                span?.SetStatus(ActivityStatusCode.Error, error.Reason);
                _failed.Enqueue(topic);
                if (error.IsFatal || error.Code == ErrorCode.Local_Fatal) _replace();
                Interlocked.CompareExchange(ref _failure, new NotTakenException(topic, error), null);
            }
            span?.Dispose();
            if (Interlocked.Decrement(ref _left) > 0) return;
            Count();
            if (_failure is null) _done.SetResult();
            else _done.SetException(_failure);
        }

        private void Count()
        {
            foreach (var (topic, all) in _messages.CountBy(message => message.Topic))
            {
                var failed = _failed.Count(of => of == topic);
                var tag = new KeyValuePair<string, object?>("topic", topic);
                if (failed > 0) KafkaInstruments.Failed.Add(failed, tag);
                if (failed < all) KafkaInstruments.Produced.Add(all - failed, tag);
            }
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
