using System.Threading.Channels;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// One reader of a tenant's signals. The channel is bounded: when the reader does not keep up it is completed with
/// <see cref="SlowReaderException"/>, and the reader continues from the last sequence that it has seen.
/// </summary>
public sealed class SignalReader(SignalStart start, ChannelReader<ToldSignal> signals, Action close) : IDisposable
{
    /// <summary>Where it begins; what comes from <see cref="Signals"/> comes after it.</summary>
    public SignalStart Start { get; } = start;
    public ChannelReader<ToldSignal> Signals { get; } = signals;
    public void Dispose() => close();
}

/// <summary>A signal on its way to a reader.</summary>
/// <param name="DurableAt">When it was durable, in ticks of UTC where the tenant lives; 0: that is not known, as it was
/// before the reader came.</param>
public readonly record struct ToldSignal(Signal Signal, long DurableAt);

public sealed class SlowReaderException() : Exception("the reader did not keep up; continue from the last event id");
