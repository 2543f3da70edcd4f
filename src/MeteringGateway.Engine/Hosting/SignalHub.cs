using System.Threading.Channels;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// The readers of one tenant's signals. Readers come and go in the tenant's turn; the committer alone publishes.
/// </summary>
internal sealed class SignalHub
{
    private readonly Lock _gate = new();
    private readonly List<Reader> _readers = [];

    public bool IsEmpty
    {
        get { lock (_gate) return _readers.Count == 0; }
    }

    /// <param name="start">Live signals are those after its sequence.</param>
    /// <param name="replay">What the reader missed, up to that sequence.</param>
    public SignalReader Add(SignalStart start, IReadOnlyList<Signal> replay, int buffer)
    {
        var channel = Channel.CreateBounded<ToldSignal>(
            new BoundedChannelOptions(buffer + replay.Count) { SingleReader = true, SingleWriter = true });
        foreach (var signal in replay) channel.Writer.TryWrite(new ToldSignal(signal, 0));
        var reader = new Reader(channel.Writer, start.Sequence);
        lock (_gate) _readers.Add(reader);
        return new SignalReader(start, channel.Reader, () => Remove(reader));
    }

    /// <summary>Hands on what is durable now. A reader whose channel is full is closed; nobody waits for it.</summary>
    /// <param name="now">In ticks of UTC.</param>
    public void Publish(List<Signal> signals, long now)
    {
        lock (_gate)
            for (var i = _readers.Count - 1; i >= 0; i--)
                if (!Write(_readers[i], signals, now))
                {
                    _readers[i].Channel.TryComplete(new SlowReaderException());
                    _readers.RemoveAt(i);
                }
    }

    public void Close(Exception? why)
    {
        lock (_gate)
        {
            foreach (var reader in _readers) reader.Channel.TryComplete(why);
            _readers.Clear();
        }
    }

    private static bool Write(Reader reader, List<Signal> signals, long now)
    {
        foreach (var signal in signals)
        {
            if (signal.Sequence <= reader.After) continue;
            if (!reader.Channel.TryWrite(new ToldSignal(signal, now))) return false;
            Instruments.Sent.Add(1);
        }
        return true;
    }

    private void Remove(Reader reader)
    {
        lock (_gate) _readers.Remove(reader);
        reader.Channel.TryComplete();
    }

    private sealed record Reader(ChannelWriter<ToldSignal> Channel, long After);
}
