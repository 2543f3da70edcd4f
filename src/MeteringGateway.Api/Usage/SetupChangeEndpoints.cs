using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Usage;

/// <summary>A version of what is no tenant's journal: who made it, and what was before (D4).</summary>
/// <param name="Of">What it is a version of.</param>
/// <param name="Before">As it was; null: it is the first, or the one before cannot be read.</param>
/// <param name="After">As it is since; null: it is no more. Of a key the second version is its end.</param>
internal sealed record SetupChangeWire([property: Values("key", "plan", "webhook", "email")] string Of, string Id,
    int Version, string At, JsonElement? Before, JsonElement? After, SetupByWire By);

/// <param name="KeyId">Or <c>settings</c>, <c>start</c>, <c>link</c>: no key that was made.</param>
/// <param name="Role">Null: no key, or it was forgotten.</param>
/// <param name="Label">What the key was called when it was made; null: nothing, or it was forgotten.</param>
internal sealed record SetupByWire(string KeyId, [property: RoleNames] string? Role, string? Label);

/// <summary>Who made, changed and ended the keys, the plan and the receivers of a tenant.</summary>
internal static class SetupChangeEndpoints
{
    public static void MapSetupChanges(this IEndpointRouteBuilder app) =>
        app.MapGet("/v1/tenants/{tenant}/setup-changes", async Task<Results<Ok<ListWire<SetupChangeWire>>, Problem>> (
            string tenant, string? cursor, string? limit, ITenants tenants, IStore store, KeyRing keys, ITurns turns,
            Principal caller, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure) return Problem.UnknownTenant();
            // All documents of a kind are read: by one at a time.
            await using var turn = await turns.Take("setup-changes", cancellation);
            var all = await Read(store, tenant, figure.Plan.Id, caller, keys, cancellation);
            var before = (int)Math.Clamp(paging.Position ?? all.Count, 0, all.Count);
            var from = Math.Max(0, before - paging.Limit);
            return TypedResults.Ok(new ListWire<SetupChangeWire>([.. all[from..before].AsEnumerable().Reverse()],
                from > 0 ? Cursors.Write(from) : null));
        }).WithTags("Usage").AsConfigured().Needs(Permission.EntriesRead | Permission.KeysWrite).AnsweringMuch()
            .WithName("listSetupChanges")
            .WithSummary("Who made, changed and ended the keys, the plan, the webhooks and the addresses of a tenant, "
                + "newest first, with what was before");

    /// <summary>Oldest first: what comes later is added at the end.</summary>
    private static async Task<List<SetupChangeWire>> Read(IStore store, string tenant, string plan, Principal caller,
        KeyRing keys, CancellationToken cancellation)
    {
        var found = new List<(Instant At, SetupChangeWire Wire)>();
        foreach (var kind in new[] { KeyRing.Kind, PlanBook.PlanKind, WebhookBook.Kind })
            foreach (var one in (await store.Documents(kind, cancellation)).GroupBy(document => document.Id))
            {
                if (kind == PlanBook.PlanKind && one.Key != plan) continue;
                JsonElement? before = null;
                var isMeant = kind == PlanBook.PlanKind;
                foreach (var version in one.OrderBy(document => document.Version))
                {
                    var (after, tenants) = Shown(version);
                    isMeant = kind == PlanBook.PlanKind || (after is null ? isMeant : IsMeant(tenants, tenant, caller));
                    if (isMeant) found.Add((version.At, Wire(version, before, after, keys)));
                    before = after;
                }
            }
        return [.. found.OrderBy(one => one.At).ThenBy(one => one.Wire.Of, StringComparer.Ordinal)
            .ThenBy(one => one.Wire.Id, StringComparer.Ordinal).ThenBy(one => one.Wire.Version)
            .Select(one => one.Wire)];
    }

    /// <summary>It concerns the tenant, and no tenant that the caller may not see.</summary>
    private static bool IsMeant(IReadOnlyList<string?>? bound, string tenant, Principal caller) =>
        bound is null ? caller.Tenants is null
            : bound.Contains(tenant) && bound.All(one => one is not null && caller.MaySee(one));

    /// <summary>What of a version may be seen: no hash, no secret. Null: it is no more, or cannot be read.</summary>
    private static (JsonElement? Json, IReadOnlyList<string?>? Tenants) Shown(Document version)
    {
        try
        {
            switch (version.Kind)
            {
                case KeyRing.Kind:
                    var key = JsonSerializer.Deserialize(version.Content, StoredDocument.Typed<StoredKey>())!;
                    return (Json(KeyEndpoints.Write(version.Id, key)), key.Tenants);
                case PlanBook.PlanKind:
                    return (Json(JsonSerializer.Deserialize(version.Content, StoredDocument.Typed<PlanWire>())!), null);
                default:
                    var content = JsonSerializer.Deserialize(version.Content, WireJson.Typed<JsonElement>());
                    if (!content.TryGetProperty("id", out _)) return (null, null); // it was deleted
                    if (OwnId.TenantOf(version.Id) is { } owner) return (content, [owner]);
                    return (content, JsonSerializer.Deserialize(version.Content, WireJson.Typed<WebhookWire>())!
                        .Tenants.Ids);
            }
        }
        catch (JsonException)
        {
            return (null, null); // of a version of the program that comes later
        }
    }

    private static JsonElement Json<T>(T wire) => JsonSerializer.SerializeToElement(wire, WireJson.Typed<T>());

    private static SetupChangeWire Wire(Document version, JsonElement? before, JsonElement? after, KeyRing keys) => new(
        version.Kind != WebhookBook.Kind ? version.Kind : OwnId.IsEmail(version.Id) ? "email" : "webhook",
        OwnId.IdOf(version.Id), version.Version, version.At.ToString(), before, after,
        new SetupByWire(version.Actor, keys.Unforgotten(version.Actor)?.Role, keys.Label(version.Actor)));
}
