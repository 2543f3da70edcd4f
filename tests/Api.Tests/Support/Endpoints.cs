using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>An endpoint as it is mapped, so that a new one cannot be forgotten.</summary>
internal sealed record Mapped(HttpMethod Method, string Route, RouteEndpoint Endpoint)
{
    public Demands? Demands => Endpoint.Metadata.GetMetadata<Demands>();
    public bool IsOpen => Endpoint.Metadata.GetMetadata<Open>() is not null;
    public TakesBody? Takes => Endpoint.Metadata.GetMetadata<TakesBody>();
    public bool IsOfATenant => Route.Contains("{tenant}", StringComparison.Ordinal);

    public string Path(string tenant)
    {
        var path = Route.Replace("{tenant}", tenant, StringComparison.Ordinal)
            .Replace("{sequence}", "1", StringComparison.Ordinal);
        while (path.IndexOf('{', StringComparison.Ordinal) is var open and >= 0)
            path = path[..open] + "thing" + path[(path.IndexOf('}', StringComparison.Ordinal) + 1)..];
        return path == "/v1/signals" ? $"{path}?tenant={tenant}" : path;
    }

    /// <summary>It is asked for, too, by whoever asks for that route: where that one has a word, it has it or any.</summary>
    public bool IsAskedBy(string route)
    {
        var (own, asked) = (Route.Split('/'), route.Split('/'));
        return own.Length == asked.Length && own.Zip(asked).All(pair => pair.First == pair.Second
            || pair.First.StartsWith('{'));
    }

    public Task<HttpResponseMessage> Call(HttpClient client, string tenant) =>
        client.Send(Method, Path(tenant), Takes is null ? null : "{}", Takes?.MediaTypes[0] ?? "application/json");

    public override string ToString() => $"{Method} {Route}";

    /// <summary>What programs call. The console's pages are for people, and tried as such.</summary>
    public static IReadOnlyList<Mapped> All(Gateway gateway) =>
    [
        .. from endpoint in gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           let methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
           where endpoint.RoutePattern.RawText!.Trim('/').Split('/')[0] != "console"
           from method in methods
           select new Mapped(new HttpMethod(method), "/" + endpoint.RoutePattern.RawText!.Trim('/'), endpoint),
    ];
}
