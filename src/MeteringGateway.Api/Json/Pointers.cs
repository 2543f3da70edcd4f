using System.Text;

namespace MeteringGateway.Api.Json;

/// <summary>JSON pointers (RFC 6901).</summary>
internal static class Pointers
{
    /// <summary>A name that is longer than any of ours is cut, and its length told (N4).</summary>
    public static string Escape(string name) =>
        Text.Cut(name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>From a reader's path: <c>$.caps[0]['a.b']</c> is <c>/caps/0/a.b</c>.</summary>
    public static string FromPath(string? path)
    {
        var pointer = new StringBuilder();
        for (var i = 1; path is not null && i < path.Length;)
        {
            int end;
            if (path[i] == '.') (i, end) = (i + 1, NextOf(path, i + 1, '.', '['));
            else if (path.AsSpan(i).StartsWith("['")) (i, end) = (i + 2, ClosingQuote(path, i + 2));
            else (i, end) = (i + 1, NextOf(path, i + 1, ']', ']'));
            pointer.Append('/').Append(Escape(path[i..end]));
            i = end;
            while (i < path.Length && path[i] is ']' or '\'') i++;
        }
        return pointer.ToString();
    }

    private static int NextOf(string path, int from, char a, char b)
    {
        var found = path.AsSpan(from).IndexOfAny(a, b);
        return found < 0 ? path.Length : from + found;
    }

    private static int ClosingQuote(string path, int from)
    {
        var found = path.IndexOf("']", from, StringComparison.Ordinal);
        return found < 0 ? path.Length : found;
    }
}
