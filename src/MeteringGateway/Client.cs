using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeteringGateway;

/// <summary>A status and what came with it.</summary>
internal sealed record Reply(HttpStatusCode Status, JsonNode? Body, TimeSpan? RetryAfter)
{
    public bool Good => (int)Status is >= 200 and < 300;

    /// <summary>What went wrong, in one line.</summary>
    public string Problem =>
        CommandException.OneLine(Text("detail") ?? Text("title") ?? $"{(int)Status} {Status}");

    private string? Text(string name) => Body is JsonObject body && body[name] is JsonValue value
        && value.TryGetValue(out string? text) ? text : null;
}

/// <summary>
/// A gateway over HTTP, as a command sees it: with one key. Where several silos are named, the next is asked the same
/// when one does not answer, or answers that it cannot: what is sent is done once, however often it is sent.
/// </summary>
internal sealed class Client : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpClient[] _silos;
    private int _current;

    /// <param name="key">Null: asks without one.</param>
    public Client(string? key, params string[] urls) => _silos = [.. urls.Select(url => At(url, key))];

    public string Address => _silos[_current].BaseAddress!.ToString().TrimEnd('/');

    /// <summary>Another can be asked when one is gone.</summary>
    public bool HasOthers => _silos.Length > 1;

    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public Task<Reply> Send(HttpMethod method, string path, string? body, CancellationToken cancellation,
        string type = "application/json") =>
        Ask(http => SendTo(http, method, path, body, type, cancellation),
            reply => reply.Status == HttpStatusCode.ServiceUnavailable, cancellation);

    /// <summary>As <see cref="Send"/>, for what must succeed.</summary>
    /// <exception cref="CommandException">The server refused, or there was no answer.</exception>
    public async Task<JsonNode> Demand(HttpMethod method, string path, string? body, CancellationToken cancellation)
    {
        try
        {
            var reply = await Send(method, path, body, cancellation);
            return reply.Good ? reply.Body ?? new JsonObject()
                : throw new CommandException($"{method} {path}: {reply.Problem}");
        }
        catch (HttpRequestException e)
        {
            throw new CommandException($"{Address} does not answer: {CommandException.Words(e)}", e);
        }
    }

    /// <summary>Copies what is answered as it comes, however long.</summary>
    /// <exception cref="CommandException">The server refused, there was no answer, or it broke off.</exception>
    public async Task Copy(string path, Stream to, CancellationToken cancellation)
    {
        try
        {
            using var response = await Ask(http => http.GetAsync(new Uri(path, UriKind.Relative),
                HttpCompletionOption.ResponseHeadersRead, cancellation), _ => false, cancellation);
            if (!response.IsSuccessStatusCode)
                throw new CommandException($"GET {path}: " + new Reply(response.StatusCode,
                    Parse(await response.Content.ReadAsStringAsync(cancellation)), null).Problem);
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            await body.CopyToAsync(to, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new CommandException($"{Address} does not answer: {CommandException.Words(e)}", e);
        }
        catch (HttpIOException e)
        {
            throw new CommandException($"the answer of {Address} broke off: {e.Message}", e);
        }
    }

    /// <summary>What the address answered has not the form that a gateway gives it.</summary>
    public CommandException IsNoGateway() => new($"what answers at {Address} is not a metering gateway");

    /// <summary>An event stream, open until it is disposed.</summary>
    /// <param name="after">Null, or the id of the last event that was heard.</param>
    public Task<Stream> Listen(string path, string? after, CancellationToken cancellation) =>
        Ask(http => Open(http, path, after, cancellation), _ => false, cancellation);

    public void Dispose()
    {
        foreach (var http in _silos) http.Dispose();
    }

    private async Task<T> Ask<T>(Func<HttpClient, Task<T>> ask, Func<T, bool> isUnavailable,
        CancellationToken cancellation)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(50, cancellation))
        {
            var asked = _current;
            var mayAskAnother = HasOthers && Stopwatch.GetElapsedTime(began) < Patience;
            try
            {
                var answer = await ask(_silos[asked]);
                if (!mayAskAnother || !isUnavailable(answer)) return answer;
            }
            catch (HttpRequestException) when (mayAskAnother)
            {
                // It is gone, or was when it should have answered.
            }
            Interlocked.CompareExchange(ref _current, (asked + 1) % _silos.Length, asked);
        }
    }

    private static HttpClient At(string url, string? key)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new CommandException($"'{url}' is not an http or https address");
        var http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(100) };
        if (key?.AsSpan().ContainsAnyExceptInRange('!', '~') == true)
            throw new CommandException("the key has characters that no key has");
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }

    private static async Task<Reply> SendTo(HttpClient http, HttpMethod method, string path, string? body, string type,
        CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        using var response = await http.SendAsync(request, cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        return new Reply(response.StatusCode, Parse(text), response.Headers.RetryAfter?.Delta);
    }

    private static async Task<Stream> Open(HttpClient http, string path, string? after, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        if (after is not null) request.Headers.Add("Last-Event-ID", after);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStreamAsync(cancellation);
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Something in between answered, and not in JSON: the status says enough.
            return null;
        }
    }
}
