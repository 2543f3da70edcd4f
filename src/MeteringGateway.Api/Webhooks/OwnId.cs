namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// Keys of the receivers that tenants keep for themselves. An id has no slash, so that they are apart from the
/// operator's, which are under their ids, and from those of other tenants.
/// </summary>
internal static class OwnId
{
    public static string Webhook(string tenant, string id) => $"{tenant}/{id}";

    public static string Email(string tenant, string id) => $"{tenant}/@{id}";

    /// <summary>Whose it is; null: the operator's.</summary>
    public static string? TenantOf(string key) =>
        key.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? key[..slash] : null;

    public static bool IsEmail(string key) => key.Contains("/@", StringComparison.Ordinal);

    /// <summary>The id by which its owner knows it.</summary>
    public static string IdOf(string key) => key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..].TrimStart('@');
}
