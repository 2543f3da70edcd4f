namespace MeteringGateway.ConsolePages.Words;

/// <summary>What somebody did, as an entry of the journal has it, in a sentence.</summary>
public static class Told
{
    public static string Words(Doc change, Locale locale, string currency)
    {
        var data = change["data"];
        return change["kind"].Text switch
        {
            "tenant_created" => $"Made the account \"{data["name"].Text}\" on {Plan(data["plan"])}.",
            "tenant_changed" => Tenant(data),
            "terms_set" => $"Set the terms: {Plan(data["plan"])}{Was(data.Maybe("before"), Plan)}.",
            "tenant_closed" => "Closed the account.",
            "clock_advanced" => "Moved the test clock.",
            "cap_set" => $"Set the cap {data["cap"]["id"].Text} to {Cap(data["cap"], locale, currency)}"
                + Was(data["before"], cap => Cap(cap, locale, currency))
                + (data["effective"].Text == "next_period" ? ", from the next period on." : "."),
            "cap_removed" => $"Removed the cap {data["before"]["id"].Text}, {Cap(data["before"], locale, currency)}.",
            "tenant_paused" => $"Stopped the agents: {data["reason"].Text}.",
            "tenant_resumed" => "Let the agents go on.",
            "threshold_set" => $"Set the level {data["threshold"]["id"].Text}"
                + (data["before"].IsNull ? "." : ", in place of the one before."),
            "threshold_removed" => $"Removed the level {data["before"]["id"].Text}.",
            "grant_issued" => Grant(data, locale, currency),
            "grant_ended" => $"Ended the credits {data["grant"].Text}, of which "
                + $"{locale.Number(data["taken"].Text)} were left.",
            "overage_authorized" => "Authorised what goes beyond the plan "
                + (data["standing"].IsTrue ? "until it is taken back" : "for the period")
                + (data["limit"].IsNull ? "." : $", up to {locale.Level(data["limit"], currency)}."),
            "authorization_withdrawn" => "Took the authorisation of what goes beyond the plan back.",
            "dispute_opened" => $"Disputed the outcome {data["outcome_id"].Text}: {data["reason"].Text}",
            "dispute_resolved" => $"Decided the dispute {data["before"]["id"].Text}: {data["status"].Text}. "
                + data["note"].Text,
            "detail_erased" => $"Erased what was stored of a person ({locale.Count(data["events"].Count)} events).",
            "fact_reported" => $"Said of the outcome {data["outcome_id"].Text}: {Say.Plain(data["kind"].Text)}.",
            "change_scheduled" => "Set what is to hold later.",
            "change_withdrawn" => "Took back what was to hold later.",
            var other => $"{Say.Plain(other)}.",
        };
    }

    private static string Was(Doc before, Func<Doc, string> words) =>
        before.IsNull ? "" : $" (before: {words(before)})";

    private static string Plan(Doc plan) => $"the plan {plan["id"].Text}, version {plan["version"].Text}";

    private static string Tenant(Doc data)
    {
        var parts = new List<string>();
        if (data.Maybe("name_before").TextOrNull is { } name)
            parts.Add($"the name to \"{data["name"].Text}\" (before: \"{name}\")");
        if (data.Maybe("zone_before").TextOrNull is { } zone)
            parts.Add($"the time zone to {data["zone"].Text} (before: {zone})");
        if (data.Maybe("anchor_day_before").TextOrNull is { } day)
            parts.Add($"the first day of a period to {data["anchor_day"].Text} (before: {day})");
        return parts.Count == 0 ? "Changed the account." : $"Changed {string.Join(", ", parts)}.";
    }

    private static string Cap(Doc cap, Locale locale, string currency) =>
        $"{locale.Level(cap["limit"], currency)} {Say.Every(cap["period"].Text)}, "
        + Lower(Say.AtLimit(cap["at_limit"]));

    private static string Grant(Doc data, Locale locale, string currency)
    {
        var price = data["price"].IsNull ? "" : $" for {locale.Money(data["price"], currency)}";
        var note = data["note"].IsNull ? "" : $" {data["note"].Text}";
        return data.Maybe("pack").TextOrNull is { } pack
            ? $"Bought {locale.Count(data["quantity"].Count)} of {pack}: "
                + $"{locale.Number(data["amount"].Text)} credits{price}.{note}"
            : $"Gave {locale.Number(data["amount"].Text)} credits{price}.{note}";
    }

    private static string Lower(string text) => text.Length == 0 ? text : char.ToLowerInvariant(text[0]) + text[1..];
}
