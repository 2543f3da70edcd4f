using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MeteringGateway.Sdk.AI;
using MeteringGateway.Sdk;

// What docs/agents.md takes for granted: a test puts here what the page shows, compiles it, and runs it.
var key = args[0];
var builder = Host.CreateEmptyApplicationBuilder(null);
IChatClient model = new Model();

ValueTask<ChatResponse> HandToPeople(string? to, IEnumerable<ChatMessage> messages) =>
    ValueTask.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, $"to {to}")));

bool IsSolved(ChatResponse response) => response.Text == "solved it";

// what the page shows

using var host = builder.Build();
await host.StartAsync();
var metering = host.Services.GetRequiredService<Metering>();
var hosted = await metering.Client.CheckAsync("acme", question);
var answer = await chat.GetResponseAsync("Where is my refund?");
while (outbox.Count > 0) await Task.Delay(20);
await host.StopAsync();
Console.WriteLine($"a host that {(hosted.MayAct ? "may" : "must not")} act; a model that {answer.Text}");

internal sealed class Model : IChatClient
{
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, "solved it")));

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
