using System.Diagnostics;
using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// The span that the web server began for a request, named by what was asked. Of the address it has the pattern alone:
/// what stands in its place may name a person.
/// </summary>
internal static class RequestSpan
{
    /// <param name="answer">Answers the request.</param>
    public static async Task Around(Activity span, HttpContext context, Func<HttpContext, Task> answer)
    {
        if (context.GetEndpoint() is RouteEndpoint route) Name(span, route, context);
        try
        {
            await answer(context);
        }
        finally
        {
            var status = context.Response.StatusCode;
            span.SetTag("http.response.status_code", status);
            if (status >= StatusCodes.Status500InternalServerError) span.SetStatus(ActivityStatusCode.Error);
        }
    }

    private static void Name(Activity span, RouteEndpoint route, HttpContext context)
    {
        // Whoever watches asks for health and figures all day: that is no trace of anybody's.
        if (route.Metadata.GetMetadata<Demands>() is not { OpenOnLoopback: false })
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        span.DisplayName = $"{context.Request.Method} {route.RoutePattern.RawText}";
        span.SetTag("http.request.method", context.Request.Method).SetTag("http.route", route.RoutePattern.RawText);
        if (context.Request.RouteValues.TryGetValue("tenant", out var tenant)) span.SetTag("metering.tenant", tenant);
    }

    /// <summary>What a check or a reservation came to.</summary>
    public static void Decided(Decision decision) => Tracing.Caller?
        .SetTag("metering.decision", Json.Names<DecisionKind>.Of(decision.Kind))
        .SetTag("metering.reason", Json.Names<DecisionReason>.Of(decision.Reason));
}
