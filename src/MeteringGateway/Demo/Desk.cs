using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>
/// A tenant's support desk, as the demo sees it from outside: what its agents were told and did. Every member is read
/// and written under its own lock by agents, listener and view.
/// </summary>
internal sealed class Desk(string tenant, int cap, Queue<JsonObject> conversations)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _statuses = new(StringComparer.Ordinal);
    private string _state = "active";
    private int _handedOff;
    private int _cap = cap;
    private int _exposure;

    public string Tenant => tenant;

    /// <summary>What is shown, as of one moment.</summary>
    public Glance Now
    {
        get { lock (_lock) return new Glance(tenant, _cap, _exposure, _state, _statuses.Values.Sum(), _handedOff,
            _statuses.GetValueOrDefault("over_cap")); }
    }

    /// <summary>The next customer; null when the day is over.</summary>
    public JsonObject? Take()
    {
        lock (_lock) return conversations.TryDequeue(out var next) ? next : null;
    }

    public void Told(string state)
    {
        lock (_lock) _state = state;
    }

    public void Raised(int limit)
    {
        lock (_lock) _cap = limit;
    }

    public void HandedOff()
    {
        lock (_lock) _handedOff++;
    }

    /// <summary>A report was acknowledged with this status, or reason where there is one.</summary>
    public void Reported(string status)
    {
        lock (_lock)
        {
            _statuses[status] = _statuses.GetValueOrDefault(status) + 1;
            if (status == "pending") _exposure++;
        }
    }
}

/// <param name="Exposure">Units that count against the cap, by what was acknowledged.</param>
/// <param name="HandedOff">Conversations that went to people.</param>
/// <param name="OverCap">Reports that no cap had room for: recorded, never billed.</param>
internal sealed record Glance(string Tenant, int Cap, int Exposure, string State, int Reported, int HandedOff,
    int OverCap)
{
    public bool Stopped => State is "handoff" or "paused";
}
