using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Api.Webhooks;

/// <summary>What became of one attempt.</summary>
/// <param name="RetryAfter">What the receiver asked for, when it is overloaded.</param>
internal sealed record Attempt(AttemptWire Wire, TimeSpan? RetryAfter)
{
    public bool Succeeded => Wire.StatusCode is >= 200 and < 300;
    public bool IsGone => Wire.StatusCode == StatusCodes.Status410Gone;

    /// <summary>It would be refused again and again: it is not tried again.</summary>
    public bool IsFinal { get; init; }
}

/// <summary>
/// Sends to one webhook: its connections are its own, so that a receiver can exhaust nobody else's. Of an answer only
/// the status counts; its body is not read, and what comes of it is dropped with the connection if it is more than a
/// little.
/// </summary>
internal sealed class Transport : ICarrier
{
    private readonly WebhookSettings _settings;
    private readonly TimeProvider _clock;
    private readonly HttpMessageInvoker _http;
    private readonly Lookup _lookup = new(Dns.GetHostAddresses);

    public Transport(WebhookSettings settings, TimeProvider clock)
    {
        (_settings, _clock) = (settings, clock);
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectCallback = Connect,
            // An attempt ends by the clock; this ends what the attempt has left behind.
            ConnectTimeout = settings.Timeout,
            MaxConnectionsPerServer = settings.Concurrency,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 4096,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            // A name may come to stand for another address.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        });
    }

    public void Dispose() => _http.Dispose();

    public async Task<Attempt> Send(StoredWebhook to, IReadOnlyList<Delivery> deliveries, string? trace,
        CancellationToken stop)
    {
        var at = Instant.From(_clock.GetUtcNow());
        var began = _clock.GetTimestamp();
        using var timeout = new CancellationTokenSource(_settings.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            using var request = Request(to, deliveries[0], at);
            if (trace is not null) request.Headers.Add("traceparent", trace);
            using var response = await _http.SendAsync(request, either.Token);
            return new Attempt(Wire((int)response.StatusCode, null), RetryAfter(response, at));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new Attempt(Wire(null, "timeout"), null);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            return new Attempt(Wire(null, Name(failure)), null);
        }

        AttemptWire Wire(int? status, string? error) =>
            new(at.ToString(), status, error, (long)_clock.GetElapsedTime(began).TotalMilliseconds);
    }

    private static HttpRequestMessage Request(StoredWebhook webhook, Delivery delivery, Instant at)
    {
        var timestamp = at.UnixMilliseconds / 1000;
        var request = new HttpRequestMessage(HttpMethod.Post,
            webhook.Url) { Content = new ByteArrayContent(delivery.Body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("User-Agent", "MeteringGateway");
        request.Headers.Add("webhook-id", delivery.Id);
        request.Headers.Add("webhook-timestamp", Text.Of(timestamp));
        request.Headers.Add("webhook-signature",
            Signature.Sign(webhook.SecretsAt(at), delivery.Id, timestamp, delivery.Body));
        return request;
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, Instant now) =>
        response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable) ? null
        : response.Headers.RetryAfter is not { } asked ? null
        : asked.Delta ?? Instant.From(asked.Date!.Value) - now;

    // Resolves once, looks at every address, and connects to one of those it has looked at.
    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var addresses = await _lookup.Of(context.DnsEndPoint.Host, cancellation);
        if (!_settings.AllowPrivate && !addresses.All(PublicAddress.IsPublic)) throw new AddressNotAllowedException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Name(Exception failure) => failure switch
    {
        { InnerException: AddressNotAllowedException } => "address_not_allowed",
        { InnerException: SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData
            or SocketError.TryAgain } } => "name_not_resolved",
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "name_not_resolved",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "tls_failed",
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse
            or HttpRequestError.ConfigurationLimitExceeded } => "invalid_response",
        _ => "connection_failed",
    };

    private sealed class AddressNotAllowedException() : IOException("The address is not public.");
}
