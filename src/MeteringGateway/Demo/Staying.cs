using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>
/// The story is over, and the gateway stays: agents work on for two accounts, slowly enough to be watched, until one is
/// at its cap and the other has no credits. What happens then is up to whoever looks, in the console.
/// </summary>
internal sealed class Staying(Stage stage, Client agents)
{
    /// <summary>Pays ahead: what is left of its credits is for <see cref="Left"/> interviews.</summary>
    private const string Prepaid = "summit-hiring";

    private const int Left = 12;

    /// <summary>Between two outcomes of an account.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(4);

    /// <summary>Sets the second account up, says how to look at both, and lets agents work until told to end.</summary>
    public static async Task Until(Stage stage, CancellationToken end)
    {
        try
        {
            await Hiring(stage.Admin, end);
            var staying = new Staying(stage, await stage.WithKey("agent", "demo", [Stage.Short, Prepaid], end));
            await staying.Invite(end);
            // Where one cannot go on, both end, and it is said why.
            await Parallel.ForEachAsync([(Stage.Short, "support.resolution"), (Prepaid, "interview.completed")],
                new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = end },
                async (one, stop) => await staying.Work(one.Item1, one.Item2, stop));
        }
        catch (OperationCanceledException)
        {
            // As whoever looked wished.
        }
    }

    private static async Task Hiring(Client admin, CancellationToken end)
    {
        await admin.Demand(HttpMethod.Put, "/v1/plans/interviews", Samples.Prepaid, end);
        await admin.Demand(HttpMethod.Put, $"/v1/tenants/{Prepaid}",
            """{"name":"Summit Hiring","plan":"interviews"}""", end);
    }

    private async Task Invite(CancellationToken end)
    {
        await agents.Demand(HttpMethod.Post, $"/v1/tenants/{Prepaid}/outcomes", new JsonObject
        {
            ["outcome_type"] = "interview.completed", ["outcome_id"] = "before", ["quantity"] = 30 - Left,
        }.ToJsonString(), end);
        var finance = await stage.WithKey("finance", "your finance admin", [Stage.Short, Prepaid], end);
        var link = await finance.Demand(HttpMethod.Post, "/v1/console-links", "{}", end);
        Console.WriteLine();
        Page.Write("", $"The gateway stays, and agents work on for {Stage.Short}, which has a cap, and for {Prepaid},"
            + " which pays with credits. Open this in a browser: it signs you in, once, as the finance admin of both.");
        Console.WriteLine($"\n  {link["url"]}\n");
        Page.Write("", "README.md says what there is to see and to do, under \"Five minutes in a browser\"."
            + " Ctrl+C ends it.");
        Console.WriteLine();
    }

    private async Task Work(string tenant, string type, CancellationToken end)
    {
        var told = "";
        var question = new JsonObject
        {
            ["outcome_type"] = type, ["agent"] = "bot-1", ["channel"] = "chat",
        }.ToJsonString();
        for (var number = 1;; number++)
        {
            var answer = await agents.Demand(HttpMethod.Post, $"/v1/tenants/{tenant}/check", question, end);
            var decision = (string)answer["decision"]!;
            if (decision != told) Page.Write("  ", Words(tenant, told = decision, (string)answer["reason"]!));
            if (decision == "allow") await Report(tenant, type, $"more-{number}", end);
            await Task.Delay(Pace, end);
        }
    }

    private Task<JsonNode> Report(string tenant, string type, string id, CancellationToken end) =>
        agents.Demand(HttpMethod.Post, $"/v1/tenants/{tenant}/outcomes", new JsonObject
        {
            ["outcome_type"] = type, ["outcome_id"] = id, ["session"] = id, ["agent"] = "bot-1", ["channel"] = "chat",
        }.ToJsonString(), end);

    private static string Words(string tenant, string decision, string reason) => decision == "allow"
        ? $"{tenant}: agents work" : $"{tenant}: agents are told {decision} ({reason})";
}
