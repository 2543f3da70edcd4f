using System.Text.Json.Nodes;

namespace MeteringGateway.Demo;

/// <summary>
/// One agent of a desk, with an agent's key: asks before it acts, acts, and reports. Told to hand off, by an answer or
/// by the signal, it hands its customers to people until it is told to resume.
/// </summary>
internal sealed class AgentRuntime(Client client, Desk desk, Random random, Story story)
{
    public async Task Work(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested && desk.Take() is { } conversation)
        {
            if (desk.Now.Stopped || await Ask(conversation, cancellation) != "allow")
            {
                desk.HandedOff();
                await Task.Delay(random.Next(600, 900), cancellation);
                continue;
            }
            await Task.Delay(random.Next(550, 1000), cancellation);
            await Report(conversation, cancellation);
        }
    }

    private async Task<string> Ask(JsonObject conversation, CancellationToken cancellation)
    {
        var data = conversation["data"]!;
        var question = new JsonObject
        {
            ["outcome_type"] = (string?)data["outcome_type"], ["agent"] = (string?)data["agent"],
            ["channel"] = (string?)data["channel"], ["workflow"] = (string?)data["workflow"],
        };
        var decision = await client.Demand(HttpMethod.Post, $"/v1/tenants/{desk.Tenant}/check", question.ToJsonString(),
            cancellation);
        var answer = (string)decision["decision"]!;
        if (answer != "allow")
            story.Once(
                $"{desk.Tenant}: {(string?)data["agent"]} asked and was told {answer} "
                    + $"({(string?)decision["reason"]}), to {(string?)decision["handoff"]?["to"]}",
                $"told {desk.Tenant}");
        return answer;
    }

    private async Task Report(JsonObject conversation, CancellationToken cancellation)
    {
        // The sample's day becomes today.
        conversation.Remove("time");
        var reply = await client.Send(HttpMethod.Post, "/v1/events", conversation.ToJsonString(), cancellation,
            "application/cloudevents+json");
        // Sent a second time, it is answered as the first time, and counted once.
        if (!reply.Good)
            throw new CommandException($"a report was not taken: {(int)reply.Status} {reply.Problem}");
        var outcome = (reply.Body?["outcome"] ?? reply.Body)!;
        desk.Reported((string?)outcome["reason"] ?? (string?)outcome["status"] ?? "unknown");
    }
}
