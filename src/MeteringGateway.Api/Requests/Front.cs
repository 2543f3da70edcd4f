using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Requests;

/// <summary>
/// What every request passes before it is routed, and every response carries: which request it was, that its content is
/// of no other type than it says, and that nobody between keeps it. Addresses are read here, and HEAD is asked as GET.
/// How long it took is counted.
/// </summary>
internal sealed class Front(RequestDelegate next, HttpTimes times)
{
    public Task Invoke(HttpContext context)
    {
        var began = Stopwatch.GetTimestamp();
        var served = Serve(context);
        if (!served.IsCompletedSuccessfully) return Timed(served, context, began);
        times.Count(context, began);
        return served;
    }

    private async Task Timed(Task served, HttpContext context, long began)
    {
        try
        {
            await served;
        }
        finally
        {
            times.Count(context, began);
        }
    }

    private Task Serve(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers["request-id"] = context.TraceIdentifier;
        headers.XContentTypeOptions = "nosniff";
        // Whatever needs a key is its holder's alone; what is public says so itself.
        headers.CacheControl = "no-store";
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (Address.HasDots(target))
            return Problem.Malformed("A segment of the address is '.' or '..', which no id is.").ExecuteAsync(context);
        try
        {
            if (Address.Routed(target) is { } path)
                context.Request.Path = new PathString(path); // converted, it would be decoded once more
        }
        catch (FormatException)
        {
            return Problem.Malformed("The address is not percent-encoded UTF-8.").ExecuteAsync(context);
        }
        Head.AskAsGet(context);
        return next(context);
    }
}
