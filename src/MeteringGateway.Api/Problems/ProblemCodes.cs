using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Problems;

/// <summary>A problem code that an endpoint may answer, for the API document.</summary>
internal sealed record MayRefuse(int Status, string Code);

/// <summary>
/// The problem codes of an endpoint: what its own command may be refused for stands beside it, and what comes of what
/// it is (it has a key, a body, a tenant in its path) is said here once. No code is answered that is not listed, but
/// for <c>internal</c>: a test looks at every answer of every test.
/// </summary>
internal static class ProblemCodes
{
    public static TBuilder Refuses<TBuilder>(this TBuilder endpoint, params Refusal[] refusals)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(
            [.. refusals.Select(one => new MayRefuse(Refusals.Status(one), Names<Refusal>.Of(one)))]);

    public static TBuilder Refuses<TBuilder>(this TBuilder endpoint, int status, params string[] codes)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata([.. codes.Select(code => new MayRefuse(status, code))]);

    /// <summary>By status, each list in order.</summary>
    public static ILookup<int, string> Of(IList<object> metadata, string method, string path) =>
        metadata.OfType<MayRefuse>().Concat(OfAll(metadata)).Concat(OfBodies(metadata))
            .Concat(path.Contains("{tenant}", StringComparison.Ordinal) ? OfTenants : [])
            .Concat(method == HttpMethods.Get ? [] : OfChanges)
            .Distinct().OrderBy(one => one.Status).ThenBy(one => one.Code, StringComparer.Ordinal)
            .ToLookup(one => one.Status, one => one.Code);

    // An address that cannot be read, and a query parameter that is not known.
    private static IEnumerable<MayRefuse> OfAll(IList<object> metadata)
    {
        yield return new(StatusCodes.Status400BadRequest, "malformed");
        yield return new(StatusCodes.Status422UnprocessableEntity, "invalid");
        if (!metadata.OfType<Demands>().Any()) yield break;
        yield return new(StatusCodes.Status401Unauthorized, "unauthorized");
        yield return new(StatusCodes.Status403Forbidden, "forbidden");
        yield return new(StatusCodes.Status429TooManyRequests, "throttled");
        yield return new(StatusCodes.Status429TooManyRequests, "too_many_at_once");
        yield return new(StatusCodes.Status503ServiceUnavailable, "not_ready");
        yield return new(StatusCodes.Status503ServiceUnavailable, "unavailable");
        yield return new(StatusCodes.Status503ServiceUnavailable, "unreadable");
    }

    private static IEnumerable<MayRefuse> OfBodies(IList<object> metadata)
    {
        if (!metadata.OfType<TakesBody>().Any()) yield break;
        yield return new(StatusCodes.Status413PayloadTooLarge, "too_large");
        yield return new(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type");
    }

    private static readonly MayRefuse[] OfTenants =
    [
        new(StatusCodes.Status404NotFound, "unknown_tenant"),
        new(StatusCodes.Status503ServiceUnavailable, "tenant_unavailable"),
    ];

    private static readonly MayRefuse[] OfChanges =
    [
        new(StatusCodes.Status503ServiceUnavailable, "busy"),
        new(StatusCodes.Status507InsufficientStorage, "insufficient_storage"),
    ];
}
