using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace MeteringGateway.Api.Auth;

/// <summary>
/// A key as it is kept in memory: who it is, and what it may do. The key itself is not here, only its hash.
/// </summary>
internal sealed class Principal(string id, string role, Permission permissions, FrozenSet<string>? tenants,
    Instant? expiresAt, byte[] hash, Shares? family = null, KeyLines? lines = null) : Shares(family)
{
    // Whose headers were, by identity: a connection that repeats itself brings the same string object, and when it has
    // gone nobody has that here any more.
    private static readonly ConditionalWeakTable<string, Principal> Proven = [];

    public string Id { get; } = id;
    public string Role { get; } = role;
    /// <summary>Figures of the whole process belong to no tenant, and to no key that is bound to some.</summary>
    public Permission Permissions { get; } = tenants is null ? permissions : permissions & ~Permission.OpsRead;

    /// <summary>Null: every tenant.</summary>
    public FrozenSet<string>? Tenants { get; } = tenants;
    public Instant? ExpiresAt { get; } = expiresAt;
    public Actor Actor { get; } = new(id, role);
    /// <summary>What the log is told of its requests; of a part of a key, as of the whole.</summary>
    public KeyLines Lines { get; } = lines ?? new();

    /// <summary>Tells this key from another one of the same id, and tells nothing else of it.</summary>
    public string Stamp => Convert.ToHexStringLower(SHA256.HashData(hash).AsSpan(0, 8));

    /// <summary>A part of what this key may, never more; with shares of its own.</summary>
    /// <param name="role">What is written of who did it.</param>
    /// <param name="within">Null: all tenants of the key.</param>
    public Principal Narrowed(string role, Permission permissions, FrozenSet<string>? within) =>
        new(Id, role, Permissions & permissions, within is null ? Tenants
            : within.Where(MaySee).ToFrozenSet(StringComparer.Ordinal), ExpiresAt, hash, lines: Lines);

    /// <summary>The same, with shares of its own that count among others', too.</summary>
    public Principal Within(Shares others) => new(Id, Role, Permissions, Tenants, ExpiresAt, hash, others, Lines);

    public bool May(Permission anyOf) => (Permissions & anyOf) != 0;

    public bool MaySee(string tenant) => Tenants is null || Tenants.Contains(tenant);

    public bool IsExpired(Instant now) => ExpiresAt is { } end && now >= end;

    /// <summary>
    /// True if this header is this key's. One that was found right before, the same object and not merely the same
    /// text, is known; anything else is hashed and compared in constant time.
    /// </summary>
    public bool Proves(string header, ReadOnlySpan<char> key)
    {
        if (Proven.TryGetValue(header, out var proven) && ReferenceEquals(proven, this)) return true;
        if (!Matches(key)) return false;
        Proven.AddOrUpdate(header, this);
        return true;
    }

    private bool Matches(ReadOnlySpan<char> key)
    {
        Span<byte> actual = stackalloc byte[SHA256.HashSizeInBytes];
        Hash(key, actual);
        return CryptographicOperations.FixedTimeEquals(actual, hash);
    }

    public static void Hash(ReadOnlySpan<char> key, Span<byte> hash)
    {
        if (key.Length > 512) key = key[..512];
        Span<byte> bytes = stackalloc byte[512 * 3];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(key, bytes)], hash);
    }

    /// <summary>Whoever calls; bound as an endpoint's parameter.</summary>
    public static ValueTask<Principal?> BindAsync(HttpContext context) =>
        ValueTask.FromResult(context.Features.Get<Principal>());
}
