using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Kafka.Tests;

/// <summary>A span as a collector gets it; ids in hexadecimal, <c>Parent</c> empty for a root.</summary>
/// <param name="Instance">Of the process that it is of.</param>
internal sealed record Span(string Trace, string Id, string Parent, string Name, string Service, string Instance,
    IReadOnlyDictionary<string, string> Tags, IReadOnlyList<string> Links);

/// <summary>Takes spans as OTLP over HTTP or over gRPC has them, and webhooks beside.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<Span> _spans = [];
    private readonly Channel<string?> _hooks = Channel.CreateUnbounded<string?>();

    private Collector(WebApplication app)
    {
        _app = app;
        app.MapPost("/v1/traces", async context => Take(await Body(context)));
        app.MapPost("/opentelemetry.proto.collector.trace.v1.TraceService/Export", Grpc);
        app.MapPost("/hook", (HttpContext context) =>
            _hooks.Writer.TryWrite(context.Request.Headers["traceparent"].SingleOrDefault()));
    }

    /// <param name="protocol">What it speaks without TLS: gRPC is HTTP/2 from the first byte.</param>
    public static async Task<Collector> Start(HttpProtocols protocol = HttpProtocols.Http1)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocol));
        var collector = new Collector(builder.Build());
        await collector._app.StartAsync();
        return collector;
    }

    private static async Task<byte[]> Body(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private void Take(ReadOnlyMemory<byte> request)
    {
        var read = Otlp.Spans(request).ToList();
        lock (_spans) _spans.AddRange(read);
    }

    /// <summary>
    /// One message behind a byte that says whether it is compressed, and its length; answered with an empty one, and
    /// with the status in a trailer.
    /// </summary>
    private async Task Grpc(HttpContext context)
    {
        var body = await Body(context);
        Assert.Equal(("application/grpc", 0), (context.Request.ContentType, body[0]));
        Assert.Equal((uint)body.Length - 5, BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(1)));
        Take(body.AsMemory(5));
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    public string Url => _app.Urls.First();

    public IReadOnlyList<Span> Spans
    {
        get { lock (_spans) return [.. _spans]; }
    }

    /// <summary>What the next webhook has as <c>traceparent</c>.</summary>
    public async Task<string?> Hook()
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _hooks.Reader.ReadAsync(late.Token);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>As much of the protocol buffers of OTLP as the tests look at (opentelemetry/proto/trace/v1).</summary>
internal static class Otlp
{
    public static IEnumerable<Span> Spans(ReadOnlyMemory<byte> request)
    {
        foreach (var resource in Messages(request, 1))
        {
            var process = Messages(resource, 1).SelectMany(one => Tags(one, 1)).ToDictionary();
            foreach (var span in Messages(resource, 2).SelectMany(scope => Messages(scope, 2)))
                yield return new Span(Hex(span, 1), Hex(span, 2), Hex(span, 4), Text(span, 5),
                    process["service.name"], process["service.instance.id"], Tags(span, 9).ToDictionary(),
                    [.. Messages(span, 13).Select(link => Hex(link, 1))]);
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Tags(ReadOnlyMemory<byte> message, int field) =>
        Messages(message, field).Select(tag => KeyValuePair.Create(Text(tag, 1),
            Messages(tag, 2).Select(value => Fields(value).First()).Select(value => value.Number == 1
                ? Encoding.UTF8.GetString(value.Bytes.Span) : $"{value.Integer}").FirstOrDefault("")));

    private static string Hex(ReadOnlyMemory<byte> message, int field) =>
        Convert.ToHexStringLower(Messages(message, field).FirstOrDefault().Span);

    private static string Text(ReadOnlyMemory<byte> message, int field) =>
        Encoding.UTF8.GetString(Messages(message, field).FirstOrDefault().Span);

    private static IEnumerable<ReadOnlyMemory<byte>> Messages(ReadOnlyMemory<byte> message, int field) =>
        Fields(message).Where(one => one.Number == field).Select(one => one.Bytes);

    private static List<(int Number, ReadOnlyMemory<byte> Bytes, ulong Integer)> Fields(ReadOnlyMemory<byte> message)
    {
        var fields = new List<(int, ReadOnlyMemory<byte>, ulong)>();
        for (var rest = message; rest.Length > 0;)
        {
            var key = Varint(ref rest);
            var (bytes, integer) = ((ReadOnlyMemory<byte>)default, 0UL);
            switch (key & 7)
            {
                case 0:
                    integer = Varint(ref rest);
                    break;
                case 1:
                    integer = BinaryPrimitives.ReadUInt64LittleEndian(rest.Span);
                    rest = rest[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref rest);
                    (bytes, rest) = (rest[..length], rest[length..]);
                    break;
                case 5:
                    integer = BinaryPrimitives.ReadUInt32LittleEndian(rest.Span);
                    rest = rest[4..];
                    break;
                default:
                    throw new FormatException($"wire type {key & 7}");
            }
            fields.Add(((int)(key >> 3), bytes, integer));
        }
        return fields;
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> rest)
    {
        for (var (value, shift, i) = (0UL, 0, 0); ; shift += 7, i++)
        {
            value |= (ulong)(rest.Span[i] & 0x7f) << shift;
            if (rest.Span[i] >= 0x80) continue;
            rest = rest[(i + 1)..];
            return value;
        }
    }
}
