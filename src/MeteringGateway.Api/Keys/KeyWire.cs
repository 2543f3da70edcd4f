using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Keys;

/// <summary>The member is a role of the table.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class RoleNamesAttribute()
    : ValuesAttribute([.. Permissions.Roles.Keys.Order(StringComparer.Ordinal)]);

/// <summary>What a new key is to be.</summary>
internal sealed record NewKeyWire
{
    /// <summary>A role of the table; it decides what the key may do.</summary>
    [RoleNames]
    [Demanded]
    public string? Role { get; init; }
    /// <summary><c>"*"</c>, or a list of tenant ids.</summary>
    [Demanded]
    public TenantsWire? Tenants { get; init; }
    /// <summary>Fewer than the role has; absent: all that it has.</summary>
    public IReadOnlyList<string?>? Permissions { get; init; }
    public string? ExpiresAt { get; init; }
    public string? Label { get; init; }
}

/// <summary>A key as it is listed. The key itself is shown only when it is made.</summary>
internal sealed record KeyWire(
    string Id, [property: RoleNames] string Role, TenantsWire Tenants, IReadOnlyList<string> Permissions,
    string? ExpiresAt, string? Label,
    string CreatedAt,
    string? RevokedAt);

/// <summary>The key that asks.</summary>
/// <param name="Label">Null too for the one that the settings name.</param>
internal sealed record OwnKeyWire(string Id, [property: RoleNames] string Role, TenantsWire Tenants,
    IReadOnlyList<string> Permissions, string? ExpiresAt, string? Label);

/// <param name="Key">Shown this once.</param>
internal sealed record CreatedKeyWire(
    string Id, string Key, [property: RoleNames] string Role, TenantsWire Tenants,
    IReadOnlyList<string> Permissions, string? ExpiresAt,
    string? Label, string CreatedAt);

/// <summary>A version of a key as it is stored: the second is its end.</summary>
/// <param name="Hash">SHA-256 of the whole key.</param>
/// <param name="Tenants">Null: every tenant.</param>
/// <param name="Request">SHA-256 of the request that made it, to recognise the same again; null when nobody could
/// repeat it.</param>
internal sealed record StoredKey(
    byte[] Hash, string Role, IReadOnlyList<string>? Tenants, IReadOnlyList<string> Permissions, string? ExpiresAt,
    string? Label,
    string CreatedAt, byte[]? Request, string? RevokedAt) : StoredDocument
{
    /// <summary>
    /// Id of the bound key that made it, or that made the one that did, and so on; null: an unbound key made it.
    /// </summary>
    public string? Family { get; init; }
}
