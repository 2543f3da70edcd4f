using System.Threading.Channels;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// One reader of a tenant's signals. The channel is bounded: when the reader does not keep up it is completed with
/// <see cref="SlowReaderException"/>, and the reader continues from the last sequence that it has seen.
/// </summary>
public sealed class SignalReader(SignalStart start, ChannelReader<Signal> signals, Action close) : IDisposable
{
    /// <summary>Where it begins; what comes from <see cref="Signals"/> comes after it.</summary>
    public SignalStart Start { get; } = start;
    public ChannelReader<Signal> Signals { get; } = signals;
    public void Dispose() => close();
}

public sealed class SlowReaderException() : Exception("the reader did not keep up; continue from the last event id");
