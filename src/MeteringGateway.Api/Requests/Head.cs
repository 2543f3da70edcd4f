namespace MeteringGateway.Api.Requests;

/// <summary>
/// HEAD is answered wherever GET is, by the same code, with the same fields (RFC 9110, 9.3.2). The server itself sends
/// nothing of a body when HEAD was asked.
/// </summary>
internal sealed class Head
{
    private static readonly Head Asked = new();

    private Head()
    {
    }

    public static void AskAsGet(HttpContext context)
    {
        if (!HttpMethods.IsHead(context.Request.Method)) return;
        context.Request.Method = HttpMethods.Get;
        context.Features.Set(Asked);
    }

    /// <summary>Whether a body would be made for nobody: of what is long, or has no end, none is.</summary>
    public static bool WasAsked(HttpContext context) => context.Features.Get<Head>() is not null;

    /// <summary>What a resource allows, from what the router knows of it.</summary>
    public static string Allowed(string methods) =>
        methods.Split(", ").Contains(HttpMethods.Get) && !methods.Contains(HttpMethods.Head, StringComparison.Ordinal)
            ? $"{methods}, {HttpMethods.Head}" : methods;
}
