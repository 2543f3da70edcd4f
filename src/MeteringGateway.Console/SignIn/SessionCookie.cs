using MeteringGateway.Api.SignIn;
using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;

namespace MeteringGateway.ConsolePages;

/// <summary>The cookie that a session is in: for this server alone, out of any script's reach.</summary>
internal static class SessionCookie
{
    private const string Name = "metering-console";

    public static async Task<(Principal Caller, Session Session)?> Find(HttpContext context) =>
        context.Request.Cookies[Name] is { Length: > 0 and < 8192 } sealedSession
            && context.RequestServices.GetRequiredService<Readiness>().Problem is null
            ? await context.RequestServices.GetRequiredService<Sessions>().Find(sealedSession,
                context.RequestServices.GetRequiredService<IStore>(), context.RequestAborted)
            : null;

    public static void Set(HttpContext context, string sealedSession) =>
        context.Response.Cookies.Append(Name, sealedSession, Options(context));

    public static void Remove(HttpContext context) => context.Response.Cookies.Delete(Name, Options(context));

    /// <summary>Browsers say where a form comes from; one that says nothing is told by what is in the form.</summary>
    public static bool IsFromElsewhere(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0) return site is not ("same-origin" or "none");
        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0 && (!Uri.TryCreate(origin, UriKind.Absolute, out var from)
            || !from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A link from elsewhere leads in (lax), a form from elsewhere does not.</summary>
    private static CookieOptions Options(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps || context.Request.Headers["X-Forwarded-Proto"] == "https",
        Path = "/console",
    };
}
