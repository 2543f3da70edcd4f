using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Idempotency;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Tenants;

namespace MeteringGateway.Api.Keys;

/// <summary>Keys are made, listed and ended by an administrator.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/key", (Principal caller, KeyRing ring) => TypedResults.Ok(new OwnKeyWire(
            caller.Id, caller.Role, new TenantsWire(caller.Tenants?.Order(StringComparer.Ordinal).ToList()),
            Permissions.Names(caller.Permissions), caller.ExpiresAt?.ToString(), ring.Label(caller.Id))))
            .WithTags("Keys").Needs(Permission.All).WithName("getOwnKey")
            .WithSummary("Whose key it is that asks, and what it may do");

        var keys = app.MapGroup("/v1/keys").WithTags("Keys").AsConfigured().Needs(Permission.KeysWrite);

        keys.MapPost("", async Task<Results<Created<CreatedKeyWire>, Problem>> (
            Body<NewKeyWire> body, Principal caller, HttpContext context, KeyRing ring, IStore store,
            ITurns turns, MeteringSettings settings, TimeProvider clock, CancellationToken cancellation) =>
        {
            var findings = new Findings();
            var wanted = Read(body.Value, Instant.From(clock.GetUtcNow()), findings);
            if (findings.Problem is { } invalid) return invalid;
            if (Beyond(wanted, caller) is { } forbidden) return forbidden;
            await findings.Find(store, wanted.Tenants, cancellation);
            if (findings.Problem is { } unknown) return unknown;
            wanted = wanted with { Request = SHA256.HashData(body.Bytes.Span), Family = ring.FamilyBy(caller) };
            await using var turn = await turns.Take("keys", cancellation);
            return await Make(wanted, caller, context, ring, store, settings.Limits, cancellation);
        }).Takes<NewKeyWire>()
            .Refuses(StatusCodes.Status409Conflict, "too_many_keys")
            .WithName("createKey").MayRepeat().WithSummary("Make a key; it is shown this once");

        keys.MapGet("", (KeyRing ring, Principal caller, string? cursor, string? limit) =>
            TypedResults.Ok(Paging.From(cursor, limit)
                .Page(ring.All.Where(key => Within(key.Key, caller)), key => key.Id, key => Write(key.Id, key.Key))))
            .WithName("listKeys").WithSummary("Every key, without its secret");

        keys.MapDelete("/{id}", async Task<Results<NoContent, Problem>> (
            string id, Principal caller, KeyRing ring, IStore store, ITurns turns,
            CancellationToken cancellation) =>
        {
            if (ring.Stored(id) is not { } key || !Within(key, caller))
                return Problem.NotFound("unknown_key", "There is no such key.");
            await using var turn = await turns.Take("keys", cancellation); // of two that are ended, one is not the last
            if (ring.IsLastAdministrator(id)) return LastAdministrator;
            await ring.Revoke(store, id, caller.Id, cancellation);
            return TypedResults.NoContent();
        })
            .Refuses(StatusCodes.Status404NotFound, "unknown_key")
            .Refuses(StatusCodes.Status409Conflict, "last_administrator")
            .WithName("revokeKey").WithSummary("End a key at once");
    }

    private static async Task<Results<Created<CreatedKeyWire>, Problem>> Make(
        StoredKey wanted, Principal caller, HttpContext context, KeyRing ring, IStore store,
        MeteringLimits limits, CancellationToken cancellation)
    {
        var header = IdempotencyHeader.Read(context);
        var callersKey = context.Request.Headers.Authorization.ToString()["Bearer ".Length..];
        for (var generation = 0; ; generation++)
        {
            var (id, key) = header is null ? Secrets.Random() : ring.Derived(callersKey, header, generation);
            var made = wanted with { Hash = KeyRing.Hash(key) };
            if (ring.Stored(id) is null && TooMany(ring, wanted, caller, limits) is { } tooMany) return tooMany;
            if (ring.Stored(id) is null && await ring.Add(store, id, made, caller.Id, cancellation))
                return Shown(id, key, made);
            if (ring.Stored(id) is not { } first) continue; // one that has been forgotten
            if (Instant.Parse(wanted.CreatedAt) - Instant.Parse(first.CreatedAt) > TimeSpan.FromHours(24)) continue;
            return first.Request.AsSpan().SequenceEqual(wanted.Request) ? Shown(id, key, first)
                : IdempotencyHeader.Reused();
        }
    }

    private static Created<CreatedKeyWire> Shown(string id, string key, StoredKey made) => TypedResults.Created(
        $"/v1/keys/{id}",
        new CreatedKeyWire(id, key, made.Role, new TenantsWire(made.Tenants), made.Permissions, made.ExpiresAt,
            made.Label, made.CreatedAt));

    public static KeyWire Write(string id, StoredKey key) =>
        new(id, key.Role, new TenantsWire(key.Tenants), key.Permissions, key.ExpiresAt, key.Label, key.CreatedAt,
            key.RevokedAt);

    private static readonly Problem LastAdministrator = new(StatusCodes.Status409Conflict, "last_administrator",
        "It is the last administrator's key that does not expire: make another one first.");

    // Nobody hands out, or sees, more than they have.
    private static bool Within(StoredKey key, Principal caller) =>
        caller.Tenants is null || (key.Tenants is { } tenants && tenants.All(caller.Tenants.Contains));

    // Keys are kept for good: one that has ended counts for a day, so that nobody makes them grow by ending them.
    private static Problem? TooMany(KeyRing ring, StoredKey wanted, Principal caller, MeteringLimits limits)
    {
        var now = Instant.Parse(wanted.CreatedAt);
        var (all, bound) = (0, 0);
        foreach (var key in ring.Unordered)
        {
            if (Counts(key, now)) all++;
            if (caller.Tenants is not null && Within(key, caller) && Counts(key, now)) bound++;
        }
        var most = bound >= limits.BoundKeys ? limits.BoundKeys : all >= limits.Keys ? limits.Keys : (int?)null;
        return most is null ? null : new Problem(StatusCodes.Status409Conflict, "too_many_keys",
            $"There are {most} keys that are in force or were made within a day, and may be no more.");
    }

    private static bool Counts(StoredKey key, Instant now) =>
        now - Instant.Parse(key.CreatedAt) < TimeSpan.FromDays(1)
        || (key.RevokedAt is null && !(key.ExpiresAt is { } end && Instant.Parse(end) <= now));

    private static Problem? Beyond(StoredKey wanted, Principal caller)
    {
        // Of a bound key that one is worth nothing, whoever gives it.
        var more = wanted.Permissions.Where(name => Permissions.TryParse(name, out var one) && !caller.May(one)
            && (one != Permission.OpsRead || wanted.Tenants is null)).ToList();
        if (more.Count == 0 && Within(wanted, caller)) return null;
        var what = more.Count > 0 ? $"the permission {more[0]}" : "a tenant that it is not bound to";
        return new Problem(StatusCodes.Status403Forbidden, "forbidden",
            $"A key cannot give away {what}, which it does not have.");
    }

    private static StoredKey Read(NewKeyWire key, Instant now, Findings findings)
    {
        var bundle = Permission.None;
        if (key.Role is null || !Permissions.Roles.TryGetValue(key.Role, out bundle))
            findings.Add("/role", Findings.OneOf(key.Role, Permissions.Roles.Keys.Order(StringComparer.Ordinal)));
        var expires = findings.Time("/expires_at", key.ExpiresAt);
        if (expires <= now) findings.Add("/expires_at", "must be in the future");
        return new StoredKey(
            [], key.Role ?? "", ReadTenants(key.Tenants, findings), Narrowed(key, bundle, findings),
            expires?.ToString(),
            findings.OptionalName("/label", key.Label), now.ToString(), Request: null, RevokedAt: null);
    }

    private static IReadOnlyList<string> Narrowed(NewKeyWire key, Permission bundle, Findings findings)
    {
        if (key.Permissions is null) return Permissions.Names(bundle);
        findings.NotEmpty("/permissions", key.Permissions);
        var narrowed = Permission.None;
        foreach (var (pointer, name) in findings.Each("/permissions", key.Permissions, 32))
        {
            if (Permissions.TryParse(name, out var one) && (bundle & one) != 0) narrowed |= one;
            else if (bundle != Permission.None)
                findings.Add(pointer, $"{Findings.OneOf(name, Permissions.Names(bundle))}: the role {key.Role} has no others");
        }
        return Permissions.Names(narrowed);
    }

    private static IReadOnlyList<string>? ReadTenants(TenantsWire? tenants, Findings findings)
    {
        if (tenants is { Ids: null }) return null;
        if (tenants is null) findings.Add("/tenants", "is required: \"*\" or a list of tenant ids");
        findings.NotEmpty("/tenants", tenants?.Ids);
        return [.. findings.Each("/tenants", tenants?.Ids, 1000).Select(at => findings.Id(at.Pointer, at.Item))];
    }
}
