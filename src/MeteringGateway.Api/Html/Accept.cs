using Microsoft.Net.Http.Headers;

namespace MeteringGateway.Api.Html;

/// <summary>Which of the media types that an endpoint serves the caller likes best.</summary>
internal static class Accept
{
    /// <param name="served">The first is what those get who do not say, or say nothing that is served.</param>
    public static string Choose(HttpRequest request, params ReadOnlySpan<string> served)
    {
        var chosen = served[0];
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var ranges)) return chosen;
        var best = 0.0;
        foreach (var type in served)
        {
            var quality = Quality(MediaTypeHeaderValue.Parse(type), ranges);
            if (quality > best) (chosen, best) = (type, quality);
        }
        return chosen;
    }

    // The most specific range that a type falls into decides (RFC 9110, 12.5.1).
    private static double Quality(MediaTypeHeaderValue type, IList<MediaTypeHeaderValue> ranges)
    {
        var (found, quality) = (-1, 0.0);
        foreach (var range in ranges)
        {
            var specific = range.MatchesAllTypes ? 0 : range.MatchesAllSubTypes ? 1 : 2;
            if (specific > found && type.IsSubsetOf(range)) (found, quality) = (specific, range.Quality ?? 1);
        }
        return quality;
    }
}
