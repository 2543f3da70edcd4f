using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Tenants;

/// <summary>
/// Whether tenants that something is bound to are there: a typo would be a key that opens nothing, or a webhook that is
/// never called. The store's index is asked, which wakes none of them.
/// </summary>
internal static class TenantsThere
{
    /// <param name="tenants">Null: every tenant, whichever there will be.</param>
    public static async Task Find(this Findings findings, IStore store, IReadOnlyList<string>? tenants,
        CancellationToken cancellation)
    {
        for (var i = 0; i < tenants?.Count; i++)
            if (!await IsThere(store, tenants[i], cancellation))
                findings.Add($"/tenants/{i}", $"names no tenant: '{tenants[i]}'");
    }

    // The first from right before it on: nothing that an id is made of is above a tilde.
    /// <param name="tenant">Of the form of an id.</param>
    public static async Task<bool> IsThere(IStore store, string tenant, CancellationToken cancellation) =>
        await store.List($"{tenant[..^1]}{(char)(tenant[^1] - 1)}~", 1, cancellation) is [var first] && first == tenant;
}
