using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace MeteringGateway.Sdk.AI;

/// <summary>
/// Answers in place of the model when it may not act: gives the conversation to people, and says so to the customer.
/// </summary>
/// <param name="permit">What was decided, why, and to whom.</param>
/// <param name="messages">The conversation.</param>
/// <param name="cancellation">Gives up.</param>
public delegate ValueTask<ChatResponse> Handover(Permit permit, IReadOnlyList<ChatMessage> messages,
    CancellationToken cancellation);

/// <summary>
/// A chat client that asks before each turn of a conversation. Where the answer is not to act the model is not called;
/// the caller's <see cref="Handover"/> answers. Where a turn achieved something the caller makes a report of it, to
/// which the conversation, and the model's names, are added; where it did not, its unit goes back.
/// </summary>
/// <param name="inner">To the model.</param>
/// <param name="options">Whose allowance, and where reports go.</param>
/// <param name="handover">When it may not act.</param>
/// <param name="outcome">What a turn achieved; null: nothing that counts, so far.</param>
public sealed class MeteredChatClient(IChatClient inner, MeteredOptions options, Handover handover,
    Func<ChatResponse, OutcomeReport?> outcome) : DelegatingChatClient(inner)
{
    /// <inheritdoc/>
    /// <exception cref="MeteringException">The question was refused, or the report.</exception>
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages,
        ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var all = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        var permit = await Ask(cancellationToken);
        if (!permit.MayAct) return await handover(permit, all, cancellationToken);
        ChatResponse? response = null;
        try
        {
            return response = await base.GetResponseAsync(all, options, cancellationToken);
        }
        finally
        {
            await End(permit, response, options);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="MeteringException">The question was refused, or the report.</exception>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var all = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        var permit = await Ask(cancellationToken);
        if (!permit.MayAct)
        {
            foreach (var update in (await handover(permit, all, cancellationToken)).ToChatResponseUpdates())
                yield return update;
            yield break;
        }
        var updates = new List<ChatResponseUpdate>();
        var isWhole = false;
        try
        {
            await foreach (var update in base.GetStreamingResponseAsync(all, options, cancellationToken))
            {
                updates.Add(update);
                yield return update;
            }
            isWhole = true;
        }
        finally
        {
            await End(permit, isWhole ? updates.ToChatResponse() : null, options);
        }
    }

    private ValueTask<Permit> Ask(CancellationToken cancellation) => options.Allowance.DecideAsync(cancellation);

    // A turn that failed, or was given up, achieved nothing.
    private ValueTask End(Permit permit, ChatResponse? response, ChatOptions? asked)
    {
        var report = response is null ? null : outcome(response);
        if (report is null) return options.End(permit, null);
        var conversation = response!.ConversationId ?? asked?.ConversationId;
        return options.End(permit, MeteredOptions.Describe(report, conversation,
            ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", asked?.ModelId),
            ("gen_ai.response.model", response.ModelId), ("gen_ai.response.id", response.ResponseId)));
    }
}

/// <summary>A function that asks before it is called by a model, and reports what it achieved.</summary>
/// <param name="inner">What it does.</param>
/// <param name="options">Whose allowance, and where reports go.</param>
/// <param name="handover">Its result when it may not act: what the model is told in its place.</param>
/// <param name="outcome">What a call achieved, by its result; null: nothing that counts.</param>
public sealed class MeteredFunction(AIFunction inner, MeteredOptions options,
    Func<Permit, AIFunctionArguments, object?> handover, Func<object?, OutcomeReport?> outcome)
    : DelegatingAIFunction(inner)
{
    /// <inheritdoc/>
    /// <exception cref="MeteringException">The question was refused, or the report.</exception>
    protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments,
        CancellationToken cancellationToken)
    {
        var permit = await options.Allowance.DecideAsync(cancellationToken);
        if (!permit.MayAct) return handover(permit, arguments);
        OutcomeReport? report = null;
        try
        {
            var result = await base.InvokeCoreAsync(arguments, cancellationToken);
            report = outcome(result);
            return result;
        }
        finally
        {
            await options.End(permit, report is null ? null : MeteredOptions.Describe(report, null,
                ("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", Name)));
        }
    }
}
