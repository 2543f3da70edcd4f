using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Api.Operations;

namespace MeteringGateway.Api.SignIn;

/// <summary>
/// Sessions that somebody has signed out of before their time: a copy of such a cookie is worth nothing. Each is a
/// document with the hash of its token, and is remembered here as long as the session would have lasted.
/// </summary>
internal sealed class EndedSessions(MeteringSettings settings, TimeProvider clock)
{
    public const string Kind = "console-session";
    private const int Swept = 1_000;

    private readonly ConcurrentDictionary<string, Instant> _ended = new(StringComparer.Ordinal);

    private Instant Now => Instant.From(clock.GetUtcNow());

    public bool Has(Session session) => _ended.ContainsKey(IdOf(session));

    public async Task Load(IStore store, CancellationToken cancellation)
    {
        foreach (var document in await store.Documents(Kind, cancellation)) Take(document);
    }

    /// <summary>Takes note of one that is stored; of one that would be over by now it does nothing.</summary>
    public void Take(Document document)
    {
        var end = document.At + settings.Console.SessionTime;
        if (end <= Now) return;
        _ended[document.Id] = end;
        if (_ended.Count % Swept != 0) return;
        foreach (var (id, over) in _ended) if (over <= Now) _ended.TryRemove(id, out _);
    }

    public async Task Add(IStore store, Session session, CancellationToken cancellation)
    {
        var document = new Document(Kind, IdOf(session), 1, Now, session.Key, []);
        await store.Put(document, cancellation); // false: it was ended already
        Take(document);
    }

    private static string IdOf(Session session) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session.Token)).AsSpan(0, 16));
}
