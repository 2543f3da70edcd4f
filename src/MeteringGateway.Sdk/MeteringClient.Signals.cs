using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using MeteringGateway.Sdk.Wire;

namespace MeteringGateway.Sdk;

public sealed partial class MeteringClient
{
    private static readonly TimeSpan FirstReconnect = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestReconnect = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Signals as they happen (S1, S6), for as long as they are read. A stream that breaks off is opened again, with
    /// back-off, and goes on where it was; <see cref="SignalKind.Lost"/> and <see cref="SignalKind.Connected"/> say so.
    /// So is one of which something cannot be read.
    /// </summary>
    /// <param name="tenants">1 to 100.</param>
    /// <param name="cursor">Where a stream of the same tenants was; null: it begins anew.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="MeteringException">The key may not: <c>unauthorized</c>, <c>forbidden</c>,
    /// <c>unknown_tenant</c>.</exception>
    public async IAsyncEnumerable<SignalEvent> SignalsAsync(IReadOnlyCollection<string> tenants, string? cursor = null,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tenants);
        ArgumentOutOfRangeException.ThrowIfZero(tenants.Count);
        var path = "v1/signals?" + string.Join('&', tenants.Select(tenant => "tenant=" + Uri.EscapeDataString(tenant)));
        for (var failures = 0; ; )
        {
            var opened = await Open(path, cursor, cancellation);
            if (opened.Forget)
            {
                cursor = null;
                continue;
            }
            if (opened.Stream is { } stream)
            {
                await using var closing = stream;
                yield return new SignalEvent(SignalKind.Connected, Cursor: cursor);
                await using var events = SseParser.Create(stream).EnumerateAsync(cancellation)
                    .GetAsyncEnumerator(cancellation);
                while (await MoveNext(events, cancellation))
                {
                    // What cannot be read was not told: it is asked for again.
                    if (!TryHear(events.Current, out var heard)) break;
                    failures = 0;
                    if (events.Current is { EventId: { Length: > 0 } id } && IsOfAHeader(id)) cursor = id;
                    if (heard is not null) yield return heard;
                }
                yield return new SignalEvent(SignalKind.Lost, Cursor: cursor);
            }
            var wait = Sender.Backoff(++failures, FirstReconnect, LongestReconnect);
            await Task.Delay(opened.After > wait ? opened.After : wait, _clock, cancellation);
        }
    }

    private readonly record struct Opened(Stream? Stream, TimeSpan After = default, bool Forget = false);

    private async Task<Opened> Open(string path, string? cursor, CancellationToken cancellation)
    {
        HttpResponseMessage? response = null;
        try
        {
            using var late = new CancellationTokenSource(_options.AttemptTimeout, _clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
            using var request = _sender.Request(HttpMethod.Get, path);
            if (cursor is not null) request.Headers.Add("Last-Event-ID", cursor);
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.IsSuccessStatusCode)
            {
                var body = await response.Content.ReadAsStreamAsync(either.Token);
                return new Opened(new HeardStream(body, response, _options.SilenceTimeout, _clock));
            }
            using var refused = response;
            var problem = await Sender.Problem(response, either.Token);
            // The gateway does not know the cursor, or no longer: what it would have told is told anew.
            if (problem.Status == 422 && cursor is not null) return new Opened(null, Forget: true);
            if (!Sender.MayPass(problem)) throw new MeteringException(problem);
            _log.LogWarning("The stream of signals was not opened: {Code}", problem.Code);
            return new Opened(null, _sender.RetryAfter(response));
        }
        catch (Exception e) when (e is not MeteringException && !IsEnded(e, cancellation))
        {
            response?.Dispose();
            _log.LogWarning("The stream of signals was not opened: {Reason}", e.Message);
            return new Opened(null);
        }
    }

    private async ValueTask<bool> MoveNext(IAsyncEnumerator<SseItem<string>> events, CancellationToken cancellation)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (!IsEnded(e, cancellation))
        {
            _log.LogInformation("The stream of signals broke off: {Reason}", e.Message);
            return false;
        }
    }

    // Whatever else failed, in a handler of the application's too, passes or is said again with the next attempt:
    // nobody would notice a stream that ended.
    private static bool IsEnded(Exception e, CancellationToken cancellation) =>
        e is OperationCanceledException && cancellation.IsCancellationRequested;

    private bool TryHear(SseItem<string> item, out SignalEvent? heard)
    {
        heard = null;
        try
        {
            heard = Heard(item);
            return true;
        }
        catch (JsonException e)
        {
            _log.LogWarning("A signal could not be read, and is asked for again: {Reason}", e.Message);
            return false;
        }
    }

    /// <summary>It is to be sent back.</summary>
    private static bool IsOfAHeader(string id) => !id.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>Null: what a newer gateway may say besides is nothing that this one needs.</summary>
    /// <exception cref="JsonException">It is no such signal.</exception>
    internal static SignalEvent? Heard(SseItem<string> item)
    {
        SignalKind? kind = item.EventType switch
        {
            "reset" => SignalKind.Reset,
            "state" => SignalKind.State,
            "ready" => SignalKind.Ready,
            "warn" => SignalKind.Warn,
            "pause" => SignalKind.Pause,
            "handoff" => SignalKind.Handoff,
            "resume" => SignalKind.Resume,
            _ => null,
        };
        if (kind is null) return null;
        if (kind is SignalKind.Reset or SignalKind.Ready)
            return JsonSerializer.Deserialize(item.Data, WireJson.Types.TenantWire) is { Tenant: { } tenant }
                ? new SignalEvent(kind.Value, tenant, Cursor: item.EventId)
                : throw new JsonException($"The signal {item.EventType} is of no tenant.");
        return JsonSerializer.Deserialize(item.Data, WireJson.Types.Signal) is { Tenant: not null, Key: not null,
            Action: not null, Reason: not null, Stops: { } stops } signal && !stops.Contains(null!)
            ? new SignalEvent(kind.Value, signal.Tenant, signal, item.EventId)
            : throw new JsonException($"The signal {item.EventType} lacks what each has.");
    }
}
