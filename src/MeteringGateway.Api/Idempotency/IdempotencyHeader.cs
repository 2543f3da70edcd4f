using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Idempotency;

/// <summary>
/// The Idempotency-Key field: the same key and content, the same answer, for 24 hours; of what made nothing, nothing is
/// remembered.
/// </summary>
internal static class IdempotencyHeader
{
    /// <summary>Null when there is none.</summary>
    /// <exception cref="ProblemException">It is not 1 to 255 visible characters.</exception>
    public static string? Read(HttpContext context)
    {
        var values = context.Request.Headers["Idempotency-Key"];
        if (values.Count == 0) return null;
        if (values is [{ Length: >= 1 and <= 255 } key] && Ids.IsName(key, 255)) return key;
        throw new ProblemException(Problem.Malformed("Idempotency-Key must be there once, with 1 to 255 characters."));
    }

    /// <summary>The key, where nothing is done without one.</summary>
    public static string Demand(HttpContext context) => Read(context)
        ?? throw new ProblemException(new Problem(StatusCodes.Status400BadRequest, "idempotency_key_required",
            "An Idempotency-Key is required: the same key never buys twice, however often it is sent."));

    /// <summary>An endpoint that reads the field.</summary>
    public static RouteHandlerBuilder MayRepeat(this RouteHandlerBuilder endpoint, bool isRequired = false)
    {
        endpoint.WithMetadata(new ReadsField("Idempotency-Key", isRequired))
            .Refuses(Refusal.IdempotencyKeyReused)
            .Refuses(StatusCodes.Status409Conflict, "idempotency_still_running");
        return isRequired ? endpoint.Refuses(StatusCodes.Status400BadRequest, "idempotency_key_required") : endpoint;
    }

    /// <summary>Decides the command, at most once if the request has the field.</summary>
    public static async ValueTask<Answer> ExecuteOnce(
        this ITenants tenants, HttpContext context, string tenant, Command command, Principal caller,
        ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        if (Read(context) is not { } header) return await tenants.Execute(tenant, command, cancellation);
        var key = new IdempotencyKey($"{caller.Id}:{header}", Content(context, body.Span));
        return await tenants.ExecuteOnce(tenant, command, key, cancellation) switch
        {
            Once.Answered { Answer: var answer } => answer,
            Once.KeyReused => throw new ProblemException(Reused()),
            _ => throw new ProblemException(StillRunning()),
        };
    }

    public static Problem Reused() =>
        new(StatusCodes.Status422UnprocessableEntity, "idempotency_key_reused",
            "This Idempotency-Key was used with other content.");

    public static Problem StillRunning() =>
        new(StatusCodes.Status409Conflict, "idempotency_still_running",
            "The first request with this Idempotency-Key is still running.") { RetryAfter = 1 };

    private static byte[] Content(HttpContext context, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{context.Request.Method} {context.Request.Path}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }
}
