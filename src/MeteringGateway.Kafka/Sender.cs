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
        var producer = Current();
        await Task.WhenAll(messages.Select(message => Produce(producer, message, cancellation)).ToList())
            .WaitAsync(cancellation);
    }

    private async Task Produce(IProducer<byte[]?, byte[]?> producer, Outgoing message, CancellationToken cancellation)
    {
        using var span = Spans.Publish(message);
        try
        {
            await producer.ProduceAsync(message.Topic,
                new Message<byte[]?, byte[]?> { Key = message.Key, Value = message.Value, Headers = message.Headers },
                cancellation);
        }
        catch (KafkaException failure)
        {
            span?.SetStatus(ActivityStatusCode.Error, failure.Error.Reason);
            KafkaInstruments.Failed.Add(1, new KeyValuePair<string, object?>("topic", message.Topic));
            if (failure.Error.IsFatal || failure.Error.Code == ErrorCode.Local_Fatal) Replace(producer);
            throw new NotTakenException(message, failure.Error);
        }
        KafkaInstruments.Produced.Add(1, new KeyValuePair<string, object?>("topic", message.Topic));
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
