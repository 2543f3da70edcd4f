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
    public string Problem => (string?)Body?["detail"] ?? (string?)Body?["title"] ?? $"{(int)Status} {Status}";
}

/// <summary>A gateway over HTTP, as a command sees it: with one key.</summary>
internal sealed class Client : IDisposable
{
    private readonly HttpClient _http;

    public Client(string url, string? key)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new CommandException($"'{url}' is not an http or https address");
        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(100) };
        if (key is not null) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public string Address => _http.BaseAddress!.ToString().TrimEnd('/');

    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<Reply> Send(HttpMethod method, string path, string? body, CancellationToken cancellation,
        string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        using var response = await _http.SendAsync(request, cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        return new Reply(response.StatusCode, Parse(text), response.Headers.RetryAfter?.Delta);
    }

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
            throw new CommandException($"{Address} does not answer: {e.Message}", e);
        }
    }

    /// <summary>An event stream, open until it is disposed.</summary>
    public Task<Stream> Listen(string path, CancellationToken cancellation) =>
        _http.GetStreamAsync(new Uri(path, UriKind.Relative), cancellation);

    public void Dispose() => _http.Dispose();

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
