namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Mcp</c> of the settings.</summary>
public sealed class McpSettings
{
    /// <summary>
    /// <c>/mcp</c> is there: <see href="agents.md#tools-for-a-language-model-mcp">tools for language models</see>, each
    /// with the rights of the key that calls.
    /// </summary>
    public bool Enabled { get; set; }
}
