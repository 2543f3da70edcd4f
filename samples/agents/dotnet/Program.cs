// An agent that asks before it acts, hands over when it is told to, and reports what it achieved:
//   METERING_KEY=... dotnet run --project samples/agents/dotnet -- http://127.0.0.1:8080 acme
using MeteringGateway.Sdk;
using MeteringGateway.Sdk.AI;
using Microsoft.Extensions.AI;
using SampleAgent;

if (args is not [var address, var tenant] || Environment.GetEnvironmentVariable("METERING_KEY") is not { } key)
{
    Console.Error.WriteLine("METERING_KEY=... dotnet run --project samples/agents/dotnet -- ADDRESS TENANT");
    return 2;
}

using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
var client = new MeteringClient(http, new MeteringOptions { Address = new Uri(address), Key = key });
var gate = new Gate();
using var stopping = new CancellationTokenSource();
var listening = gate.ListenAsync(client, [tenant], stopping.Token);

await using (var allowance = new Allowance(client, gate, tenant,
    Question.Outcome("support.resolution") with { Agent = "sample", Channel = "chat", Workflow = "refund" },
    new AllowanceOptions { OnUnavailable = OnUnavailable.HandOff, SmallestSlice = 1 }))
{
    using var chat = new ChatClientBuilder(new StandIn()).UseMetering(
        new MeteredOptions { Allowance = allowance },
        handover: (permit, _, _) => ValueTask.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant,
            $"A person takes over ({permit.Reason}, {permit.Handoff?.To ?? "anybody"})."))),
        outcome: response => response.Text.Contains("[solved]", StringComparison.Ordinal)
            ? new OutcomeReport(tenant, "support.resolution") : null).Build();

    for (var i = 1; i <= 5; i++)
    {
        var answer = await chat.GetResponseAsync("Where is my refund?",
            new ChatOptions { ConversationId = $"sample-{Guid.NewGuid():N}" });
        Console.WriteLine($"conversation {i}: {answer.Text}");
    }
}

await stopping.CancelAsync();
await listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
return 0;
