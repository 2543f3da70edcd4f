using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;

namespace MeteringGateway.Api.Signals;

/// <summary>The data of <c>warn</c>, <c>pause</c>, <c>handoff</c> and <c>resume</c> (S1).</summary>
/// <param name="Cap">Null: the tenant as a whole.</param>
internal sealed record SignalWire(
    string Tenant, long Sequence, string Action, ScopeWire? Scope, string? Cap, LimitWire? Limit, string Reason,
    HandoffWire? Handoff,
    string At, string? ResetsAt);

/// <summary>
/// The data of <c>state</c>, with which every stream begins: where the tenant (cap null) or a cap stands.
/// </summary>
internal sealed record StateWire(string Tenant, string? Cap, string State, long Sequence, ScopeWire? Scope,
    LimitWire? Limit, string At);

internal sealed record AckWire
{
    /// <summary>Who took note.</summary>
    public string? Agent { get; init; }
}

internal static class SignalFigures
{
    public static SignalWire Wire(this Signal signal, string tenant, string currency) => new(
        tenant, signal.Sequence, Names<SignalAction>.Of(signal.Action), signal.Scope is { } scope
            ? CapReader.Write(scope) : null, signal.Cap,
        signal.Limit?.Wire(currency), Names<DecisionReason>.Of(signal.Reason), Decisions.Handoff(signal.Handoff),
        signal.At.ToString(), signal.ResetsAt?.ToString());

    /// <summary>The tenant's state, then each cap's.</summary>
    public static IEnumerable<StateWire> States(this TenantFigure tenant, string id)
    {
        yield return new StateWire(id, null, Names<LimitState>.Of(tenant.State), tenant.Sequence, null, null,
            tenant.Now.ToString());
        foreach (var (cap, state) in tenant.Caps)
            yield return new StateWire(
                id, cap.Id, Names<LimitState>.Of(state), tenant.Sequence, CapReader.Write(cap.Scope), cap.Limit.Wire(tenant.Terms.Currency),
                tenant.Now.ToString());
    }
}
