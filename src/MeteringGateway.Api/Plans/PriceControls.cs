namespace MeteringGateway.Api.Plans;

/// <summary>What holds a plan's cost in bounds, in sentences.</summary>
internal static class PriceControls
{
    public static IEnumerable<string> Of(Terms terms)
    {
        foreach (var cap in terms.Caps) yield return Cap(cap, terms);
        foreach (var type in terms.OutcomeTypes)
            if (type.Overage is { } own) yield return Overage($"{type.Id}, beyond what is prepaid", own, terms);
        if (terms.Overage is { } rule) yield return Overage("Beyond what is prepaid", rule, terms);
        if (terms.TopUpLimit is { } most) // F9
            yield return most == Amount.Zero ? "No packs of credits can be bought"
                : $"Packs of credits for at most {PricePage.Money(most, terms)} a billing period";
        foreach (var threshold in terms.Thresholds) yield return Alert(threshold, terms);
        // What every tenant has, whatever its plan says.
        // C1, C6
        yield return "Set your own limits in units or money, for everything or for an outcome type, agent, channel "
            + "or workflow; a raised limit holds at once";
        yield return "Set your own alerts, and pause and resume agents at any time"; // S4
        yield return "Look at every outcome and why it was charged or not"; // D1
        // D3
        yield return $"Dispute what was charged until {PricePage.Count((long)TenantState.Disputable.TotalDays)} days "
            + "after its billing period was closed: what is found wrong is credited";
    }

    private static string Cap(Cap cap, Terms terms) // C1
    {
        var limit = cap.Limit.Amount is { } amount
            ? PricePage.Money(amount, terms)
            : $"{PricePage.Count(cap.Limit.Value)} {(cap.Scope.Activity is null ? "outcomes" : "times")}";
        var period = cap.Period == CapPeriod.Day ? "a day" : "a billing period";
        var scope = string.Join(", ", Scope(cap.Scope));
        return $"At most {limit} {period}{(scope.Length > 0 ? $" for {scope}" : "")}; then {Then(cap.AtLimit)}";
    }

    private static IEnumerable<string> Scope(Scope scope)
    {
        if (scope.OutcomeType is { } type) yield return type;
        if (scope.Activity is { } activity) yield return activity;
        if (scope.Agent is { } agent) yield return $"the agent {agent}";
        if (scope.Channel is { } channel) yield return $"the channel {channel}";
        if (scope.Workflow is { } workflow) yield return $"the workflow {workflow}";
    }

    private static string Then(AtLimit limit) => limit.Action switch
    {
        LimitAction.Pause => "agents pause",
        LimitAction.Handoff => limit.To is { } to ? $"agents hand off to {to}" : "agents hand off",
        _ => "you are told, and agents go on",
    };

    private static string Overage(string what, OverageRule rule, Terms terms) // F2
    {
        if (rule.Bills == false) return $"{what}: nothing more is done; {Then(rule.AtLimit)}";
        var price = rule.Price is { } own ? $"{PricePage.Money(own, terms)} each"
            : "at the price above, where there is one";
        var limit = rule.Limit is not { } most ? ""
            : $", up to {(most.Amount is { } amount ? PricePage.Money(amount, terms) : PricePage.Count(most.Value))} "
                + $"a billing period; then {Then(rule.AtLimit)}";
        return $"{what}: {price}{(rule.RequiresAuthorization ? ", and only once you have authorised it" : "")}{limit}";
    }

    private static string Alert(Threshold threshold, Terms terms) // S4
    {
        var of = threshold.Of switch
        {
            Measure.Cap => $"the limit {threshold.Target}",
            Measure.Included => $"the included units of {threshold.Target}",
            Measure.Credits => "the credits",
            _ => "the spend",
        };
        var money = threshold.Of == Measure.Credits ? $"{threshold.At?.Amount} credits"
            : PricePage.Money(threshold.At?.Amount ?? Amount.Zero, terms);
        var at = threshold.Percent is { } percent ? $"{percent} %" : threshold.At is { IsMoney: true } ? money
            : $"{PricePage.Count(threshold.At!.Value.Value)} units";
        return $"An alert at {at} of {of}";
    }
}
