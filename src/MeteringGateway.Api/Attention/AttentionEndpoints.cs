using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Attention;

/// <summary>A tenant that is near or at a limit, and which: the most severe of its keys (S1).</summary>
/// <param name="State">Of that key.</param>
/// <param name="Key"><c>tenant</c>, <c>cap:</c> and a cap's id, or <c>funding:</c> and an outcome type's; null: the
/// tenant cannot be read at present, and the state is the one that is stored of it.</param>
/// <param name="Limit">What the key limits, as a check says it; null: of the tenant as a whole.</param>
internal sealed record AttentionWire(string Tenant, string State, string? Key, string? Reason, BindingWire? Limit);

/// <summary>
/// For those who watch many tenants: who it is comes from the index of states, and what it is about from the tenants of
/// the page.
/// </summary>
internal static class AttentionEndpoints
{
    /// <summary>Each is read, and loaded if it is not in memory.</summary>
    private const int MostTenants = 100;
    private const int AtOnce = 8;

    /// <summary>For all of a page: those that take longer are listed by the index alone.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void MapAttention(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/attention", async (Principal caller, ITenants tenants, TimeProvider clock, string? cursor,
            string? limit, CancellationToken cancellation) =>
        {
            var paging = Paging.From(cursor, limit);
            var count = Math.Min(paging.Limit, MostTenants);
            var rows = await tenants.Attention(caller.Tenants, After(paging), count + 1, cancellation);
            return TypedResults.Ok(new ListWire<AttentionWire>(
                await Read(tenants, rows.Take(count).ToList(), clock, cancellation),
                rows.Count > count ? Next(rows[count - 1]) : null));
        }).WithTags("Usage").Needs(Permission.UsageRead)
            .WithName("listAttention")
            .WithSummary("Tenants near or at a cap, or out of funding, with the limit; the most severe first");
    }

    internal static async Task<IReadOnlyList<AttentionWire>> Read(ITenants tenants, List<TenantInNeed> rows,
        TimeProvider clock, CancellationToken cancellation)
    {
        var read = new AttentionWire?[rows.Count];
        using var late = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        await Parallel.ForAsync(0, rows.Count, new ParallelOptions
        {
            MaxDegreeOfParallelism = AtOnce,
            CancellationToken = cancellation,
        }, async (at, _) => read[at] = await Read(tenants, rows[at], either.Token, cancellation));
        return [.. read.OfType<AttentionWire>()];
    }

    /// <returns>Null: it needs nobody any more.</returns>
    private static async ValueTask<AttentionWire?> Read(ITenants tenants, TenantInNeed row, CancellationToken either,
        CancellationToken callers)
    {
        try
        {
            return await tenants.Need(row.Tenant, either) is { } need
                ? new AttentionWire(row.Tenant, Names<LimitState>.Of(need.State), need.Key,
                    Names<DecisionReason>.Of(need.Reason), need.Limit?.Wire(need.Currency))
                : null;
        }
        catch (Exception failure) when (failure is TenantFailedException or TenantUnavailableException
            || (failure is OperationCanceledException && !callers.IsCancellationRequested))
        {
            return new AttentionWire(row.Tenant, Names<LimitState>.Of(row.State), null, null, null);
        }
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
