using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.SignIn;

/// <summary>Who is to be let into the console, and to what.</summary>
internal sealed record NewConsoleLinkWire
{
    /// <summary>Absent: that of the key that makes it.</summary>
    [RoleNames]
    public string? Role { get; init; }
    /// <summary><c>"*"</c>, or a list of tenant ids. Absent: those of the key that makes it.</summary>
    public TenantsWire? Tenants { get; init; }
    /// <summary>The page that it leads to: <c>/console</c> or a path below. Absent: the first.</summary>
    public string? To { get; init; }
}

/// <param name="Url">Whoever opens it first is signed in; it is a secret until then.</param>
internal sealed record ConsoleLinkWire(string Url, string ExpiresAt, [property: RoleNames] string Role,
    TenantsWire Tenants);

/// <summary>Links into the console, made by whoever knows people by other means than keys: an administrator, or the
/// vendor's own portal.</summary>
internal static class ConsoleLinkEndpoints
{
    public static void MapConsoleLinks(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/console-links", async Task<Results<Created<ConsoleLinkWire>, Problem>> (
            Body<NewConsoleLinkWire> body, Principal caller, HttpContext context, Sessions sessions, IStore store,
            MeteringSettings settings, CancellationToken cancellation) =>
        {
            var (findings, wanted) = (new Findings(), body.Value);
            var rights = Permission.None;
            if (wanted.Role is { } name && !Permissions.Roles.TryGetValue(name, out rights))
                findings.Add("/role", Findings.OneOf(name, Permissions.Roles.Keys.Order(StringComparer.Ordinal)));
            if (wanted.To is { } to && !IsWithin(to))
                findings.Add("/to", "must be /console or a path below it, with what is not ASCII percent-encoded");
            var tenants = Tenants(wanted.Tenants, findings);
            if (findings.Problem is { } invalid) return invalid;
            if (Beyond(rights, tenants, caller) is { } what) return Forbidden(what);
            await findings.Find(store, tenants, cancellation);
            if (findings.Problem is { } unknown) return unknown;
            var (code, end) = sessions.Make(caller, wanted.Role, tenants, wanted.To);
            var url = $"{Base(context, settings)}/console/enter?code={code}";
            return TypedResults.Created(url, new ConsoleLinkWire(url, end, wanted.Role ?? caller.Role,
                new TenantsWire(tenants ?? caller.Tenants?.Order(StringComparer.Ordinal).ToList())));
        }).WithTags("Keys").Needs(Permission.KeysWrite | Permission.UsageRead).Takes<NewConsoleLinkWire>()
            .Refuses(StatusCodes.Status409Conflict, "no_key_directory")
            .Refuses(StatusCodes.Status429TooManyRequests, "too_many_console_links")
            .WithName("createConsoleLink")
            .WithSummary("Make a link that signs somebody into the console, once and within minutes, with rights that "
                + "the key has, or fewer");
    }

    /// <summary>Where people reach the console: as the settings say, else as the caller reached this.</summary>
    private static string Base(HttpContext context, MeteringSettings settings) =>
        settings.Console.Url?.TrimEnd('/') ?? $"{context.Request.Scheme}://{context.Request.Host}";

    /// <summary>It is to be a header field of an answer, and leads nowhere else.</summary>
    public static bool IsWithin(string to) => to.Length <= 512
        && to.All(letter => letter is > ' ' and <= '~' and not '\\')
        && (to == "/console" || to.StartsWith("/console/", StringComparison.Ordinal)
            || to.StartsWith("/console?", StringComparison.Ordinal));

    private static IReadOnlyList<string>? Tenants(TenantsWire? wanted, Findings findings)
    {
        if (wanted?.Ids is null) return null;
        findings.NotEmpty("/tenants", wanted.Ids);
        return [.. findings.Each("/tenants", wanted.Ids, 100).Select(at => findings.Id(at.Pointer, at.Item))];
    }

    // Nobody hands out more than they have.
    private static string? Beyond(Permission rights, IReadOnlyList<string>? tenants, Principal caller)
    {
        if (tenants?.All(caller.MaySee) == false) return "a tenant that it is not bound to";
        var more = rights & ~caller.Permissions;
        if (tenants is not null || caller.Tenants is not null) more &= ~Permission.OpsRead;
        return more == Permission.None ? null : $"the permission {Permissions.Names(more)[0]}";
    }

    private static Problem Forbidden(string what) => new(StatusCodes.Status403Forbidden, "forbidden",
        $"A key cannot give away {what}, which it does not have.");
}
