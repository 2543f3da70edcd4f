namespace MeteringGateway.Api.Requests;

/// <summary>
/// The path as the router matches it, made of the request's raw target. The server decodes all but <c>%2F</c>, and does
/// not tell whether a <c>%</c> in what comes of it was encoded itself: <c>a%2Fb</c> and <c>a%252Fb</c> become the same.
/// Here each segment is decoded once, and only <c>%</c> and <c>/</c> are written encoded again, so that segments stay
/// what they are until the router has told them apart.
/// </summary>
internal static class Address
{
    /// <summary>Null: the path has nothing encoded, and is what the server took it for.</summary>
    /// <exception cref="FormatException">It is not percent-encoded UTF-8.</exception>
    public static string? Routed(string rawTarget)
    {
        if (!rawTarget.Contains('%', StringComparison.Ordinal)) return null;
        var path = Path(rawTarget);
        return path.Contains('%') ? Percent.Decode(path, "%/") : null;
    }

    /// <summary>
    /// Whether a segment of the path is <c>.</c> or <c>..</c>, which the server resolves before anybody can look (RFC
    /// 3986, 5.2.4): what was meant as an id would lead to what is above it.
    /// </summary>
    public static bool HasDots(string rawTarget)
    {
        if (!rawTarget.Contains("/.", StringComparison.Ordinal)) return false;
        var path = Path(rawTarget);
        foreach (var segment in path.Split('/'))
            if (path[segment] is "." or "..") return true;
        return false;
    }

    /// <summary>What a segment of the routed path says.</summary>
    public static string Segment(string routed) =>
        routed.Contains('%', StringComparison.Ordinal)
            ? routed.Replace("%2F", "/", StringComparison.Ordinal).Replace("%25", "%", StringComparison.Ordinal)
            : routed;

    // Also of a target in absolute form, as clients of a proxy send it (RFC 9112, 3.2.2).
    private static ReadOnlySpan<char> Path(ReadOnlySpan<char> target)
    {
        if (target.IndexOf('?') is var query and >= 0) target = target[..query];
        if (target.StartsWith("/") || target.IndexOf("://") is not (var scheme and >= 0)) return target;
        var authority = target[(scheme + 3)..];
        return authority.IndexOf('/') is var slash and >= 0 ? authority[slash..] : "/";
    }
}
