using System.Diagnostics;
using System.Text.Json;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

internal sealed partial class TenantHost
{
    /// <summary>
    /// Adds a reader of signals; called within <see cref="Read"/>. Whatever is not told yet is told first: a state
    /// that an older version wrote may differ from what its agents know (S6).
    /// </summary>
    /// <param name="after">What the reader has seen; null: nothing.</param>
    public SignalReader Subscribe(long? after)
    {
        Tick();
        var start = _state.StartOfSignals(after);
        var replay = start.Keys is null ? _state.SignalsAfter(after!.Value) : [];
        Instruments.Replayed.Add(replay.Count);
        if (_hub is null) Volatile.Write(ref _hub, new SignalHub());
        var reader = _hub!.Add(start, replay, _engine.Options.SignalBuffer);
        // What comes after a turn that broke off is told by another host: the reader is to come again.
        if (_retired) _hub.Close(new SlowReaderException());
        return reader;
    }

    /// <summary>What was taken is durable: it may be seen. Called by the committer, in order.</summary>
    public void Publish(Pending pending)
    {
        _view = pending.View;
        if (pending.Signals is { } signals)
        {
            Volatile.Read(ref _hub)?.Publish(signals, _engine.Time.GetUtcNow().UtcTicks);
            if (pending.Traced is not null) Trace(signals);
        }
        pending.Complete();
        Interlocked.CompareExchange(ref _pending, null, pending);
    }

    private void Trace(List<Signal> signals)
    {
        foreach (var signal in signals)
            Tracing.Follow(_engine.Trails.Of(Id, signal.Sequence), "signal", ActivityKind.Producer, Id)
                ?.SetTag("metering.signal.key", signal.Key)
                .SetTag("metering.signal.action", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{signal.Action}"))
                .Dispose();
    }

    /// <summary>Ends the signals of all readers, as at a shutdown.</summary>
    public void CloseReaders() => Volatile.Read(ref _hub)?.Close(null);
}
