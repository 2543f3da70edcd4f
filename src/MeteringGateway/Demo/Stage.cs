using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>
/// The sample plan, its tenants, their keys and their people, set up over HTTP like anyone's would be.
/// </summary>
internal sealed class Stage(IReadOnlyList<string> urls) : IDisposable
{
    public const int AgentsADesk = 3;
    /// <summary>The desk whose cap is reached, and what its finance admin then raises it to.</summary>
    public const string Short = "harbor-books";
    public const int RaisedTo = 40;
    private static readonly (string Tenant, string Name, int Cap)[] Tenants = [(Short, "Harbor Books", 12),
        ("alpine-gear", "Alpine Gear", 45), ("river-clinic", "River Clinic", 100)];
    private readonly List<Client> _clients = [];
    /// <summary>With the key of the finance admin of <see cref="Short"/>.</summary>
    public Client FinanceDesk { get; private set; } = null!;

    public Story Story { get; } = new();
    public Dictionary<string, Desk> Desks { get; } = new(StringComparer.Ordinal);
    public List<AgentRuntime> Agents { get; } = [];
    public SignalListener Signals { get; private set; } = null!;
    /// <summary>With the administrator's key.</summary>
    public Client Admin { get; private set; } = null!;

    public static async Task<Stage> Set(Venue venue, CancellationToken cancellation)
    {
        var stage = new Stage(venue.Urls);
        var admin = stage.Admin = stage.With(venue.AdminKey);
        await admin.Demand(HttpMethod.Put, "/v1/plans/support", Samples.Plan, cancellation);
        var conversations = Samples.Conversations();
        foreach (var (tenant, name, cap) in Tenants)
        {
            await admin.Demand(HttpMethod.Put, $"/v1/tenants/{tenant}",
                new JsonObject { ["name"] = name, ["plan"] = "support" }.ToJsonString(), cancellation);
            await admin.Demand(HttpMethod.Put, $"/v1/tenants/{tenant}/caps/monthly", Cap(cap), cancellation);
            stage.Desks[tenant] = new Desk(tenant, cap, conversations[tenant]);
        }
        var all = Tenants.Select(t => t.Tenant).ToArray();
        var agent = await stage.WithKey("agent", "demo", all, cancellation);
        stage.FinanceDesk = await stage.WithKey("finance", "demo", [Short], cancellation);
        foreach (var desk in stage.Desks.Values)
            for (var i = 0; i < AgentsADesk; i++)
                stage.Agents.Add(new AgentRuntime(agent, desk, new Random(i), stage.Story));
        stage.Signals = new SignalListener(agent, stage.Desks, stage.Story);
        return stage;
    }

    /// <summary>
    /// The buyer's finance admin sees that agents were stopped, thinks for three seconds, and raises the cap.
    /// </summary>
    public async Task Finance(CancellationToken cancellation)
    {
        var waited = TimeSpan.Zero;
        for (; !Signals.Heard(Short, "handoff"); waited += TimeSpan.FromMilliseconds(50))
        {
            if (waited > TimeSpan.FromSeconds(15)) return;
            await Task.Delay(50, cancellation);
        }
        await Task.Delay(3000, cancellation);
        // Before it is done: agents hear of it while the answer is still on its way.
        Story.Tell($"{Short}: the finance admin raises the cap to {RaisedTo}");
        await FinanceDesk.Demand(HttpMethod.Put, $"/v1/tenants/{Short}/caps/monthly", Cap(RaisedTo), cancellation);
        Desks[Short].Raised(RaisedTo);
    }

    /// <summary>Somebody with a new key.</summary>
    public async Task<Client> WithKey(string role, string label, string[] tenants, CancellationToken cancellation)
    {
        var body = new JsonObject
        {
            ["role"] = role, ["tenants"] = new JsonArray([.. tenants.Select(t => (JsonNode)t)]), ["label"] = label,
        };
        var made = await Admin.Demand(HttpMethod.Post, "/v1/keys", body.ToJsonString(), cancellation);
        return With((string)made["key"]!);
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
    }

    /// <summary>Everybody begins with another silo, where there are several.</summary>
    private Client With(string key)
    {
        var first = _clients.Count % urls.Count;
        var client = new Client(key, [.. urls.Skip(first), .. urls.Take(first)]);
        _clients.Add(client);
        return client;
    }

    private static string Cap(int units) => new JsonObject
    {
        ["limit"] = new JsonObject { ["units"] = units },
        ["at_limit"] = new JsonObject { ["action"] = "handoff", ["to"] = "queue:tier1",
            ["message"] = "A colleague takes over" },
    }.ToJsonString();
}
