namespace MeteringGateway.Console.Tests.Support;

/// <summary>What an agent runtime does while people look.</summary>
public static class Reports
{
    /// <summary>Successes of <c>support.resolution</c>, each in a session of its own.</summary>
    public static async Task Report(this HttpClient agent, string tenant, params string[] outcomes)
    {
        foreach (var outcome in outcomes)
            await agent.Post($"/v1/tenants/{tenant}/outcomes", new JsonObject
            {
                ["outcome_type"] = "support.resolution", ["outcome_id"] = outcome, ["session"] = outcome,
                ["agent"] = "bot-1",
            }).Is(HttpStatusCode.Created);
    }

    public static async Task<string> Decision(this HttpClient agent, string tenant) =>
        (string)(await agent.Post($"/v1/tenants/{tenant}/check", """{"outcome_type":"support.resolution"}""")
            .Is(HttpStatusCode.OK))["decision"]!;
}
