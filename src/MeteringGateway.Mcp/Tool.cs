using System.Text.Json;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace MeteringGateway.Mcp;

/// <summary>A tool in the hands of one caller.</summary>
/// <param name="run">Answers, or throws what is wrong.</param>
internal sealed class Tool(ModelContextProtocol.Protocol.Tool form, Principal caller, HttpContext context,
    Func<Call, CancellationToken, Task<JsonElement>> run) : McpServerTool
{
    public override ModelContextProtocol.Protocol.Tool ProtocolTool => form;

    public override IReadOnlyList<object> Metadata => [];

    /// <summary>
    /// What is wrong is told as the problem that HTTP would answer: a model can read why, and mend it.
    /// </summary>
    public override async ValueTask<CallToolResult> InvokeAsync(RequestContext<CallToolRequestParams> request,
        CancellationToken cancellationToken = default)
    {
        try
        {
            var call = new Call(caller, context, request.Params?.Arguments ?? new Dictionary<string, JsonElement>());
            return Result(await run(call, cancellationToken), isError: false);
        }
        catch (ProblemException wrong)
        {
            return Result(JsonSerializer.SerializeToElement(wrong.Problem, WireJson.Typed<Problem>()), isError: true);
        }
    }

    private static CallToolResult Result(JsonElement content, bool isError) => new()
    {
        Content = [new TextContentBlock { Text = content.GetRawText() }],
        StructuredContent = content,
        IsError = isError,
    };
}
