using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.SignIn;

/// <summary>
/// What sessions in the console have of each kind, each as much as a key, and nothing of the key's own: so that neither
/// a portal, nor anybody whom it lets in, waits for somebody else whom it lets in (N4). Sessions by one key for the
/// same tenants have <see cref="Shares.OfFamily"/> times as much together, and all by one key, or by keys of one
/// family, so many times that.
/// </summary>
internal sealed class SessionShares(TimeProvider clock)
{
    private const int Swept = 1_000;
    /// <summary>Longer than any share takes to be whole again; who comes later has a new one.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Kept> _sessions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Shares> _groups = new(StringComparer.Ordinal);
    private int _sweepAt = Swept;

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get { lock (_gate) return _sessions.Count; }
    }

    /// <summary>The same caller, with what this session has left.</summary>
    /// <param name="family">Of the key that let it in; else the key.</param>
    public Principal Of(Session session, Principal caller, string family)
    {
        var now = Instant.From(clock.GetUtcNow());
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session.Token, out var kept))
            {
                if (_sessions.Count >= _sweepAt) Sweep(now);
                var tenants = $"{caller.Id} {(caller.Tenants is { } all
                    ? string.Join(' ', all.Order(StringComparer.Ordinal)) : "*")}";
                var group = Group(tenants, Group(family, null));
                kept = new Kept(caller.Within(group), family, tenants);
                _sessions.Add(session.Token, kept);
            }
            kept.Asked = now;
            return kept.Caller;
        }
    }

    private Shares Group(string name, Shares? within) =>
        _groups.TryGetValue(name, out var group) ? group : _groups[name] = new Shares(within);

    private void Sweep(Instant now)
    {
        foreach (var (token, kept) in _sessions)
            if (kept.Asked + KeptFor <= now && kept.Caller.Requests.IsWhole) _sessions.Remove(token);
        var left = _sessions.Values.SelectMany(kept => (string[])[kept.Family, kept.Tenants])
            .ToHashSet(StringComparer.Ordinal);
        foreach (var name in _groups.Keys) if (!left.Contains(name)) _groups.Remove(name);
        _sweepAt = Math.Max(Swept, 2 * _sessions.Count);
    }

    private sealed class Kept(Principal caller, string family, string tenants)
    {
        public Principal Caller { get; } = caller;
        public string Family { get; } = family;
        public string Tenants { get; } = tenants;
        public Instant Asked { get; set; }
    }
}
