using System.Diagnostics;
using System.Text;
using Confluent.Kafka;

namespace MeteringGateway.Kafka;

/// <summary>Traces that come with messages and go on with them: the header <c>traceparent</c>, as W3C says.</summary>
internal static class Spans
{
    public const string Header = "traceparent";

    /// <summary>More than a collector keeps.</summary>
    private const int MostLinks = 128;

    /// <summary>
    /// Around a batch that is decided: below the trace that its messages name, or, where they name several, a trace of
    /// its own with links to them. Null: they name none.
    /// </summary>
    public static Activity? Process(string topic, IReadOnlyList<ConsumeResult<byte[]?, byte[]?>> messages)
    {
        if (!Tracing.Source.HasListeners()) return null;
        var callers = messages.Select(Caller).OfType<ActivityContext>().Distinct().Take(MostLinks).ToList();
        if (callers.Count == 0) return null;
        var (name, parent) = ($"process {topic}", callers.Count == 1 ? callers[0] : default);
        return Tracing.Source.StartActivity(name, ActivityKind.Consumer, parent,
            links: callers.Count == 1 ? null : callers.Select(caller => new ActivityLink(caller)))
            ?.SetTag("messaging.system", "kafka").SetTag("messaging.batch.message_count", messages.Count);
    }

    private static ActivityContext? Caller(ConsumeResult<byte[]?, byte[]?> message) =>
        // A header may have no value.
        message.Message.Headers is { } headers && headers.TryGetLastBytes(Header, out var bytes) && bytes is not null
            && ActivityContext.TryParse(Encoding.ASCII.GetString(bytes), null, isRemote: true, out var caller)
            ? caller : null;

    /// <summary>Around a message that is written; whoever reads it finds the trace in its header.</summary>
    public static Activity? Publish(Outgoing message)
    {
        if (message.From is not { } from) return null;
        var current = Activity.Current;
        var span = Tracing.Follow(from, $"publish {message.Topic}", ActivityKind.Producer,
            Encoding.UTF8.GetString(message.Key ?? []));
        if (span?.SetTag("messaging.system", "kafka").Id is { } id)
            message.Headers.Add(Header, Encoding.ASCII.GetBytes(id));
        Activity.Current = current;
        return span;
    }
}
