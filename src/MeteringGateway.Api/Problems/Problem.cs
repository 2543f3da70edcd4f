using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Metadata;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Problems;

/// <summary>
/// An RFC 9457 problem. <c>code</c> is stable and what a caller should branch on; <c>detail</c> is for
/// people. Its type is <c>about:blank</c>, so none is written.
/// </summary>
internal sealed record Problem(int Status, string Code, string Detail) : IResult, IEndpointMetadataProvider
{
    public string Title { get; } = Words(Code);

    /// <summary>What is wrong with the input, each with a JSON pointer.</summary>
    public IReadOnlyList<ProblemError>? Errors { get; init; }

    /// <summary>With <c>cap_below_exposure</c>: what stands against the cap.</summary>
    public LimitWire? Exposure { get; init; }

    /// <summary>
    /// With <c>cap_below_exposure</c>: the values of <c>when_below_exposure</c> that would be accepted.
    /// </summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>Seconds, for the Retry-After field.</summary>
    [JsonIgnore]
    public int? RetryAfter { get; init; }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        if (Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        if (RetryAfter is { } seconds) response.Headers.RetryAfter = Text.Of(seconds);
        var body = JsonSerializer.SerializeToUtf8Bytes(this, WireJson.Typed<Problem>());
        response.ContentType = "application/problem+json";
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, httpContext.RequestAborted).AsTask();
    }

    // Every operation documents its problems in one place: see the API document's transformer.
    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder) { }

    private static string Words(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('_', ' ');

    public static Problem Malformed(string detail, params ProblemError[] errors) =>
        new(StatusCodes.Status400BadRequest, "malformed", detail) { Errors = errors.Length > 0 ? errors : null };

    public static Problem Invalid(IReadOnlyList<ProblemError> errors) =>
        new(StatusCodes.Status422UnprocessableEntity, "invalid", Summary(errors)) { Errors = errors };

    private static string Summary(IReadOnlyList<ProblemError> errors) =>
        errors is not [var only] ? $"{errors.Count} members are not valid; see errors"
            : only.Pointer.Length > 0 ? $"{only.Pointer} {only.Detail}"
            : only.Detail.StartsWith("must ", StringComparison.Ordinal) ? $"The body {only.Detail}"
            : char.ToUpperInvariant(only.Detail[0]) + only.Detail[1..];

    /// <summary>N1: of what a plan has before any tenant is on it; the rest is refused by the tenant.</summary>
    public static Problem AmountOverflow(string what) =>
        new(StatusCodes.Status422UnprocessableEntity, Names<Refusal>.Of(Refusal.AmountOverflow),
            $"{what} to more than {new Amount(TenantState.Most)}.");

    public static Problem NotFound(string code, string detail) => new(StatusCodes.Status404NotFound, code, detail);

    /// <summary>The same for a tenant that is not there and for one that the key may not see.</summary>
    public static Problem UnknownTenant() => NotFound("unknown_tenant", "There is no such tenant, or none that this key may see.");

    /// <summary>An event's, which is named in it.</summary>
    public static Problem UnknownSubject(string? tenant)
    {
        var detail = $"names no tenant that this key may see: '{Text.Cut(tenant ?? "")}'";
        return UnknownTenant() with { Detail = $"/subject {detail}", Errors = [new ProblemError("/subject", detail)] };
    }

    public static Problem Forbidden(Permission anyOf) =>
        new(StatusCodes.Status403Forbidden, "forbidden",
            $"The key lacks the permission {string.Join(" or ", Permissions.Names(anyOf))}"
                + $"; of the roles have it: {string.Join(", ", Permissions.RolesWith(anyOf))}.");

    /// <summary>It belongs to no tenant, and the key is bound to some.</summary>
    public static Problem Unbound() =>
        new(StatusCodes.Status403Forbidden, "forbidden",
            "This belongs to no tenant: it needs a key that is bound to none.");

    public static Problem ChangedMeanwhile() =>
        new(StatusCodes.Status409Conflict, "changed_meanwhile",
            "Somebody else changed it at the same time; read it again.");

    /// <summary>Nobody knows whether it was done.</summary>
    public static Problem Unavailable() =>
        new(StatusCodes.Status503ServiceUnavailable, "unavailable",
            "The tenant does not answer at present. What was asked may or may not have been done: send the same "
                + "again, with the same event ids or Idempotency-Key.")
        {
            RetryAfter = 1,
        };

    public static Problem Throttled(TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "throttled", "Too much a second with this key.")
        {
            RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)),
        };

    /// <summary>Nothing was done.</summary>
    public static Problem TooManyAtOnce(int most, string what) =>
        new(StatusCodes.Status429TooManyRequests, "too_many_at_once",
            $"A key, or a session in the console, has at most {most} {what} under way; a key that is "
                + $"bound to tenants, and those that it made, have at most {Shares.OfFamily * most} together.")
        {
            RetryAfter = 1,
        };

    public static Problem TooManyValues(int most) =>
        new(StatusCodes.Status413PayloadTooLarge, "too_large", $"The body holds more than {most} values.");

    /// <summary>Too many wait to change the same thing; nothing was done.</summary>
    public static Problem Busy() =>
        new(StatusCodes.Status503ServiceUnavailable, "busy",
            "Too many changes wait for their turn; nothing was done. Send the same again.")
        {
            RetryAfter = 1,
        };

    public static Problem TooManyStreams() =>
        new(StatusCodes.Status429TooManyRequests, "too_many_streams", "The key has as many streams open as it may.")
        {
            RetryAfter = 1,
        };

    /// <summary>The disk, or Redis, is full: nothing of it was done.</summary>
    public static Problem NoRoom() =>
        new(StatusCodes.Status507InsufficientStorage, "insufficient_storage",
            "There is no room in the gateway's store. Send the same again: what had been taken is recognised.")
        {
            RetryAfter = 5,
        };

    /// <summary>What is stored was written by a newer version of the gateway.</summary>
    public static Problem Unreadable(string kind, string id) =>
        new(StatusCodes.Status503ServiceUnavailable, "unreadable",
            $"The {kind} '{id}' was stored by a newer version of the gateway, and this one cannot read it; nothing "
                + "was done. Ask again when every process runs the newer version.")
        {
            RetryAfter = 60,
        };

    /// <summary>Something of ours is wrong with this tenant, and with no other.</summary>
    public static Problem TenantUnavailable(TimeSpan retryAfter) =>
        new(StatusCodes.Status503ServiceUnavailable, "tenant_unavailable",
            "Something is wrong with the tenant; it was logged, and it is tried again. Nothing says that what was "
                + "asked was done: send the same again, with the same event ids or Idempotency-Key.")
        {
            RetryAfter = Math.Max(1, (int)Math.Ceiling(retryAfter.TotalSeconds)),
        };

    public static Problem TooManyEvents(int limit) =>
        new(StatusCodes.Status413PayloadTooLarge, "too_large",
            $"A batch has at most {limit} events; a stream has as many as there are.");

    public static Problem TooLarge(long limit, string what) =>
        new(StatusCodes.Status413PayloadTooLarge, "too_large", $"{what} is larger than {limit} bytes.");
}

/// <param name="Pointer">RFC 6901 pointer into the request's JSON; empty for the whole.</param>
internal sealed record ProblemError(string Pointer, string Detail);

/// <summary>
/// Ends a request with a problem from where no result can be returned: while a parameter is being bound.
/// </summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
