namespace MeteringGateway.ConsolePages.Words;

/// <summary>What the API's names are called where people read them.</summary>
public static class Say
{
    public static string State(string state) => state switch
    {
        "active" => "Running",
        "warned" => "Near a limit",
        "paused" => "Stopped",
        "handoff" => "Handing over",
        _ => Plain(state),
    };

    /// <summary>Why an outcome is what it is, or why agents stop.</summary>
    public static string Reason(string? reason) => reason switch
    {
        null or "" => "",
        "window_closed" => "achieved, and not taken back in time",
        "immediate" => "achieved",
        "confirmed" => "confirmed by the customer",
        "reopened" => "the customer came back",
        "escalated" => "handed to a person",
        "no_show" => "nobody came",
        "rejected" => "rejected by the buyer",
        "duplicate_in_session" => "the same case was counted already",
        "criteria_not_met" => "the agreed criteria were not met",
        "over_cap" => "no cap had room for it",
        "credits_exhausted" => "the credits are used up",
        "overage_blocked" => "nothing beyond the plan is allowed",
        "overage_not_authorized" => "going beyond the plan waits for your authorisation",
        "overage_limit_reached" => "the limit on what goes beyond the plan is reached",
        "tenant_paused" => "stopped by hand",
        "tenant_closed" => "the account is closed",
        "cap_reached" => "a cap is reached",
        "ok" => "nothing limits it",
        _ => reason.Replace('_', ' '),
    };

    public static string Status(string status) => status switch
    {
        "pending" => "Pending",
        "billable" => "Charged",
        "non_billable" => "Not charged",
        "credited" => "Credited",
        _ => Plain(status),
    };

    public static string Period(string status) => status switch
    {
        "open" => "Open",
        "settling" => "Settling",
        "final" or "closed" => "Final",
        _ => Plain(status),
    };

    /// <summary>What a cap, threshold or alert is of: <c>cap:monthly</c> as people say it.</summary>
    public static string Of(string? of)
    {
        if (of is null) return "the account";
        var colon = of.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return of switch { "tenant" => "the account", "credits" => "credits", "spend" => "spend",
            "overage" => "what goes beyond the plan", _ => Plain(of) };
        var id = of[(colon + 1)..];
        return of[..colon] switch
        {
            "cap" => $"the cap {id}",
            "included" => $"the included units of {id}",
            "funding" => $"what pays for {id}",
            "overage" => $"what goes beyond the plan of {id}",
            "grant" => $"the credits {id}",
            "agreement" => $"agreement on {id}",
            _ => of,
        };
    }

    public static string Alert(string type) => type switch
    {
        "threshold.crossed" => "A level was reached",
        "cap.reached" => "A cap was reached",
        "credits.exhausted" => "Credits ran out",
        "overage.started" => "The plan's units are used up",
        "grant.expiring" => "Credits are about to expire",
        "agreement.low" => "Buyer and meter disagree",
        "cap.cleared" => "A cap has room again",
        "dispute.opened" => "An outcome was disputed",
        "dispute.resolved" => "A dispute was decided",
        "statement.final" => "A statement is final",
        _ => Plain(type.Replace('.', ' ')),
    };

    /// <summary>What somebody is told of.</summary>
    public static string Events(Doc events) => events.Items.Any(one => one.Text == "*") ? "Told of everything"
        : $"Told when: {string.Join("; ", events.Items.Select(one => Alert(one.Text)))}";

    public static string Delivery(string status) => status switch
    {
        "pending" => "under way",
        "delivered" => "delivered",
        "failed" => "not delivered",
        _ => Plain(status),
    };

    public static string Webhook(Doc one) => one["state"].Text == "enabled" ? "on"
        : one["disabled_reason"].Text == "gone" ? "off: the receiver said that it is gone"
        : "off: nothing could be delivered for days";

    /// <summary>What happens at a limit.</summary>
    public static string AtLimit(Doc then) => then.Maybe("action").Text switch
    {
        "handoff" => then.Maybe("to").TextOrNull is { } to ? $"Agents hand over to {to}" : "Agents hand over",
        "notify" => "Agents go on, and you are told",
        "pause" => "Agents stop",
        var other => Plain(other),
    };

    /// <summary>What a cap counts.</summary>
    public static string Scope(Doc scope)
    {
        var parts = new List<string>();
        if (scope.Maybe("outcome_type").TextOrNull is { } type) parts.Add(type);
        if (scope.Maybe("activity").TextOrNull is { } activity) parts.Add($"attempts of {activity}");
        if (scope.Maybe("agent").TextOrNull is { } agent) parts.Add($"by {agent}");
        if (scope.Maybe("channel").TextOrNull is { } channel) parts.Add($"on {channel}");
        if (scope.Maybe("workflow").TextOrNull is { } workflow) parts.Add($"of the workflow {workflow}");
        return parts.Count == 0 ? "All outcomes" : Upper(string.Join(", ", parts));
    }

    public static string Every(string? period) => period == "day" ? "a day" : "a billing period";

    public static string Upper(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    public static string Plain(string name) => Upper(name.Replace('_', ' '));

    /// <summary>What was done, after a form.</summary>
    public static string? Done(string? said) => said switch
    {
        "out" => "You are signed out.",
        "cap" => "The cap is set. It holds for the very next decision.",
        "cap-later" => "The cap will be set when the next period begins.",
        "cap-removed" => "The cap is removed.",
        "paused" => "The agents are stopped.",
        "resumed" => "The agents may go on.",
        "authorized" => "What goes beyond the plan is authorised.",
        "withdrawn" => "The authorisation is taken back.",
        "bought" => "The pack is bought, and its credits can be used at once.",
        "threshold" => "The level is set.",
        "threshold-removed" => "The level is removed.",
        "disputed" => "The outcome is disputed. The vendor decides, and you are told.",
        "judged" => "Your verdict is noted.",
        "email" => "The address is asked by mail to confirm that it wants to be told. Until then it gets nothing else.",
        "webhook" => "The webhook is changed.",
        "receiver-removed" => "It is removed, and is told of nothing more.",
        "retried" => "The delivery is sent again.",
        _ => null,
    };
}
