using System.Text.Json.Serialization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.LoadTests.Servers;

/// <summary>What the check is compared with: a minimal API that does nothing, in a process of its own.</summary>
public static class EmptyServer
{
    /// <summary>Does nothing with the request.</summary>
    public const string Path = "/v1/tenants/load/empty";

    /// <summary>
    /// Reads the body into a record and writes one: what any JSON endpoint pays before it does anything.
    /// </summary>
    public const string BoundPath = "/v1/tenants/load/bound";

    /// <summary>Writes some bytes, syncs them, and then tells whoever reads <see cref="StreamPath"/>.</summary>
    public const string PushPath = "/v1/tenants/load/push";

    public const string StreamPath = "/v1/tenants/load/stream";

    private static readonly byte[] Pushed = [.. "event: pause\ndata: "u8, .. new byte[300].Select(_ => (byte)'x'),
        .. "\n\n"u8];

    /// <summary>As a process of its own.</summary>
    public static ServerProcess Start(Options options) => ServerProcess.Start(options.Machine.ServerCores, "dotnet",
        [typeof(EmptyServer).Assembly.Location, "empty-server"]);

    public static void Run()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.ConfigureHttpJsonOptions(json =>
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, EmptyJson.Default));
        var app = builder.Build();
        app.MapPost(Path.Replace("load", "{tenant}", StringComparison.Ordinal), static () => TypedResults.Ok());
        app.MapPost(BoundPath.Replace("load", "{tenant}", StringComparison.Ordinal),
            static (string tenant, EmptyBody body) => TypedResults.Ok(body));
        MapPush(app);
        app.Start();
        Console.WriteLine("Listening on " + app.Urls.Single());
        app.WaitForShutdown();
    }

    private static void MapPush(WebApplication app)
    {
        var file = new FileStream(System.IO.Path.GetTempFileName(), FileMode.Open, FileAccess.Write, FileShare.None, 1,
            FileOptions.DeleteOnClose);
        var pushes = Channel.CreateUnbounded<bool>();
        app.MapPost(PushPath, () =>
        {
            lock (file)
            {
                file.Write(Pushed);
                file.Flush(flushToDisk: true);
            }
            pushes.Writer.TryWrite(true);
            return TypedResults.Ok();
        });
        app.MapGet(StreamPath, async (HttpContext context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.BodyWriter.FlushAsync();
            await foreach (var _ in pushes.Reader.ReadAllAsync(context.RequestAborted))
                await context.Response.BodyWriter.WriteAsync(Pushed);
        });
    }
}

public sealed record EmptyBody(
    [property: JsonPropertyName("outcome_type")] string OutcomeType, [property: JsonPropertyName("agent")]
    string? Agent,
    [property: JsonPropertyName("channel")] string? Channel);

[JsonSerializable(typeof(EmptyBody))]
internal sealed partial class EmptyJson : JsonSerializerContext;
