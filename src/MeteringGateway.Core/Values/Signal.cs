using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// The complete state of one key, as it was pushed (S1, S6): it takes the place of every earlier signal of that key.
/// </summary>
/// <param name="Cap">Null: the tenant as a whole; with a scope, the funding of that outcome type.</param>
/// <param name="Stops">The questions that it refuses for one unit. Null: told before signals said so.</param>
public sealed record Signal(
    long Sequence, Instant At, SignalAction Action, LimitState State, string? Cap, Scope? Scope, Limit? Limit,
    DecisionReason Reason, AtLimit? Handoff, Instant? ResetsAt, ImmutableArray<Stop>? Stops)
{
    /// <summary><c>tenant</c>, <c>cap:</c> and a cap's id, or <c>funding:</c> and an outcome type's.</summary>
    public string Key => KeyOf(Cap, Scope);

    /// <summary>
    /// What it refuses; of one that was told before signals said so, everything that it was about, as long as it stops.
    /// </summary>
    public ImmutableArray<Stop> Refused => Stops ?? (State < LimitState.Paused ? [] : [Stop.Of(Scope)]);

    public static string KeyOf(string? cap, Scope? scope) =>
        cap is not null ? $"cap:{cap}" : scope?.OutcomeType is { } type ? $"funding:{type}" : "tenant";
}

/// <summary>Where a fresh reader of signals begins (S6).</summary>
/// <param name="Sequence">What comes after it is told from then on.</param>
/// <param name="Keys">The last signal of each key that stops or warns. Null: the reader goes on from where it was.
/// </param>
public sealed record SignalStart(long Sequence, ImmutableArray<Signal>? Keys, string Currency = "");

/// <summary>
/// Questions that are refused for one unit (S6): those that match every member that it has. An absent member matches
/// anything.
/// </summary>
public sealed record Stop(
    StopOn On, string? OutcomeType = null, string? Activity = null, string? Agent = null, string? Channel = null,
    string? Workflow = null)
{
    /// <summary>Any workflow but these, and also none: they have prices of their own (F7).</summary>
    public ImmutableArray<string> WorkflowNot { get; init; } = [];

    /// <summary>Everything in a scope; without one, everything.</summary>
    public static Stop Of(Scope? scope) => scope is null ? new Stop(StopOn.Any)
        : scope.Activity is null
            ? new Stop(StopOn.Outcome, scope.OutcomeType, null, scope.Agent, scope.Channel, scope.Workflow)
            : new Stop(StopOn.Activity, null, scope.Activity, scope.Agent, scope.Channel, scope.Workflow);

    /// <summary>It is everything in this scope.</summary>
    public bool Is(Scope scope) => On == (scope.Activity is null ? StopOn.Outcome : StopOn.Activity)
        && OutcomeType == (scope.Activity is null ? scope.OutcomeType : null) && Activity == scope.Activity
        && Agent == scope.Agent && Channel == scope.Channel && Workflow == scope.Workflow && WorkflowNot.IsEmpty;

    public bool Equals(Stop? other) => other is not null && On == other.On && OutcomeType == other.OutcomeType
        && Activity == other.Activity && Agent == other.Agent && Channel == other.Channel && Workflow == other.Workflow
        && WorkflowNot.AsSpan().SequenceEqual(other.WorkflowNot.AsSpan());

    public override int GetHashCode() =>
        HashCode.Combine(On, OutcomeType, Activity, Agent, Channel, Workflow, WorkflowNot.Length);
}

/// <summary>What a <see cref="Stop"/> is about. The numbers are stored.</summary>
public enum StopOn : byte { Any = 0, Outcome = 1, Activity = 2 }
