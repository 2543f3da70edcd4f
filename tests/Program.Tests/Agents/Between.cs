using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Program.Tests.Agents;

/// <summary>What can go wrong between an agent and the gateway: requests are passed on, and answers may be lost.</summary>
internal sealed class Between : IAsyncDisposable
{
    private static readonly string[] Passed = ["Authorization", "Accept", "Last-Event-ID", "Idempotency-Key"];
    private readonly HttpClient _http;
    private readonly WebApplication _app;
    private CancellationTokenSource _cut = new();
    private int _lose;
    private Instead _instead = Instead.Nothing;
    private int _requests;

    private Between(int port)
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Timeout.InfiniteTimeSpan };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(Pass);
    }

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
        .Addresses.First();

    public static async Task<Between> Start(int port)
    {
        var between = new Between(port);
        await between._app.StartAsync();
        return between;
    }

    /// <summary>How often the gateway was asked, but for streams.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Streams go on at a place that no gateway knows.</summary>
    public bool MovesPlaces { get; set; }

    /// <summary>So many of the next signals on streams are no JSON.</summary>
    public int Unreadable { get; set; }

    /// <summary>This instead of the next answers, after the gateway has done what it was asked.</summary>
    public void Lose(int answers, Instead instead) => (_lose, _instead) = (answers, instead);

    /// <summary>Ends the streams that are open.</summary>
    public async Task Cut()
    {
        var cut = _cut;
        _cut = new CancellationTokenSource();
        await cut.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Cut();
        await _app.DisposeAsync();
        _http.Dispose();
        _cut.Dispose();
    }

    private async Task Pass(HttpContext context)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method),
            new Uri(context.Request.Path + context.Request.QueryString, UriKind.Relative));
        if (context.Request.ContentLength > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        }
        foreach (var name in Passed)
            if (context.Request.Headers.TryGetValue(name, out var value))
                request.Headers.TryAddWithoutValidation(name, value.ToString());
        if (MovesPlaces && request.Headers.Remove("Last-Event-ID"))
            request.Headers.TryAddWithoutValidation("Last-Event-ID", "nowhere");
        var cut = _cut.Token;
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            Interlocked.Increment(ref _requests);
            if (Interlocked.Decrement(ref _lose) >= 0)
            {
                await _instead.Answer(context);
                return;
            }
        }
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        if (answer.StatusCode == System.Net.HttpStatusCode.NoContent) return;
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cut);
            var buffer = new byte[4096];
            for (int read; (read = await body.ReadAsync(buffer, cut)) > 0;)
            {
                if (Unreadable > 0 && buffer.AsSpan(0, read).IndexOf("data: {"u8) is >= 0 and var at)
                {
                    buffer[at + 6] = (byte)'<';
                    Unreadable--;
                }
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), cut);
                await context.Response.Body.FlushAsync(cut);
            }
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }
}

/// <summary>What answers in the gateway's place.</summary>
/// <param name="Status">0: the connection breaks.</param>
/// <param name="Type">Of its body.</param>
/// <param name="Body">Whatever it says.</param>
/// <param name="RetryAfter">The header.</param>
internal sealed record Instead(int Status, string? Type = null, string Body = "", string? RetryAfter = null)
{
    public static readonly Instead Nothing = new(0);

    private static readonly Dictionary<string, Instead> Named = new(StringComparer.Ordinal)
    {
        ["nothing"] = Nothing,
        ["a bare 503"] = new(503),
        ["a proxy's 502"] = new(502, "text/html", "<html>bad gateway</html>"),
        ["a proxy's 500"] = new(500, "text/plain", "oh"),
        ["a proxy's 408"] = new(408, "text/html", "<html>too slow</html>"),
        ["a 503 until a date"] = new(503, "text/html", "<html>be back soon</html>", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ["a 503 until something"] = new(503, "text/html", "<html>be back soon</html>", "soon"),
        ["a full disk"] = new(507, "application/problem+json", """{"code":"insufficient_storage","status":507}"""),
        ["a page to sign in"] = new(200, "text/html", "<html>sign in</html>"),
        ["another service"] = new(404, "application/json", """{"code":"unknown_route"}"""),
        ["nothing at all"] = new(200, "application/json", "null"),
    };

    public static IEnumerable<string> Names => Named.Keys;

    public static Instead By(string name) => Named[name];

    public Task Answer(HttpContext context)
    {
        if (Status == 0)
        {
            context.Abort();
            return Task.CompletedTask;
        }
        (context.Response.StatusCode, context.Response.ContentType) = (Status, Type);
        if (RetryAfter is not null) context.Response.Headers.RetryAfter = RetryAfter;
        return context.Response.WriteAsync(Body);
    }
}
