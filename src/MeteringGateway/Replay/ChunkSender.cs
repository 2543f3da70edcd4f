using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace MeteringGateway.Replay;

/// <summary>
/// Sends until it was answered: a server that goes away is asked again, later and later, as long as the patience lasts.
/// </summary>
internal sealed class ChunkSender(Client client, TimeSpan patience)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <exception cref="CommandException">The server refused the request, or did not come back.</exception>
    public async Task<JsonNode> Send(HttpMethod method, string path, string body, string type,
        CancellationToken cancellation)
    {
        var reply = await Ask(method, path, body, type, cancellation);
        return reply.Good ? reply.Body ?? new JsonObject()
            : throw new CommandException($"{method} {path}: {(int)reply.Status} {reply.Problem}");
    }

    public async Task<bool> Exists(string path, CancellationToken cancellation)
    {
        var reply = await Ask(HttpMethod.Get, path, null, "application/json", cancellation);
        return reply.Good
            || (reply.Status == HttpStatusCode.NotFound ? false
            : throw new CommandException($"GET {path}: {(int)reply.Status} {reply.Problem}"));
    }

    private async Task<Reply> Ask(HttpMethod method, string path, string? body, string type,
        CancellationToken cancellation)
    {
        var away = Stopwatch.GetTimestamp();
        for (var wait = TimeSpan.FromMilliseconds(100); ; wait = wait * 2 < Longest ? wait * 2 : Longest)
        {
            string reason;
            try
            {
                var reply = await client.Send(method, path, body, cancellation, type);
                if ((int)reply.Status < 500 && reply.Status != HttpStatusCode.TooManyRequests) return reply;
                (reason, wait) = (reply.Problem, reply.RetryAfter is { } asked && asked > wait ? asked : wait);
            }
            catch (Exception e) when (e is HttpRequestException or IOException
                || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                reason = e.Message;
            }
            if (Stopwatch.GetElapsedTime(away) + wait > patience)
                throw new CommandException(
                    $"{client.Address} did not answer for {patience.TotalSeconds:0} s: {reason}");
            await Task.Delay(wait, cancellation);
        }
    }
}
