using Microsoft.AspNetCore.Http.Features;
using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.Requests;

/// <summary>What was answered, without a connection between.</summary>
internal sealed record Reply(int Status, string? MediaType, byte[] Body, IHeaderDictionary Headers);

/// <summary>
/// The API asked from within: through the same pipeline as a request from outside, so with the same permissions, limits
/// and words. Pages for people are its callers, and have no rights of their own.
/// </summary>
internal sealed class InProcess(IServiceScopeFactory scopes)
{
    private RequestDelegate? _pipeline;

    /// <summary>Put before everything else of the pipeline.</summary>
    public RequestDelegate Before(RequestDelegate next) => _pipeline = next;

    /// <param name="on">The request of whoever is served; what it asks for is asked from where it came.</param>
    /// <param name="target">Path and query as on the wire.</param>
    public async Task<Reply> Send(HttpContext on, Principal? caller, string method, string target, byte[]? json = null,
        params (string Name, string Value)[] headers)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (response, body) = (new Response(), new MemoryStream());
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(Request(on, method, target, json));
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        if (caller is not null) features.Set(new SignedIn(caller));
        var context = new DefaultHttpContext(features)
        {
            RequestServices = scope.ServiceProvider,
            RequestAborted = on.RequestAborted,
            TraceIdentifier = on.TraceIdentifier,
        };
        context.Connection.RemoteIpAddress = on.Connection.RemoteIpAddress;
        foreach (var (name, value) in headers) context.Request.Headers[name] = value;
        try
        {
            await _pipeline!(context);
            await context.Response.CompleteAsync();
        }
        finally
        {
            await response.End();
        }
        return new Reply(context.Response.StatusCode, context.Response.ContentType, body.ToArray(),
            context.Response.Headers);
    }

    /// <summary>Answers this request with what the API answers another one: a file that is read from a page.</summary>
    public Task Instead(HttpContext context, Principal caller, string target, string accept)
    {
        var request = Request(context, HttpMethods.Get, target, json: null);
        context.Features.Set<IHttpRequestFeature>(request);
        context.Features.Set(new SignedIn(caller));
        request.Headers.Accept = accept;
        context.SetEndpoint(null);
        context.Request.RouteValues.Clear();
        return _pipeline!(context);
    }

    private static HttpRequestFeature Request(HttpContext on, string method, string target, byte[]? json)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var path = query < 0 ? target : target[..query];
        var request = new HttpRequestFeature
        {
            Protocol = on.Request.Protocol,
            Scheme = on.Request.Scheme,
            Method = method,
            RawTarget = target,
            Path = PathString.FromUriComponent(path).Value!,
            QueryString = query < 0 ? "" : target[query..],
            Headers = { Host = on.Request.Host.Value },
        };
        if (json is null) return request;
        request.Body = new MemoryStream(json);
        request.Headers.ContentType = "application/json";
        request.Headers.ContentLength = json.Length;
        return request;
    }

    /// <summary>A server runs what waits for a response's end; here it is done by hand.</summary>
    private sealed class Response : HttpResponseFeature
    {
        private readonly Stack<(Func<object, Task> Then, object State)> _atEnd = [];

        public override void OnCompleted(Func<object, Task> callback, object state) => _atEnd.Push((callback, state));

        public async Task End()
        {
            while (_atEnd.TryPop(out var one)) await one.Then(one.State);
        }
    }
}
