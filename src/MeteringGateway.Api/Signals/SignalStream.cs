using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Requests;

namespace MeteringGateway.Api.Signals;

/// <summary>
/// One reader's stream of the signals of one tenant or many (<c>text/event-stream</c>). It has its own buffer in the
/// engine: when it does not keep up it is closed, and nobody else notices.
/// </summary>
/// <param name="mayGoOn">False since the reader's key was ended: nothing more is told.</param>
internal sealed class SignalStream(HttpContext context, StreamPosition position, MeteringLimits limits,
    TimeProvider clock, Func<bool> mayGoOn, CancellationToken stopping)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private const int MostAtOnce = 16_384;

    private readonly ArrayBufferWriter<byte> _line = new(512);
    private readonly Dictionary<string, string> _currencies = new(StringComparer.Ordinal);

    // What comes from the tenants' readers; null is a heartbeat.
    private readonly Channel<(string Tenant, ToldSignal? Told)> _incoming =
        Channel.CreateBounded<(string, ToldSignal?)>(16);

    /// <param name="readers">Of every tenant of the stream. They are disposed with it.</param>
    public async Task Run(IReadOnlyList<(string Tenant, SignalReader Reader)> readers)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        await using var beat = clock.CreateTimer(_ => _incoming.Writer.TryWrite(("", null)), null, Heartbeat,
            Heartbeat);
        var pumps = new List<Task>();
        try
        {
            context.Response.ContentType = "text/event-stream";
            // Whatever stands between must neither keep it nor hold it back.
            context.Response.Headers.CacheControl = "no-store, no-transform";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            if (Head.WasAsked(context)) return;
            // At once: a reader that goes on where it was may not be told anything for long, and must know that it
            // listens.
            await context.Response.BodyWriter.FlushAsync(ended.Token);
            foreach (var (tenant, reader) in readers)
            {
                if (!mayGoOn()) return;
                _currencies[tenant] = reader.Start.Currency;
                if (reader.Start.Keys is { } keys) await Begin(tenant, keys, reader.Start.Sequence, ended.Token);
            }
            pumps.AddRange(readers.Select(each => Pump(each.Tenant, each.Reader, ended.Token)));
            await foreach (var (tenant, told) in _incoming.Reader.ReadAllAsync(ended.Token))
            {
                if (!mayGoOn()) break;
                await Send(tenant, told?.Signal, ended.Token);
                if (told is { } signal) Instruments.Count(signal, clock.GetUtcNow().UtcTicks);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SlowReaderException)
        {
            // The reader left, we stop, or the reader did not keep up: it may come back with the last id that it has.
        }
        finally
        {
            await ended.CancelAsync();
            foreach (var (_, reader) in readers) reader.Dispose();
            await Task.WhenAll(pumps);
        }
    }

    // An id only when all of it has been told: whoever leaves before that begins anew.
    private async Task Begin(string tenant, ImmutableArray<Signal> keys, long sequence, CancellationToken cancellation)
    {
        Event("reset", new ResetWire(tenant), id: null);
        foreach (var key in keys)
        {
            Event("state", key.State(tenant, _currencies[tenant]), id: null);
            if (_line.WrittenCount > MostAtOnce) await Flush(cancellation);
        }
        position.Set(tenant, sequence);
        Event("ready", new ReadyWire(tenant, sequence), position.Write());
        await Flush(cancellation);
    }

    private async ValueTask Send(string tenant, Signal? signal, CancellationToken cancellation)
    {
        if (signal is null)
        {
            _line.Write(": \n\n"u8);
        }
        else
        {
            position.Set(tenant, signal.Sequence);
            Event(Names<SignalAction>.Of(signal.Action), signal.Wire(tenant, _currencies[tenant]), position.Write());
        }
        await Flush(cancellation);
    }

    // JSON has no line breaks of its own, so the data is one line.
    private void Event<T>(string name, T data, string? id)
    {
        _line.Write(Encoding.ASCII.GetBytes(id is null ? $"event: {name}\ndata: "
            : $"event: {name}\nid: {id}\ndata: "));
        _line.Write(JsonSerializer.SerializeToUtf8Bytes(data, WireJson.Typed<T>()));
        _line.Write("\n\n"u8);
    }

    private async ValueTask Flush(CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limits.SignalWriteTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
        try
        {
            await context.Response.BodyWriter.WriteAsync(_line.WrittenMemory, either.Token);
            _line.ResetWrittenCount();
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            context.Abort();
            throw;
        }
    }

    private async Task Pump(string tenant, SignalReader reader, CancellationToken cancellation)
    {
        try
        {
            await foreach (var signal in reader.Signals.ReadAllAsync(cancellation))
                await _incoming.Writer.WriteAsync((tenant, signal), cancellation);
            _incoming.Writer.TryComplete();
        }
        catch (Exception over) when (over is OperationCanceledException or SlowReaderException or StoreFailedException
            or ChannelClosedException)
        {
            _incoming.Writer.TryComplete(over is StoreFailedException ? null : over);
        }
    }
}
