using MeteringGateway.Sdk;
using MeteringGateway.Sdk.AI;

namespace Microsoft.Extensions.AI;

/// <summary>Metering in a chat client's pipeline.</summary>
public static class MeteringBuilder
{
    /// <summary>Asks before each turn, hands over when told to, and reports what was achieved.</summary>
    /// <param name="builder">The pipeline.</param>
    /// <param name="options">Whose allowance, and where reports go.</param>
    /// <param name="handover">Answers when the model may not act.</param>
    /// <param name="outcome">What a turn achieved; null: nothing that counts, so far.</param>
    public static ChatClientBuilder UseMetering(this ChatClientBuilder builder, MeteredOptions options,
        Handover handover, Func<ChatResponse, OutcomeReport?> outcome)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use(inner => new MeteredChatClient(inner, options, handover, outcome));
    }
}
