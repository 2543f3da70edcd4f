namespace MeteringGateway.ConsolePages.Words;

/// <summary>The query of an address.</summary>
public static class Query
{
    /// <summary>With those that are something; empty where none is.</summary>
    public static string Of(params ReadOnlySpan<(string Name, string? Value)> all)
    {
        var query = "";
        foreach (var (name, value) in all)
            if (value is { Length: > 0 })
                query += $"{(query.Length == 0 ? '?' : '&')}{name}={Uri.EscapeDataString(value)}";
        return query;
    }
}
