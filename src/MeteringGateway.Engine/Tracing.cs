using System.Diagnostics;

namespace MeteringGateway.Engine;

/// <summary>
/// Spans of what is done for a caller whose trace is recorded. Where nobody listens this costs a comparison; what
/// happens by itself (a window that closes, a month that ends) is of nobody's trace.
/// </summary>
public static class Tracing
{
    /// <summary>Name of the source.</summary>
    public const string Name = "MeteringGateway";

    /// <summary>Whose activities the spans are.</summary>
    public static ActivitySource Source { get; } = new(Name);

    /// <summary>The span of whoever calls; null: there is none, or nobody records it.</summary>
    public static Activity? Caller =>
        Source.HasListeners() && Activity.Current is { Recorded: true } caller ? caller : null;

    /// <summary>A span below one that may have ended, or is another thread's; null: there is none.</summary>
    public static Activity? Follow(ActivityContext? from, string name, ActivityKind kind, string tenant)
    {
        if (from is not { } parent) return null;
        return Source.StartActivity(name, kind, parent)?.SetTag("metering.tenant", tenant);
    }
}
