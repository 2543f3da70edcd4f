using MeteringGateway.Api.Json;
using MeteringGateway.Api.Plans;

namespace MeteringGateway.Api.Caps;

/// <summary>A cap from and to its wire form (C1).</summary>
internal static class CapReader
{
    public static Cap Read(string at, CapWire cap, string? id, Findings findings)
    {
        if (cap.Scheduled is not null) findings.Add($"{at}/scheduled", "is told, and cannot be set");
        if (cap.Withdrawn is not null) findings.Add($"{at}/withdrawn", "is told, and cannot be set");
        return new()
        {
            Id = findings.Id($"{at}/id", id),
            Scope = cap.Scope is { } scope ? Scope($"{at}/scope", scope, findings) : Core.Scope.Everything,
            Limit = Limits.Read($"{at}/limit", cap.Limit, findings),
            Period = findings.OneOf<CapPeriod>($"{at}/period", cap.Period) ?? CapPeriod.BillingPeriod,
            AtLimit = cap.AtLimit is { } then ? AtLimit($"{at}/at_limit", then, findings) : Core.AtLimit.Pause,
        };
    }

    public static CapWire Write(Cap cap, string currency) => new()
    {
        Id = cap.Id,
        Scope = Write(cap.Scope),
        Limit = cap.Limit.Wire(currency),
        Period = Names<CapPeriod>.Of(cap.Period),
        AtLimit = Write(cap.AtLimit),
    };

    public static AtLimitWire Write(AtLimit then) => new() { Action = Names<LimitAction>.Of(then.Action), To = then.To,
        Message = then.Message };

    public static ScopeWire Write(Scope scope) => new()
    {
        OutcomeType = scope.OutcomeType,
        Activity = scope.Activity,
        Agent = scope.Agent,
        Channel = scope.Channel,
        Workflow = scope.Workflow,
    };

    /// <param name="but">What cannot follow here.</param>
    public static AtLimit AtLimit(string at, AtLimitWire then, Findings findings, params LimitAction[] but)
    {
        if (then.Action is null)
            findings.Add($"{at}/action", Findings.OneOf(null, Names<LimitAction>.But(but)));
        var action = findings.OneOf($"{at}/action", then.Action, but) ?? LimitAction.Pause;
        if (action != LimitAction.Handoff && then.To is not null)
            findings.Add($"{at}/to", "goes with the action handoff");
        return new AtLimit(action, findings.OptionalName($"{at}/to", then.To),
            findings.OptionalName($"{at}/message", then.Message, 1000));
    }

    /// <summary>
    /// A hand-off to nobody would leave what the agent has begun to nobody. Asked when one is set: what was set before
    /// this was asked stays good.
    /// </summary>
    public static void DemandWho(string at, AtLimitWire? then, Findings findings)
    {
        if (then is { Action: "handoff", To: null })
            findings.Add($"{at}/to", "is required with handoff: who takes over, such as \"queue:tier1\"");
    }

    private static Scope Scope(string at, ScopeWire scope, Findings findings)
    {
        if (scope.Activity is not null && scope.OutcomeType is not null)
            findings.Add(at, "must not have both outcome_type and activity");
        return new Scope(
            findings.OptionalName($"{at}/outcome_type", scope.OutcomeType),
            findings.OptionalName($"{at}/activity", scope.Activity),
            findings.OptionalName($"{at}/agent", scope.Agent),
            findings.OptionalName($"{at}/channel", scope.Channel),
            findings.OptionalName($"{at}/workflow", scope.Workflow));
    }
}
