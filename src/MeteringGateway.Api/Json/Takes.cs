using Microsoft.Net.Http.Headers;

namespace MeteringGateway.Api.Json;

/// <summary>
/// What an endpoint reads, and in which media types: both served by it and written in the API document.
/// </summary>
/// <param name="Document">Type of the JSON document.</param>
internal sealed record TakesBody(Type Document, string[] MediaTypes)
{
    public bool Accepts(string? contentType)
    {
        if (contentType is null) return false;
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        if (end >= 0 && !IsUtf8(contentType)) return false;
        var media = (end < 0 ? contentType : contentType.AsSpan(0, end)).Trim();
        foreach (var type in MediaTypes)
            if (media.Equals(type, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private static bool IsUtf8(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var media)
            && HeaderUtilities.RemoveQuotes(media.Charset).ToString().ToLowerInvariant() is "" or "utf-8" or "us-ascii";
}

/// <summary>
/// Another answer with a status that the endpoint has already: in another media type, or of another form.
/// </summary>
internal sealed record AlsoAnswers(int Status, Type Document, string MediaType);

/// <summary>A header field of requests that an endpoint reads, for the API document.</summary>
internal sealed record ReadsField(string Name, bool IsRequired = false);

/// <summary>A header field of answers, for the API document.</summary>
/// <param name="Says">A sentence.</param>
internal sealed record SendsField(string Name, string Says);

internal static class TakesExtensions
{
    public const string Json = "application/json";

    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, params string[] mediaTypes) =>
        endpoint.WithMetadata(new TakesBody(typeof(T), mediaTypes.Length > 0 ? mediaTypes : [Json]));

    public static RouteHandlerBuilder Also<T>(this RouteHandlerBuilder endpoint, int status, string mediaType = Json) =>
        endpoint.WithMetadata(new AlsoAnswers(status, typeof(T), mediaType));
}
