namespace MeteringGateway.Core.Tests.Signals;

/// <summary>
/// An agent runtime that asks nothing: it keeps the last signal of each key, and acts when no stop of any of them
/// matches what it is about to do (S6).
/// </summary>
internal sealed class Runtime
{
    private readonly Dictionary<string, Signal> _keys = [];

    /// <summary>Of the last signal that it has heard.</summary>
    public long Heard { get; private set; }

    public IEnumerable<Signal> Keys => _keys.Values;

    /// <summary>As a stream begins: <c>reset</c>, a <c>state</c> for each key, <c>ready</c>.</summary>
    public static Runtime From(SignalStart start)
    {
        var runtime = new Runtime { Heard = start.Sequence };
        foreach (var state in start.Keys!) runtime._keys[state.Key] = state;
        return runtime;
    }

    public void Hear(IEnumerable<Signal> signals)
    {
        foreach (var signal in signals)
        {
            _keys[signal.Key] = signal;
            Heard = signal.Sequence;
        }
    }

    /// <summary>What it does for one unit, why, and where it hands off to (A1).</summary>
    public (DecisionKind Kind, DecisionReason Reason, AtLimit? Handoff) Decide(Subject subject)
    {
        var stop = _keys.Values.Where(signal => Refuses(signal, subject))
            .OrderBy(signal => signal.Key == "tenant" ? 0 : signal.Cap is not null ? 1 : 2)
            .ThenBy(signal => signal.State == LimitState.Handoff).ThenBy(signal => signal.Key, StringComparer.Ordinal)
            .FirstOrDefault();
        if (stop is null) return (DecisionKind.Allow, DecisionReason.Ok, null);
        return (stop.State == LimitState.Handoff ? DecisionKind.Handoff : DecisionKind.Pause, stop.Reason,
            stop.Handoff);
    }

    public static bool Refuses(Signal signal, Subject subject) =>
        signal.Refused.Any(stop => Matches(stop, subject));

    private static bool Matches(Stop stop, Subject subject)
    {
        if (stop.On != StopOn.Any && subject.IsActivity != (stop.On == StopOn.Activity)) return false;
        if (stop.OutcomeType is not null && (subject.IsActivity || stop.OutcomeType != subject.What)) return false;
        if (stop.Activity is not null && (!subject.IsActivity || stop.Activity != subject.What)) return false;
        return (stop.Agent is null || stop.Agent == subject.Dimensions.Agent)
            && (stop.Channel is null || stop.Channel == subject.Dimensions.Channel)
            && (stop.Workflow is null || stop.Workflow == subject.Dimensions.Workflow)
            && (subject.Dimensions.Workflow is not { } workflow || !stop.WorkflowNot.Contains(workflow));
    }
}
