using System.Text.Json.Serialization;
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
        app.Start();
        Console.WriteLine("Listening on " + app.Urls.Single());
        app.WaitForShutdown();
    }
}

public sealed record EmptyBody(
    [property: JsonPropertyName("outcome_type")] string OutcomeType, [property: JsonPropertyName("agent")]
    string? Agent,
    [property: JsonPropertyName("channel")] string? Channel);

[JsonSerializable(typeof(EmptyBody))]
internal sealed partial class EmptyJson : JsonSerializerContext;
