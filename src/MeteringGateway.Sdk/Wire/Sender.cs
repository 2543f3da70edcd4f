using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Sdk.Wire;

/// <summary>
/// Sends one call, and the same again while that may help: what is sent is done once, however often it is sent.
/// </summary>
internal sealed class Sender(HttpClient http, MeteringOptions options, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    /// <param name="type">Null: the answer has no body that matters.</param>
    /// <param name="callers">The traces that it is of; null: that of whoever calls.</param>
    /// <exception cref="MeteringException">Refused.</exception>
    /// <exception cref="MeteringUnavailableException">No answer that says whether it was done.</exception>
    public async Task<T?> Send<T>(string name, HttpMethod method, string path, byte[]? body, JsonTypeInfo<T>? type,
        CancellationToken cancellation, string media = "application/json", string? idempotencyKey = null,
        IEnumerable<ActivityContext>? callers = null)
    {
        using var activity = Telemetry.Begin(name, callers);
        var began = clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            Problem problem;
            Exception? cause = null;
            var after = TimeSpan.Zero;
            try
            {
                using var late = new CancellationTokenSource(options.AttemptTimeout, clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, late.Token);
                using var request = Request(method, path);
                Telemetry.Carry(activity, request);
                if (body is not null)
                {
                    request.Content = new ByteArrayContent(body);
                    request.Content.Headers.ContentType = new MediaTypeHeaderValue(media);
                }
                if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead,
                    either.Token);
                if (response.IsSuccessStatusCode) return await Read(response, type, either.Token);
                (problem, after) = (await Problem(response, either.Token), RetryAfter(response));
                if (!MayPass(problem)) throw Refused(activity, problem);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException
                || e is OperationCanceledException && !cancellation.IsCancellationRequested)
            {
                (problem, cause) = (new Problem(0, "unreachable", "There was no answer of a gateway's."), e);
            }
            var wait = Max(after, Backoff(attempt, FirstWait, LongestWait));
            if (attempt >= options.Attempts || clock.GetElapsedTime(began) + wait > options.RetryFor)
            {
                activity?.SetStatus(ActivityStatusCode.Error, problem.Code);
                throw new MeteringUnavailableException(problem, cause);
            }
            Telemetry.Retries.Add(1, new KeyValuePair<string, object?>("call", name));
            log.LogDebug("{Call}: {Code}; the same again in {Wait}", name, problem.Code, wait);
            await Task.Delay(wait, clock, cancellation);
        }
    }

    // Where the gateway is behind a path, it stays behind it.
    private readonly Uri _base = new(options.Address!.AbsoluteUri.TrimEnd('/') + "/");

    public HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(_base, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Key);
        return request;
    }

    /// <summary>What an answer says is wrong; one that no gateway gave has the code <c>unreachable</c>.</summary>
    public static async Task<Problem> Problem(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            var bytes = await response.Content.ReadAsByteArrayAsync(cancellation);
            if (JsonSerializer.Deserialize(bytes, WireJson.Types.Problem) is { Code.Length: > 0 } problem)
                return problem with { Status = status };
        }
        return new Problem(status, "unreachable", $"What answered with {status} was not a gateway.");
    }

    /// <summary>The same, sent again, may be done: the gateway or something before it is busy or away.</summary>
    public static bool MayPass(Problem problem) =>
        problem.Status is 408 or 429 or >= 500 || problem.Code is "idempotency_still_running" or "unreachable";

    /// <summary>How long the answer asks to wait, in seconds or until a date; none: it does not.</summary>
    public TimeSpan RetryAfter(HttpResponseMessage response) =>
        response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - clock.GetUtcNow() ?? TimeSpan.Zero
            : TimeSpan.Zero;

    /// <summary>Twice as long each time; spread, so that many do not come back as one.</summary>
    public static TimeSpan Backoff(int attempt, TimeSpan first, TimeSpan longest)
    {
        var most = Math.Min(longest.TotalMilliseconds,
            first.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 30)));
        return TimeSpan.FromMilliseconds(most * (0.5 + Jitter() / 2));
    }

#pragma warning disable CA5394 // spreads calls, keeps no secret
    private static double Jitter() => Random.Shared.NextDouble();
#pragma warning restore CA5394

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static async Task<T?> Read<T>(HttpResponseMessage response, JsonTypeInfo<T>? type,
        CancellationToken cancellation)
    {
        if (type is null) return default;
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellation);
        return JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("The answer is null.");
    }

    private static MeteringException Refused(Activity? activity, Problem problem)
    {
        activity?.SetStatus(ActivityStatusCode.Error, problem.Code);
        return new MeteringException(problem);
    }
}
