using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Keys;

/// <summary>Every key that is in force, by its id, and the stored versions behind them.</summary>
internal sealed class KeyRing(TimeProvider clock, ILogger<KeyRing> log)
{
    public const string Kind = "key";
    private const string Scheme = "Bearer ";

    /// <summary>How long a key is known here that was ended, or has expired.</summary>
    private static readonly TimeSpan EndedKept = TimeSpan.FromDays(90);

    private readonly ConcurrentDictionary<string, Principal> _inForce = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, StoredKey> _stored = new(StringComparer.Ordinal);
    /// <summary>By the id of the bound key that began each; also when that one has ended.</summary>
    private readonly ConcurrentDictionary<string, Shares> _families = new(StringComparer.Ordinal);
    private readonly Unreadable _unreadable = new("key", log);
    private Principal? _fromSettings;
    private byte[] _derivation = [];

    /// <summary>Whose key this Authorization header is; null when it is nobody's, revoked or expired.</summary>
    public Principal? Find(string? header)
    {
        if (header is null || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var key = header.AsSpan(Scheme.Length);
        if (Secrets.TryId(key, out var id)
            && _inForce.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(id, out var principal))
        {
            if (!principal.Proves(header, key)) return null;
            return principal.IsExpired(Instant.From(clock.GetUtcNow())) ? null : principal;
        }
        return _fromSettings?.Proves(header, key) == true ? _fromSettings : null;
    }

    /// <summary>The key with this id, if it is in force.</summary>
    public Principal? InForce(string id) =>
        (id == _fromSettings?.Id ? _fromSettings : _inForce.GetValueOrDefault(id)) is { } key
            && !key.IsExpired(Instant.From(clock.GetUtcNow())) ? key : null;

    /// <summary>Whether it has the form of a key of ours.</summary>
    public static bool IsKey(string? header) =>
        header?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true
            && Secrets.TryId(header.AsSpan(Scheme.Length), out _);

    /// <summary>Reads the keys that are stored, and makes the first administrator's if there is none.</summary>
    /// <param name="adminKey">The settings' key; null to keep or make one of our own.</param>
    /// <param name="show">Told the key that was made, once; nobody can be told it again.</param>
    public async Task Load(IStore store, string? adminKey, Action<string> show, CancellationToken cancellation)
    {
        foreach (var document in await store.NewestDocuments(Kind, cancellation)) Take(document);
        ForgetEnded();
        _derivation = await Derivation(store, cancellation);
        if (adminKey is not null) UseSettings(adminKey);
        else if (!HasAdministrator) await MakeFirst(store, show, cancellation);
    }

    /// <summary>Whether a stored key may do everything.</summary>
    public bool HasAdministrator => _inForce.Values.Any(IsAdministrator);

    /// <summary>Whether nobody could make a key, or end one, if this one were ended.</summary>
    public bool IsLastAdministrator(string id) =>
        _fromSettings is null && _inForce.TryGetValue(id, out var mine) && IsAdministrator(mine)
        && !_inForce.Values.Any(other => other.Id != id && other.ExpiresAt is null && IsAdministrator(other));

    /// <summary>False since the key was ended, or has expired: a long request asks again.</summary>
    public bool IsInForce(Principal principal) =>
        (ReferenceEquals(principal, _fromSettings) || (_inForce.TryGetValue(principal.Id, out var now)
            && ReferenceEquals(now, principal)))
        && !principal.IsExpired(Instant.From(clock.GetUtcNow()));

    /// <summary>A key made for a request that may be repeated.</summary>
    public (string Id, string Key) Derived(string callersKey, string idempotencyKey, int generation) =>
        Secrets.Derived(_derivation, callersKey, idempotencyKey, generation);

    private static bool IsAdministrator(Principal key) => key.Permissions == Permission.All && key.Tenants is null;

    /// <summary>32 random bytes, made once for a store and the same for every process on it.</summary>
    private async Task<byte[]> Derivation(IStore store, CancellationToken cancellation)
    {
        const string kind = "secret", id = "keys";
        var made = new Document(kind, id, 1, Instant.From(clock.GetUtcNow()), "start",
            RandomNumberGenerator.GetBytes(32));
        if (await store.Put(made, cancellation)) return made.Content;
        return (await store.Documents(kind, cancellation)).Single(document => document.Id == id).Content;
    }

    /// <summary>Takes note of a version that is stored. A key of which one cannot be read is nobody's here.</summary>
    public void Take(Document document)
    {
        var read = _unreadable.Read(document.Id, document.Version, () =>
            JsonSerializer.Deserialize(document.Content, StoredDocument.Typed<StoredKey>()) is { } key
                ? new Readable(key, ToPrincipal(document.Id, key)) : null);
        if (read is not null) Take(document.Id, read.Key, read.Principal);
        if (!_unreadable.Has(document.Id)) return;
        _inForce.TryRemove(document.Id, out _);
        _stored.TryRemove(document.Id, out _);
    }

    private sealed record Readable(StoredKey Key, Principal Principal);

    /// <summary>Whether it is a key that is stored and that this version of the gateway cannot read.</summary>
    public bool IsUnreadable(string? header) =>
        _unreadable.Any && IsKey(header) && Secrets.TryId(header.AsSpan(Scheme.Length), out var id)
            && _unreadable.Has(id.ToString());

    /// <summary>What whoever made it calls it; null: nothing, or it is not known here.</summary>
    public string? Label(string id) => Unforgotten(id)?.Label;

    /// <summary>Null: it is not known here, or cannot be read.</summary>
    public StoredKey? Unforgotten(string id) => _stored.GetValueOrDefault(id);

    /// <summary>Every key that has not been forgotten, in no order.</summary>
    public IEnumerable<StoredKey> Unordered => _stored.Select(pair => pair.Value);

    /// <summary>The same, by id.</summary>
    public IEnumerable<(string Id, StoredKey Key)> All =>
        _stored.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value));

    /// <exception cref="ProblemException">It cannot be read.</exception>
    public StoredKey? Stored(string id)
    {
        _unreadable.Demand(id);
        return _stored.GetValueOrDefault(id);
    }

    /// <summary>The key that began the family that this one is of; itself where it is of none, or began it.</summary>
    public string FamilyOf(string id) => Unforgotten(id)?.Family ?? id;

    /// <summary>Which family a key is of that this one makes: null, as it is bound to no tenants.</summary>
    public string? FamilyBy(Principal maker) =>
        maker.Tenants is null ? null : Stored(maker.Id)?.Family ?? maker.Id;

    /// <summary>False if a key with this id exists, or existed.</summary>
    public async Task<bool> Add(IStore store, string id, StoredKey key, string actor, CancellationToken cancellation)
    {
        if (!await Put(store, id, 1, key, actor, cancellation)) return false;
        ForgetEnded();
        Take(id, key, ToPrincipal(id, key));
        return true;
    }

    /// <summary>Ends a key at once; false if there is none. Ending it again changes nothing.</summary>
    public async Task<bool> Revoke(IStore store, string id, string actor, CancellationToken cancellation)
    {
        if (!_stored.TryGetValue(id, out var key)) return false;
        if (key.RevokedAt is not null) return true;
        var ended = key with { RevokedAt = Instant.From(clock.GetUtcNow()).ToString() };
        await Put(store, id, 2, ended, actor, cancellation);
        Take(id, ended, ToPrincipal(id, ended));
        return true;
    }

    /// <summary>Out of memory, and off the list; the store keeps them. Nobody can have their ids again.</summary>
    private void ForgetEnded()
    {
        var before = Instant.From(clock.GetUtcNow()) - EndedKept;
        foreach (var (id, key) in _stored)
        {
            if ((key.RevokedAt ?? key.ExpiresAt) is not { } end || Instant.Parse(end) >= before) continue;
            _stored.TryRemove(id, out _);
            _inForce.TryRemove(id, out _);
        }
    }

    private static ValueTask<bool> Put(IStore store, string id, int version, StoredKey key, string actor,
        CancellationToken cancellation) =>
        store.Put(
            new Document(Kind, id, version, Instant.Parse(key.RevokedAt ?? key.CreatedAt), actor,
                JsonSerializer.SerializeToUtf8Bytes(key, StoredDocument.Typed<StoredKey>())),
            cancellation);

    private void Take(string id, StoredKey key, Principal principal)
    {
        // for good
        if (key.RevokedAt is null && _stored.TryGetValue(id, out var known) && known.RevokedAt is not null) return;
        _stored[id] = key;
        if (key.RevokedAt is not null) _inForce.TryRemove(id, out _);
        else _inForce[id] = principal;
    }

    private Principal ToPrincipal(string id, StoredKey key)
    {
        var permissions = key.Permissions.Aggregate(Permission.None,
            (all, name) => Permissions.TryParse(name, out var one) ? all | one : all);
        var isOfFamily = key.Family is not null
            || (key.Tenants is not null && (permissions & Permission.KeysWrite) != 0);
        return new Principal(id, key.Role, permissions, key.Tenants?.ToFrozenSet(StringComparer.Ordinal),
            key.ExpiresAt is { } end ? Instant.Parse(end) : null, key.Hash,
            isOfFamily ? _families.GetOrAdd(key.Family ?? id, _ => new Shares()) : null);
    }

    private void UseSettings(string adminKey)
    {
        _fromSettings = new Principal("settings", "admin", Permission.All, tenants: null, expiresAt: null,
            Hash(adminKey));
    }

    private async Task MakeFirst(IStore store, Action<string> show, CancellationToken cancellation)
    {
        var (id, key) = Secrets.Random();
        var admin = new StoredKey(
            Hash(key), "admin", Tenants: null, Permissions.Names(Permission.All), ExpiresAt: null,
            "first administrator",
            Instant.From(clock.GetUtcNow()).ToString(), Request: null, RevokedAt: null);
        await Add(store, id, admin, "start", cancellation);
        show(key);
    }

    public static byte[] Hash(string key)
    {
        var hash = new byte[32];
        Principal.Hash(key, hash);
        return hash;
    }
}
