namespace MeteringGateway.Console.Browser.Tests.Support;

/// <summary>Two accounts as people find them on a morning: one at its cap, one whose credits are used up.</summary>
internal sealed class Accounts
{
    private const string Resolutions = """
        {"currency":"USD",
         "outcome_types":[{"id":"support.resolution","price":"0.99","measurement_window":"PT1H","included_units":1},
           {"id":"interview","credits":"10"}],
         "caps":[{"id":"monthly","limit":{"units":5},"at_limit":{"action":"handoff","to":"queue:tier1"}}],
         "thresholds":[{"id":"eighty","of":"cap:monthly","at":{"percent":80}}],
         "top_ups":[{"id":"pack-100","credits":"100","price":"25.00"}]}
        """;

    private const string Interviews = """
        {"currency":"USD","outcome_types":[{"id":"support.resolution","credits":"10"}],
         "credits":{"period_grant":"20"},
         "top_ups":[{"id":"pack-100","credits":"100","price":"25.00","expires_after":"P30D"}]}
        """;

    private Accounts(string capped, string prepaid, HttpClient agent) =>
        (Capped, Prepaid, Agent) = (capped, prepaid, agent);

    /// <summary>Three of its five units are charged, two may still be taken back, and no more is allowed.</summary>
    public string Capped { get; }

    /// <summary>Both of the outcomes that its credits pay for are used.</summary>
    public string Prepaid { get; }

    /// <summary>The agents of both.</summary>
    public HttpClient Agent { get; }

    public static async Task<Accounts> Open(Gateway gateway, string named)
    {
        var (capped, prepaid) = ($"{named}-bicycles", $"{named}-hiring");
        await gateway.Account(capped, "Acme Bicycles", Resolutions);
        await gateway.Account(prepaid, "Globex Hiring", Interviews);
        var agent = await gateway.Role("agent", capped, prepaid);
        await agent.Report(capped, "case-1", "case-2", "case-3");
        gateway.Clock.Advance(TimeSpan.FromHours(2));
        await agent.Report(capped, "case-4", "case-5");
        await agent.Report(prepaid, "talk-1", "talk-2");
        return new Accounts(capped, prepaid, agent);
    }
}

internal static class AccountOf
{
    /// <summary>An account with a name that people read, on a plan of its own.</summary>
    public static async Task Account(this Gateway gateway, string tenant, string name, string plan)
    {
        await gateway.Admin.Put($"/v1/plans/{tenant}", plan).Is(HttpStatusCode.Created);
        await gateway.Admin.Put($"/v1/tenants/{tenant}", $$"""{"name":"{{name}}","plan":"{{tenant}}"}""")
            .Is(HttpStatusCode.Created);
    }
}
