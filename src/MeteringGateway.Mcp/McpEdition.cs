using MeteringGateway.Api.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Hosting;
using ModelContextProtocol.Protocol;

namespace MeteringGateway.Mcp;

/// <summary>
/// Tools for language models at <c>/mcp</c>, by the Model Context Protocol over streamable HTTP, without sessions: any
/// silo answers any request. Behind the gate like every other endpoint: key, rate, limits on what is under way.
/// </summary>
public static class McpEdition
{
    /// <summary>Of a request: arguments are a few names, and how they are read is not ours to bound.</summary>
    private const long MostBytes = 65_536;

    private const string Instructions =
        "Meters the outcomes of AI agents. Before you act, ask check_allowance whether you may; if it does not say "
        + "allow, stop or hand over as it tells you. Report what you achieved with report_outcome, once, under an id "
        + "of its own: the same id again is not counted again.";

    public static IHostApplicationBuilder AddMcp(this IHostApplicationBuilder builder)
    {
        builder.Services.AddMcpServer(options =>
        {
            options.ServerInfo = new Implementation { Name = "metering-gateway", Version = "1" };
            options.ServerInstructions = Instructions;
        }).WithHttpTransport(transport =>
        {
            transport.Stateless = true;
            // For each request: whoever calls sees what its key may do, and nothing else.
            transport.ConfigureSessionOptions = (context, options, _) =>
            {
                options.ToolCollection = [.. Tools.For(context)];
                return Task.CompletedTask;
            };
        });
        return builder;
    }

    public static WebApplication MapMcp(this WebApplication app)
    {
        app.MapMcp("/mcp").Needs(Tools.AnyOf).ExcludeFromDescription()
            .WithMetadata(new RequestSizeLimitAttribute(MostBytes));
        return app;
    }
}
