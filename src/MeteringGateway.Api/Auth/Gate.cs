using System.Diagnostics;
using System.Net;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Requests;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace MeteringGateway.Api.Auth;

/// <summary>
/// The one thing in front of every endpoint: readiness, key, permission, tenant, rate, and what is told
/// when something goes wrong. Kept lean, because a check is cheaper than most middleware.
/// </summary>
internal sealed class Gate(
    RequestDelegate next, Readiness readiness, KeyRing keys, Books books, MeteringSettings settings, TimeProvider clock,
    ILogger<Gate> log)
{
    internal static readonly Problem NoKey = new(StatusCodes.Status401Unauthorized, "unauthorized",
        "There is no such key, or it has expired or was revoked.");

    private static readonly Problem NoField = NoKey with { Detail = "A key is needed: Authorization: Bearer <key>." };

    private static readonly Problem NoBearer = NoKey with
    {
        Detail = "The Authorization field must be the word Bearer, a space and the key.",
    };

    /// <summary>Headers that a proxy adds, beside those that begin with <c>X-Forwarded-</c>.</summary>
    private static readonly string[] OfProxies = ["Forwarded", "Via", "X-Real-IP"];

    /// <summary>Lists of what has an id of the caller's own.</summary>
    private static readonly string[] MadeByPut = ["tenants", "plans", "caps", "thresholds", "webhooks"];

    private static readonly Problem UnreadableKey = Problem.Unreadable("key", "of this request");

    private readonly MeteringLimits _limits = settings.Limits;
    private readonly Strangers _strangers = new(settings.Limits.FailedKeysPerMinute, clock, log);

    public Task Invoke(HttpContext context) =>
        Tracing.Caller is { Kind: ActivityKind.Server } span ? RequestSpan.Around(span, context, Enter)
            : Enter(context);

    private Task Enter(HttpContext context)
    {
        if (context.Request.Path.Value!.Contains('%', StringComparison.Ordinal)) Decode(context.Request.RouteValues);
        if (!books.AreShared) return Serve(context);
        return IsOfRuntimes(context) ? Abreast(context) : Within(context);
    }

    // Those who ask and report all the time ask one tenant, which has a time of its own; and streams have no end.
    private async Task Within(HttpContext context)
    {
        using var deadline = new Deadline(context, settings.Cluster.Patience, clock);
        await Abreast(context);
    }

    private Task Abreast(HttpContext context) => MayBeBehind(context) ? InvokeAbreast(context) : Serve(context);

    private static void Decode(RouteValueDictionary values)
    {
        foreach (var (name, value) in values.ToArray())
            if (value is string segment) values[name] = Address.Segment(segment);
    }

    // Where others write too: an unknown key may have been made a moment ago elsewhere, and what is configured may have
    // changed.
    private bool MayBeBehind(HttpContext context) =>
        context.GetEndpoint()?.Metadata is { } metadata && readiness.Problem is null
        && (metadata.GetMetadata<SeesBooks>() is not null
            || (metadata.GetMetadata<Demands>() is not null && KeyRing.IsKey(context.Request.Headers.Authorization)
                && keys.Find(context.Request.Headers.Authorization) is null));

    private async Task InvokeAbreast(HttpContext context)
    {
        try
        {
            await books.CatchUp(context.RequestAborted);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            await Finish(context, Task.FromException(failure));
            return;
        }
        await Serve(context);
    }

    private Task Serve(HttpContext context)
    {
        if (Refuse(context, out var caller) is { } refusal) return refusal.ExecuteAsync(context);
        if (caller is null) return Answer(context);
        if (!caller.Requests.TryTake(_limits.RequestsAtOnce))
            return Problem.TooManyAtOnce(_limits.RequestsAtOnce, "requests").ExecuteAsync(context);
        var served = Administers(context) ? Change(context, caller) : IsRead(context) ? ReadOut(context, caller)
            : Answer(context);
        if (!served.IsCompletedSuccessfully) return End(served, caller);
        caller.Requests.GiveBack();
        return served;
    }

    private static async Task End(Task served, Principal caller)
    {
        try
        {
            await served;
        }
        finally
        {
            caller.Requests.GiveBack();
        }
    }

    /// <summary>What changes settings, limits or money: few requests, and each worth a line.</summary>
    private static bool Administers(HttpContext context) =>
        !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method)
        && context.GetEndpoint()?.Metadata.GetMetadata<Demands>() is not null && !IsOfRuntimes(context);

    /// <summary>What may read much and answer much: lists, statements, entries, figures.</summary>
    private static bool IsRead(HttpContext context) =>
        (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        && context.GetEndpoint()?.Metadata.GetMetadata<Demands>() is { } demands
        && (demands.AnyOf & (Permission.UsageRead | Permission.OutcomesRead | Permission.EntriesRead)) != 0;

    // Each holds its page until that is read, however slowly.
    private async Task ReadOut(HttpContext context, Principal caller)
    {
        var large = context.GetEndpoint()?.Metadata.GetMetadata<AnswersMuch>() is not null;
        using var read = caller.Reads.Open(_limits.ReadsAtOnce);
        using var much = large ? caller.LargeReads.Open(AnswersMuch.AtOnce) : null;
        if (read is null) await Problem.TooManyAtOnce(_limits.ReadsAtOnce, "reads").ExecuteAsync(context);
        else if (large && much is null)
            await Problem.TooManyAtOnce(AnswersMuch.AtOnce, "reads with large answers").ExecuteAsync(context);
        else await Answer(context);
    }

    private static bool IsOfRuntimes(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<Demands>() is { } demands
        && (demands.AnyOf & (Permission.Allowance | Permission.EventsWrite | Permission.VerdictsWrite
            | Permission.Signals)) != 0;

    // They wait for each other, so that one key's must not be what all others wait behind.
    private async Task Change(HttpContext context, Principal caller)
    {
        using (var change = caller.Changes.Open(_limits.ChangesAtOnce))
        {
            if (change is not null) await Answer(context);
            else await Problem.TooManyAtOnce(_limits.ChangesAtOnce, "changes").ExecuteAsync(context);
        }
        Note(context, caller, context.Response.StatusCode);
    }

    private void Note(HttpContext context, Principal caller, int status)
    {
        if (caller.Lines.Next(clock) is not { } requests) return;
        if (KeyLines.IsOne(requests))
            log.LogInformation("{Method} {Path} by key {Key} ({Role}): {Status}", context.Request.Method,
                Path(context), caller.Id, caller.Role, status);
        else
            log.LogWarning("Key {Key} ({Role}) has sent {Requests} changes, or what it may not, in this minute",
                caller.Id, caller.Role, requests);
    }

    private static string? Path(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint endpoint && endpoint.Metadata.GetMetadata<NamesAPerson>() is not null
            ? endpoint.RoutePattern.RawText : context.Request.Path.Value;

    private Task Answer(HttpContext context)
    {
        try
        {
            var served = next(context);
            return served.IsCompletedSuccessfully && context.Response.StatusCode < 400 ? served
                : Finish(context, served);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return Finish(context, Task.FromException(failure));
        }
    }

    // Null lets the request through.
    private Problem? Refuse(HttpContext context, out Principal? caller)
    {
        caller = null;
        var endpoint = context.GetEndpoint();
        // No endpoint, or the router's own for a method or media type that is not served: nothing of ours is behind it.
        if (endpoint is not RouteEndpoint route) return null;
        if (endpoint.Metadata.GetMetadata<Open>() is { } open)
            return open.AnyQuery ? null : QueryNames.Refuse(route, context.Request);
        if (endpoint.Metadata.GetMetadata<Demands>() is not { } demands) return Problem.Forbidden(Permission.None);
        if (demands.OpenOnLoopback && IsOfThisMachine(context)) return QueryNames.Refuse(route, context.Request);
        if (readiness.Problem is { } notReady) return notReady;
        if (Caller(context) is not { } principal)
            return keys.IsUnreadable(context.Request.Headers.Authorization) ? UnreadableKey
                : _strangers.Note(context.Connection.RemoteIpAddress)
                    ?? WithoutKey(context.Request.Headers.Authorization);
        if (!principal.Bucket.TryTake(_limits.RequestsPerSecond, clock, out var wait)) return Problem.Throttled(wait);
        if (!principal.May(demands.AnyOf))
        {
            Note(context, principal, StatusCodes.Status403Forbidden);
            return Problem.Forbidden(demands.AnyOf);
        }
        if (context.Request.RouteValues.TryGetValue("tenant", out var tenant) && !principal.MaySee((string)tenant!))
            return Problem.UnknownTenant();
        if (QueryNames.Refuse(route, context.Request) is { } unknown) return unknown;
        if (endpoint.Metadata.GetMetadata<TakesBody>() is { } takes)
        {
            if (!takes.Accepts(context.Request.ContentType)) return Unsupported(takes, context.Request.ContentType);
            if (context.Request.Headers.ContentEncoding.Count > 0
                && ContentCoding.Decode(context, settings.Limits) is { } undecoded) return undecoded;
        }
        context.Features.Set(caller = principal);
        return null;
    }

    // What its form is says nothing of which keys there are.
    private static Problem WithoutKey(string? authorization) => string.IsNullOrEmpty(authorization) ? NoField
        : authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? NoKey : NoBearer;

    private Principal? Caller(HttpContext context) => context.Features.Get<SignedIn>()?.Caller
        ?? keys.Find(context.Request.Headers.Authorization);

    /// <summary>
    /// What a proxy on this machine hands on comes from loopback too: whoever sent it may be anywhere.
    /// </summary>
    private static bool IsOfThisMachine(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !context.Request.Headers.Any(header => IsOfAProxy(header.Key));

    private static bool IsOfAProxy(string header) =>
        header.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)
        || OfProxies.Contains(header, StringComparer.OrdinalIgnoreCase);

    private async Task Finish(HttpContext context, Task served)
    {
        try
        {
            await served;
            if (!context.Response.HasStarted && Bare(context) is { } problem)
                await problem.ExecuteAsync(context);
        }
        catch (OutOfMemoryException)
        {
            EndForMemory(context);
            throw;
        }
        catch (Exception thrown)
        {
            var failure = context.Features.Get<Deadline>()?.End(thrown) ?? thrown;
            if (context.RequestAborted.IsCancellationRequested) return;
            if (failure is StoreFailedException) readiness.Fail("the store has failed");
            if (context.Response.HasStarted)
            {
                // Whoever reads must see that this answer is not whole.
                log.LogError(failure, "A response broke off");
                context.Abort();
                return;
            }
            await Explain(failure, context).ExecuteAsync(context);
        }
    }

    /// <summary>For whomever it ran out: what is half done is not known, and a supervisor starts it again.</summary>
    private void EndForMemory(HttpContext context)
    {
        if (!readiness.Fail("memory has run out")) return;
        log.LogCritical("Memory has run out: the process ends");
        Environment.ExitCode = 1;
        context.RequestServices.GetRequiredService<IHostApplicationLifetime>().StopApplication();
    }

    private Problem Explain(Exception failure, HttpContext context)
    {
        switch (failure)
        {
            case ProblemException wrong:
                return wrong.Problem;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Problem.TooLarge(context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize
                    ?? settings.Limits.BodyBytes, "The body");
            case BadHttpRequestException { StatusCode: var status }:
                return new Problem(status, "malformed", "The request cannot be read.");
            case StoreFailedException:
                return readiness.Problem!;
            case StoreFullException:
                return Problem.NoRoom();
            case TenantFailedException failed: // logged where it arose, once
                return Problem.TenantUnavailable(failed.RetryAfter);
            case TenantUnavailableException or StoreException:
                log.LogWarning(failure, "A request was not answered");
                return Problem.Unavailable();
            default:
                log.LogError(failure, "A request failed");
                return new Problem(StatusCodes.Status500InternalServerError, "internal",
                    "Something went wrong here; it was logged with this request-id.");
        }
    }

    // What the router answers by a status alone.
    private static Problem? Bare(HttpContext context) => context.Response.StatusCode switch
    {
        < 400 => null,
        _ when context.Response.ContentLength > 0 || context.Response.ContentType is not null => null,
        StatusCodes.Status404NotFound => Problem.NotFound("not_found",
            "There is nothing at this address. What there is, is in /openapi/v1.json; most of it begins with /v1/."),
        StatusCodes.Status405MethodNotAllowed => NotAllowed(context),
        var status => new Problem(status, "malformed", "The request cannot be read."),
    };

    private static Problem NotAllowed(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Allow = Head.Allowed(headers.Allow.ToString());
        var list = context.Request.Path.Value!.TrimEnd('/');
        var hint = HttpMethods.IsPost(context.Request.Method)
            && MadeByPut.Contains(list[(list.LastIndexOf('/') + 1)..], StringComparer.Ordinal)
                ? $" One of them is made with PUT {list}/ID." : "";
        return new Problem(StatusCodes.Status405MethodNotAllowed, "method_not_allowed",
            $"Allowed here: {headers.Allow}.{hint}");
    }

    private static Problem Unsupported(TakesBody takes, string? given) =>
        new(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type",
            $"Content-Type must be {string.Join(" or ", takes.MediaTypes)}"
                + (given is null ? "; there is none." : $", not {Text.Cut(given)}."));
}
