using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace MeteringGateway.Sdk.AI.Tests;

/// <summary>A model of the tests' own, metered by the product itself.</summary>
public class MeteredTests(Started started) : IClassFixture<Started>
{
    private const string Type = "support.resolution";
    private readonly Gateway _gateway = started.Gateway;

    /// <summary>Says what it is told to, word by word where it is streamed.</summary>
    private sealed class Model(Func<string> says) : IChatClient
    {
        public int Asked { get; private set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            Asked++;
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, says()))
            {
                ModelId = "stand-in-1", ConversationId = options?.ConversationId, ResponseId = "r-1",
            });
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
            ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in (await GetResponseAsync(messages, options, cancellationToken))
                .ToChatResponseUpdates()) yield return update;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;
        public void Dispose() { }
    }

    private async Task<MeteredOptions> Options(string tenant)
    {
        await _gateway.Tenant(tenant);
        var options = new MeteringOptions { Address = _gateway.Address, Key = await _gateway.Key("agent", tenant) };
        var client = new MeteringClient(new HttpClient { Timeout = Timeout.InfiniteTimeSpan }, options, _gateway.Clock);
        var gate = new Gate(_gateway.Clock);
        gate.Hear(new SignalEvent(SignalKind.Connected));
        var allowance = new Allowance(client, gate, tenant, Question.Outcome(Type) with { Agent = "bot-1" },
            new AllowanceOptions { OnUnavailable = OnUnavailable.HandOff, SmallestSlice = 1 }, _gateway.Clock);
        return new MeteredOptions { Allowance = allowance };
    }

    private IChatClient Metered(string tenant, Model model, MeteredOptions options,
        List<Permit>? handed = null) =>
        new ChatClientBuilder(model).UseMetering(options,
            (permit, _, _) =>
            {
                handed?.Add(permit);
                return ValueTask.FromResult(
                    new ChatResponse(new ChatMessage(ChatRole.Assistant, "a person takes over")));
            },
            response => response.Text.Contains("solved", StringComparison.Ordinal)
                ? new OutcomeReport(tenant, Type) { Id = Guid.NewGuid().ToString("N") } : null).Build();

    private async Task<(int Pending, int Reserved)> Usage(string tenant)
    {
        var type = (await _gateway.Admin.Get($"/v1/tenants/{tenant}/usage").Json())["outcome_types"]![0]!;
        return ((int)type["pending"]!, (int)type["reserved"]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_turn_that_solves_is_reported_with_its_conversation_agent_and_model(bool streamed)
    {
        var tenant = $"solved-{streamed}".ToLowerInvariant();
        var options = await Options(tenant);
        var chat = Metered(tenant, new Model(() => "that is solved"), options);
        var asked = new ChatOptions { ConversationId = "conv-7", ModelId = "stand-in" };

        var said = streamed ? (await chat.GetStreamingResponseAsync("help", asked).ToChatResponseAsync()).Text
            : (await chat.GetResponseAsync("help", asked)).Text;
        await options.Allowance.DisposeAsync();

        Assert.Equal("that is solved", said);
        Assert.Equal((1, 0), await Usage(tenant));
        var outcome = (await _gateway.Admin.Get($"/v1/tenants/{tenant}/outcomes").Json())["data"]![0]!;
        Assert.Equal(("conv-7", "bot-1", "stand-in-1", "stand-in"), ((string?)outcome["session"],
            (string?)outcome["agent"], (string?)outcome["metadata"]!["gen_ai.response.model"],
            (string?)outcome["metadata"]!["gen_ai.request.model"]));
    }

    [Fact]
    public async Task A_turn_that_achieves_nothing_or_fails_takes_nothing()
    {
        var options = await Options("nothing");
        await Metered("nothing", new Model(() => "tell me more"), options).GetResponseAsync("help");
        var failing = Metered("nothing", new Model(() => throw new TimeoutException()), options);
        await Assert.ThrowsAsync<TimeoutException>(() => failing.GetResponseAsync("help"));
        await Assert.ThrowsAsync<TimeoutException>(
            () => failing.GetStreamingResponseAsync("help").ToChatResponseAsync());
        await options.Allowance.DisposeAsync();

        Assert.Equal((0, 0), await Usage("nothing"));
    }

    [Fact]
    public async Task When_the_cap_is_reached_people_take_over_and_the_model_is_not_asked()
    {
        var options = await Options("reached");
        var model = new Model(() => "solved");
        var handed = new List<Permit>();
        var chat = Metered("reached", model, options, handed);
        for (var i = 0; i < 3; i++) await chat.GetResponseAsync("help");

        var said = await chat.GetResponseAsync("help");
        var streamed = await chat.GetStreamingResponseAsync("help").ToChatResponseAsync();
        await options.Allowance.DisposeAsync();

        Assert.Equal(("a person takes over", "a person takes over", 3), (said.Text, streamed.Text, model.Asked));
        Assert.All(handed, permit => Assert.Equal(("cap_reached", "queue:tier1"),
            (permit.Reason, permit.Handoff!.To)));
        Assert.Equal(2, handed.Count);
    }

    [Fact]
    public async Task A_function_is_asked_for_like_a_turn()
    {
        var options = await Options("function");
        var calls = 0;
        var refund = new MeteredFunction(AIFunctionFactory.Create(() => ++calls, "refund"), options,
            (permit, _) => $"not now: {permit.Reason}", _ => new OutcomeReport("function", Type));
        for (var i = 0; i < 3; i++) await refund.InvokeAsync();

        var refused = await refund.InvokeAsync();
        await options.Allowance.DisposeAsync();

        Assert.Equal(("not now: cap_reached", 3, "refund"), (refused, calls, refund.Name));
        Assert.Equal((3, 0), await Usage("function"));
    }
}
