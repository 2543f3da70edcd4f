using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MeteringGateway.Api.Auth;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.SignIn;

/// <summary>Opens and seals sessions, and exchanges links for them.</summary>
internal sealed class Sessions(SecretSeal ring, KeyRing keys, Books books, MeteringSettings settings,
    TimeProvider clock)
{
    /// <summary>Says which links were used, for as long as they would be good; of each only its id is there.</summary>
    private const string Used = "console-link/";

    /// <summary>Says which sessions were signed out of, for as long as they would have lasted.</summary>
    private const string Ended = "console-session/";

    /// <summary>Clocks of silos differ by less; what is over is good nowhere.</summary>
    private static readonly TimeSpan Longer = TimeSpan.FromHours(1);

    private readonly HourlyOfKeys _made = new(settings.Limits.ConsoleLinksPerHour, keys);

    private readonly SecretSeal _sessions = ring.For("console session");
    private readonly SecretSeal _links = ring.For("console link");

    private readonly HourlyOfKeys _opened = new(settings.Limits.SignInsPerHour, keys);

    private readonly SessionShares _shares = new(clock);

    private Instant Now => Instant.From(clock.GetUtcNow());

    /// <summary>A session for whoever has shown this key.</summary>
    /// <exception cref="ProblemException">409: there is nothing to seal it with. 429: too many for an hour.</exception>
    public string Open(Principal key)
    {
        DemandFew(key.Id);
        return Seal(new Session(key.Id, key.Stamp, null, null, Token(), End()));
    }

    /// <summary>At once, on every silo, for every copy of the cookie.</summary>
    public async Task End(Session session, IStore store, CancellationToken cancellation) =>
        await store.Once(Row(EndOf(session), Instant.Parse(session.ExpiresAt)), cancellation); // false: by a copy

    /// <summary>Whose session it is, with the session; null: nobody's, or not any more.</summary>
    public async Task<(Principal Caller, Session Session)?> Find(string sealedSession, IStore store,
        CancellationToken cancellation)
    {
        if (!ring.HasRing || _sessions.Try(sealedSession) is not { } text) return null;
        if (JsonSerializer.Deserialize(text, SignInJson.Default.Session) is not { } session) return null;
        if (books.AreShared) await books.CatchUp(cancellation); // the key may have been ended on another silo
        if (session.Of(keys.InForce(session.Key), Now) is not { } caller
            || await store.Idempotent(null, EndOf(session), cancellation) is not null) return null;
        return (_shares.Of(session, caller, keys.FamilyOf(caller.Id)), session);
    }

    /// <exception cref="ProblemException">409: there is nothing to seal it with. 429: the key has made as many as it
    /// may (N4).</exception>
    public (string Code, string ExpiresAt) Make(Principal by, string? role, IReadOnlyList<string>? tenants, string? to)
    {
        Demand();
        if (_made.Wait(by.Id, Now) is { Ticks: > 0 } wait) throw new ProblemException(TooMany(wait));
        _made.Take(by.Id, Now);
        var end = (Now + settings.Console.LinkTime).ToString();
        var link = new Link(Token(), by.Id, by.Stamp, role, tenants, end, to);
        return (_links.Seal(JsonSerializer.Serialize(link, SignInJson.Default.Link)), end);
    }

    /// <summary>What a code stands for, while it may be used; using it is another matter.</summary>
    public async Task<(Principal Caller, Link Link)?> Look(string code, CancellationToken cancellation)
    {
        if (!ring.HasRing || _links.Try(code) is not { } text) return null;
        if (JsonSerializer.Deserialize(text, SignInJson.Default.Link) is not { } link) return null;
        var session = new Session(link.Key, link.Stamp, link.Role, link.Tenants, "", link.ExpiresAt);
        return session.Of(await Key(link.Key, cancellation), Now) is { } caller ? (caller, link) : null;
    }

    /// <summary>A session for whoever comes first with it; null for all others.</summary>
    public async Task<(string Session, string? To)?> Exchange(string code, IStore store,
        CancellationToken cancellation)
    {
        if (await Look(code, cancellation) is not { } found) return null;
        var link = found.Link;
        DemandFew(link.Key);
        if (!await store.Once(Row(Used + link.Id, Instant.Parse(link.ExpiresAt)), cancellation)) return null;
        return (Seal(new Session(link.Key, link.Stamp, link.Role, link.Tenants, Token(), End())), link.To);
    }

    /// <summary>With bytes of its own, so that a store that is asked again knows its own answer.</summary>
    private static IdempotencyRow Row(string key, Instant end) =>
        new(key, [], RandomNumberGenerator.GetBytes(16), end + Longer);

    /// <summary>What is kept tells nobody the token.</summary>
    private static string EndOf(Session session) => Ended
        + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session.Token)).AsSpan(0, 16));

    /// <summary>One that is not known here may have been made elsewhere a moment ago.</summary>
    private async Task<Principal?> Key(string id, CancellationToken cancellation)
    {
        if (keys.InForce(id) is null && books.AreShared) await books.CatchUp(cancellation);
        return keys.InForce(id);
    }

    private Problem TooMany(TimeSpan wait) => new(StatusCodes.Status429TooManyRequests, "too_many_console_links",
        $"A key makes at most {settings.Limits.ConsoleLinksPerHour} links in an hour; one that is bound to tenants, "
            + $"and those that it made, {(long)Shares.OfFamily * settings.Limits.ConsoleLinksPerHour} together.")
    {
        RetryAfter = (int)Math.Ceiling(wait.TotalSeconds),
    };

    private string Seal(Session session)
    {
        Demand();
        return _sessions.Seal(JsonSerializer.Serialize(session, SignInJson.Default.Session));
    }

    private void Demand()
    {
        if (!ring.HasRing) throw new ProblemException(new Problem(StatusCodes.Status409Conflict, "no_key_directory",
            "A session is sealed with keys that the silos share: set Metering:KeyDirectory on each of them."));
    }

    private void DemandFew(string key)
    {
        var now = Now;
        if (_opened.Wait(key, now) is { Ticks: > 0 } wait)
            throw new ProblemException(new Problem(StatusCodes.Status429TooManyRequests, "throttled",
                $"This key has been signed in with {settings.Limits.SignInsPerHour} times in an hour, or its family "
                    + $"{(long)Shares.OfFamily * settings.Limits.SignInsPerHour} times: wait a little.")
            {
                RetryAfter = (int)Math.Ceiling(wait.TotalSeconds),
            });
        _opened.Take(key, now);
    }

    private string End() => (Now + settings.Console.SessionTime).ToString();

    private static string Token() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
}

[JsonSerializable(typeof(Session))]
[JsonSerializable(typeof(Link))]
internal sealed partial class SignInJson : JsonSerializerContext;
