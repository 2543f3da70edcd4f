using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Usage;

/// <summary>Something that somebody did (D4).</summary>
/// <param name="Kind">What became true: <c>cap_set</c>, <c>grant_issued</c>, ...</param>
/// <param name="Data">The members of that kind, what was before among them.</param>
internal sealed record ChangeWire(long Sequence, string At, string Kind, JsonElement Data, ChangedByWire By);

/// <param name="Label">What the key was called when it was made; null: nothing, or it was forgotten.</param>
internal sealed record ChangedByWire(string KeyId, string Role, string? Label);

/// <summary>Who did what to a tenant, for all who may see its figures.</summary>
internal static class ChangeEndpoints
{
    /// <summary>Entries that are read for a page: what agents do lies between what people do.</summary>
    private const int MostEntries = 10_000;
    private const int AtOnce = 1_000;

    public static void MapChanges(this IEndpointRouteBuilder app) =>
        app.MapGet("/v1/tenants/{tenant}/changes", async Task<Results<Ok<ListWire<ChangeWire>>, Problem>> (
            string tenant, string? cursor, string? limit, ITenants tenants, KeyRing keys,
            CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            if (await tenants.Tenant(tenant, cancellation) is not { } figure
                || await tenants.Usage(tenant, null, cancellation) is not { } usage) return Problem.UnknownTenant();
            var before = Math.Min(paging.Position ?? long.MaxValue, usage.Sequence + 1);
            var (found, next) = await Read(tenants, tenant, before, paging.Limit, cancellation);
            return TypedResults.Ok(new ListWire<ChangeWire>(
                [.. found.Select(entry => Wire(entry.Wire(figure.Terms.Currency), keys))],
                next is { } at ? Cursors.Write(at) : null));
        }).WithTags("Usage").Needs(Permission.UsageRead).WithName("listChanges")
            .WithSummary("Who did what, newest first, with what was "
            + "before; a page may have fewer than asked for, and there are more as long as there is a cursor");

    /// <summary>Backwards, in windows; what comes next is before the last entry that was looked at.</summary>
    private static async Task<(List<JournalEntry> Found, long? Next)> Read(ITenants tenants, string tenant,
        long before, int limit, CancellationToken cancellation)
    {
        var found = new List<JournalEntry>();
        for (var read = 0; before > 1 && read < MostEntries; read += AtOnce)
        {
            var after = Math.Max(0, before - 1 - AtOnce);
            if (await tenants.Entries(tenant, after, (int)(before - 1 - after), cancellation) is not { } page) break;
            foreach (var entry in page.Items.Reverse().Where(entry => entry.Entry.Actor is not null))
            {
                if (found.Count == limit) return (found, found[^1].Sequence);
                found.Add(entry);
            }
            before = after + 1;
        }
        return (found, before > 1 ? before : null);
    }

    private static ChangeWire Wire(EntryWire entry, KeyRing keys) => new(entry.Sequence, entry.At, entry.Kind,
        entry.Data, new ChangedByWire(entry.Actor!.KeyId, entry.Actor.Role, keys.Label(entry.Actor.KeyId)));
}
