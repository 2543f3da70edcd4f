namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Mcp</c> of the settings.</summary>
public sealed class McpSettings
{
    /// <summary><c>/mcp</c> is there: tools for language models, with the rights of the key that calls.</summary>
    public bool Enabled { get; set; }
}
