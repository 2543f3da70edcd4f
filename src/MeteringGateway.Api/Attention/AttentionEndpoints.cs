using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Attention;

/// <summary>A tenant that is near or at a limit.</summary>
/// <param name="State">The most severe of its states (S1): its own, any cap's, any type's funding.</param>
internal sealed record AttentionWire(string Tenant, string State);

/// <summary>For those who watch many tenants: the index of states, which wakes nobody.</summary>
internal static class AttentionEndpoints
{
    public static void MapAttention(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/attention",
            async (Principal caller, ITenants tenants, string? cursor, string? limit, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            var rows = await tenants.Attention(caller.Tenants, After(paging), paging.Limit + 1, cancellation);
            var page = rows.Take(paging.Limit)
                .Select(row => new AttentionWire(row.Tenant, Names<LimitState>.Of(row.State))).ToList();
            return TypedResults.Ok(new ListWire<AttentionWire>(page,
                rows.Count > paging.Limit ? Next(rows[paging.Limit - 1]) : null));
        }).WithTags("Usage").Needs(Permission.UsageRead)
            .WithSummary("Tenants near or at a cap, or out of funding; the most severe first");
    }

    private static string Next(TenantInNeed last) => Cursors.Write($"{Text.Of((long)last.State)} {last.Tenant}");

    private static TenantInNeed? After(Paging paging)
    {
        if (paging.After is not { } text) return null;
        var at = text.IndexOf(' ', StringComparison.Ordinal);
        return at == 1 && byte.TryParse(text.AsSpan(0, 1), out var state) && Enum.IsDefined((LimitState)state)
            ? new TenantInNeed(text[2..], (LimitState)state)
            : throw Query.Wrong("cursor", "is not one of ours");
    }
}
