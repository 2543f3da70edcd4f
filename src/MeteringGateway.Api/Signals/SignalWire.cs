using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;

namespace MeteringGateway.Api.Signals;

/// <summary>
/// The data of <c>warn</c>, <c>pause</c>, <c>handoff</c> and <c>resume</c>, and of <c>state</c>: the complete state of
/// one key, in place of what was told of it before (S1, S6).
/// </summary>
/// <param name="Key"><c>tenant</c>, <c>cap:</c> and a cap's id, or <c>funding:</c> and an outcome type's.</param>
/// <param name="Stops">The questions that the key refuses for one unit; empty: none.</param>
/// <param name="Cap">Null: not a cap's.</param>
internal sealed record SignalWire(
    string Tenant, long Sequence, string Key, [property: Values<SignalAction>] string Action,
    IReadOnlyList<StopWire> Stops, ScopeWire? Scope,
    string? Cap, LimitWire? Limit, [property: Values<DecisionReason>] string Reason,
    HandoffWire? Handoff, string At, string? ResetsAt);

/// <summary>
/// Questions that match every member that it has; a member that it lacks matches anything. With
/// <c>workflow_not</c>: any workflow but these, and none.
/// </summary>
/// <param name="On"><c>any</c>, <c>outcome</c> or <c>activity</c>.</param>
[OmitNulls]
internal sealed record StopWire(
    string On, string? OutcomeType, string? Activity, string? Agent, string? Channel, string? Workflow,
    IReadOnlyList<string>? WorkflowNot);

/// <summary>The data of <c>reset</c>: what was told of the tenant before is to be forgotten.</summary>
internal sealed record ResetWire(string Tenant);

/// <summary>The data of <c>ready</c>: every key that stops or warns has been told, as of the sequence.</summary>
internal sealed record ReadyWire(string Tenant, long Sequence);

internal sealed record AckWire
{
    /// <summary>Who took note.</summary>
    [Demanded]
    public string? Agent { get; init; }
}

internal static class SignalFigures
{
    public static SignalWire Wire(this Signal signal, string tenant, string currency) => new(
        tenant, signal.Sequence, signal.Key, Names<SignalAction>.Of(signal.Action),
        [.. signal.Refused.Select(Wire)], signal.Scope is { } scope ? CapReader.Write(scope) : null, signal.Cap,
        signal.Limit?.Wire(currency), Names<DecisionReason>.Of(signal.Reason), Decisions.Handoff(signal.Handoff),
        signal.At.ToString(), signal.ResetsAt?.ToString());

    /// <summary>A key as it stands, whatever was told of it last.</summary>
    public static SignalWire State(this Signal signal, string tenant, string currency) => (signal with
    {
        Action = signal.State switch
        {
            LimitState.Handoff => SignalAction.Handoff,
            LimitState.Paused => SignalAction.Pause,
            _ => SignalAction.Warn,
        },
    }).Wire(tenant, currency);

    private static StopWire Wire(Stop stop) => new(
        Names<StopOn>.Of(stop.On), stop.OutcomeType, stop.Activity, stop.Agent, stop.Channel, stop.Workflow,
        stop.WorkflowNot.IsEmpty ? null : stop.WorkflowNot);
}
