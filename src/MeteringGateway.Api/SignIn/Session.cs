using System.Collections.Frozen;
using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.SignIn;

/// <summary>
/// Somebody who has signed in, as it is sealed for the browser: nothing of it is kept here, so any silo opens it. It is
/// worth what its key is worth at the time, and nothing when that has ended.
/// </summary>
/// <param name="Key">Id of the key.</param>
/// <param name="Stamp">The key's: another one of the same id is not meant.</param>
/// <param name="Role">Null: that of the key, with all its rights.</param>
/// <param name="Tenants">Null: all of the key's.</param>
/// <param name="Token">What forms of this session repeat, so that no other page can send them.</param>
internal sealed record Session(string Key, string Stamp, string? Role, IReadOnlyList<string>? Tenants, string Token,
    string ExpiresAt)
{
    /// <summary>Who it is, while the key is in force; null: nobody any more.</summary>
    public Principal? Of(Principal? key, Instant now)
    {
        if (key is null || key.Stamp != Stamp || now >= Instant.Parse(ExpiresAt)) return null;
        var permissions = Role is null ? key.Permissions : Permissions.Roles.GetValueOrDefault(Role);
        return key.Narrowed(Role ?? key.Role, permissions, Tenants?.ToFrozenSet(StringComparer.Ordinal));
    }
}

/// <summary>What a link is exchanged for, once.</summary>
/// <param name="Id">Noted when it is used.</param>
/// <param name="To">Where it leads, in the console.</param>
internal sealed record Link(string Id, string Key, string Stamp, string? Role, IReadOnlyList<string>? Tenants,
    string ExpiresAt, string? To);
