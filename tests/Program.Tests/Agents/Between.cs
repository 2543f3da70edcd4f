using System.Net;
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
    private HttpStatusCode _instead;

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

    /// <summary>
    /// The next answers, after the gateway has done what it was asked: this status instead, or, if 0, the connection
    /// breaks.
    /// </summary>
    public void Lose(int answers, HttpStatusCode instead) => (_lose, _instead) = (answers, instead);

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
        var cut = _cut.Token;
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream"
            && Interlocked.Decrement(ref _lose) >= 0)
        {
            if (_instead == 0) context.Abort();
            else context.Response.StatusCode = (int)_instead;
            return;
        }
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        if (answer.StatusCode == HttpStatusCode.NoContent) return;
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cut);
            var buffer = new byte[4096];
            for (int read; (read = await body.ReadAsync(buffer, cut)) > 0;)
            {
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
