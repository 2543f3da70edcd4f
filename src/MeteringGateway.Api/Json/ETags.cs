using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>
/// Entity tags (RFC 9110, 8.8.3) and the preconditions on them. A precondition and its change happen in one turn (see
/// <see cref="ITurns"/>), so that no update is lost in between.
/// </summary>
internal static class ETags
{
    // Ends what a PUT sets; what follows is of what is shown beside it.
    private const char Shown = '-';

    /// <summary>Of what is set, and shown as it was set.</summary>
    public static string Of<T>(T representation) => Quote(Hash(Bytes(representation)));

    /// <summary>
    /// Of what is set, and of what is shown beside it, which changes by itself: a reader is told of either, a writer is
    /// only held up by another writer.
    /// </summary>
    public static string Of<T, TShown>(T set, TShown shown) =>
        Quote($"{Hash(Bytes(set))}{Shown}{Hash(Bytes(shown))}");

    public static string Of(int version) => Quote(Text.Of(version));

    /// <summary>Of what is sent as it is.</summary>
    public static string OfContent(ReadOnlySpan<byte> content) => Quote(Hash(content));

    /// <summary>Sends a page with a tag of its own: each form of a thing has another.</summary>
    public static ContentHttpResult Tagged(this ContentHttpResult page, HttpContext context)
    {
        Send(context, OfContent(Encoding.UTF8.GetBytes(page.ResponseContent ?? "")));
        return page;
    }

    /// <summary>Lets a change happen that the caller's preconditions allow (13.2.2).</summary>
    /// <param name="current">Tag of what is there; null if there is nothing.</param>
    /// <exception cref="ProblemException">412 <c>precondition_failed</c>, or 400: one cannot be read.</exception>
    public static void Demand(HttpContext context, string? current)
    {
        var headers = context.Request.Headers;
        if (headers.IfMatch.Count == 0 && headers.IfNoneMatch.Count == 0) return;
        var there = current is null ? null : EntityTagHeaderValue.Parse(current);
        if (headers.IfMatch.Count > 0 && !Names(Read(headers.IfMatch, "If-Match"), there, isSet: true, strong: true))
            throw Failed(current is null ? "There is nothing there." : "It has changed since; read it again.");
        if (headers.IfNoneMatch.Count > 0
            && Names(Read(headers.IfNoneMatch, "If-None-Match"), there, isSet: true, strong: false))
            throw Failed("It is there already.");
    }

    public static void Send(HttpContext context, string tag) => context.Response.Headers.ETag = tag;

    /// <summary>
    /// A GET that is answered with 304 when the caller has what is there: the endpoint sends its tag, and makes what it
    /// would answer.
    /// </summary>
    public static RouteHandlerBuilder Conditional(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new MayBeKnown(), new ReadsField("If-None-Match"))
            .Refuses(StatusCodes.Status412PreconditionFailed, "precondition_failed")
            .AddEndpointFilter(async (invocation, next) =>
        {
            var result = await next(invocation);
            return Known(invocation.HttpContext) is { } status ? status : result;
        });

    /// <summary>A change that is only made where the caller's preconditions allow it.</summary>
    public static RouteHandlerBuilder OnlyIfMatches(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new ReadsField("If-Match"))
            .Refuses(StatusCodes.Status412PreconditionFailed, "precondition_failed");

    // One that cannot be read says nothing: the reader gets what is there.
    private static IResult? Known(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (context.Response.Headers.ETag.ToString() is not { Length: > 0 } tag) return null;
        var there = EntityTagHeaderValue.Parse(tag);
        if (headers.IfMatch.Count > 0 && !Names(Read(headers.IfMatch, "If-Match"), there, isSet: false, strong: true))
            throw Failed("It has changed since.");
        if (!EntityTagHeaderValue.TryParseStrictList(headers.IfNoneMatch, out var known)
            || !Names(known, there, isSet: false, strong: false)) return null;
        context.Response.ContentType = null;
        return TypedResults.StatusCode(StatusCodes.Status304NotModified);
    }

    private static IList<EntityTagHeaderValue> Read(StringValues field, string name) =>
        EntityTagHeaderValue.TryParseStrictList(field, out var tags)
            && (tags.Count == 1 || !tags.Contains(EntityTagHeaderValue.Any)) ? tags
            : throw new ProblemException(
                Problem.Malformed($"{name} must be * or a list of entity tags: \"a\", \"b\"."));

    /// <param name="isSet">Only what is set counts, where the tag tells it apart.</param>
    private static bool Names(IEnumerable<EntityTagHeaderValue> tags, EntityTagHeaderValue? there, bool isSet,
        bool strong)
    {
        if (there is null) return false;
        var end = isSet ? there.Tag.IndexOf(Shown) : -1;
        return tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (end < 0 ? tag.Compare(there, strong)
            : !(strong && tag.IsWeak) && tag.Tag.AsSpan().StartsWith(there.Tag.AsSpan(0, end + 1))));
    }

    private static ProblemException Failed(string detail) =>
        new(new Problem(StatusCodes.Status412PreconditionFailed, "precondition_failed", detail));

    private static byte[] Bytes<T>(T representation) =>
        JsonSerializer.SerializeToUtf8Bytes(representation, WireJson.Typed<T>());

    private static string Hash(ReadOnlySpan<byte> bytes) =>
        Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12));

    private static string Quote(string text) => $"\"{text}\"";
}

/// <summary>An endpoint that may answer 304.</summary>
internal sealed record MayBeKnown;
