using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>A delivery as its receiver sees it.</summary>
public sealed record Received(string Id, long Timestamp, string Signature, byte[] Body)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
    public string Type => (string)Json["type"]!;
    public string Tenant => (string)Json["data"]!["tenant"]!;

    /// <summary>As the specification says it: for any of the signatures, over id, timestamp and body.</summary>
    public bool IsSignedWith(string secret)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        byte[] content = [.. Encoding.ASCII.GetBytes($"{Id}.{Timestamp}."), .. Body];
        var expected = HMACSHA256.HashData(key, content);
        return Signature.Split(' ').Contains("v1," + Convert.ToBase64String(expected));
    }
}

/// <summary>A receiver of webhooks on a loopback port. Answers 204 unless told otherwise.</summary>
public sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<Received> _received = Channel.CreateUnbounded<Received>();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Received> _all = [];

    private Receiver(WebApplication app) => _app = app;

    public string Url => _app.Urls.First() + "/hooks?from=metering";
    public int Port => new Uri(_app.Urls.First()).Port;
    public IReadOnlyCollection<Received> All => _all;

    /// <summary>What is answered.</summary>
    public Func<Received, HttpContext, Task> Answer { get; set; } = (_, context) => With(context, 204);

    public static async Task<Receiver> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var receiver = new Receiver(builder.Build());
        receiver._app.Run(receiver.Take);
        await receiver._app.StartAsync();
        return receiver;
    }

    public static Task With(HttpContext context, int status, params (string Name, string Value)[] headers)
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers) context.Response.Headers[name] = value;
        return Task.CompletedTask;
    }

    /// <summary>Never answers.</summary>
    public Task Hang(HttpContext context) =>
        Task.Delay(Timeout.Infinite,
            CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, context.RequestAborted).Token);

    /// <summary>The next that arrives, in order of arrival.</summary>
    public async Task<Received> Next() =>
        await _received.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>The next that is not this one, which may come any number of times.</summary>
    public async Task<Received> NextBut(string id)
    {
        var next = await Next();
        while (next.Id == id) next = await Next();
        return next;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _app.DisposeAsync();
    }

    private async Task Take(HttpContext context)
    {
        Assert.Equal(("POST", "/hooks", "?from=metering", "application/json"),
            (context.Request.Method, context.Request.Path.Value, context.Request.QueryString.Value,
            context.Request.ContentType));
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        string Header(string name) => context.Request.Headers[name].Single()!;
        var one = new Received(
            Header("webhook-id"),
            long.Parse(Header("webhook-timestamp"), System.Globalization.CultureInfo.InvariantCulture),
            Header("webhook-signature"), body.ToArray());
        _all.Add(one);
        _received.Writer.TryWrite(one);
        try
        {
            await Answer(one, context);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }
}
