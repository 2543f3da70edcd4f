namespace MeteringGateway.ConsolePages.Words;

/// <summary>An entry of an outcome's history, in a sentence.</summary>
public static class Happened
{
    public static string Words(Doc entry)
    {
        var data = entry["data"];
        return entry["kind"].Text switch
        {
            "outcome_reported" => Reported(data),
            "outcome_changed" => $"{Say.Upper(Became(data))}.",
            "fact_reported" => data["kind"].Text switch
            {
                "verdict_accepted" => "The buyer accepted it.",
                "verdict_rejected" => "The buyer rejected it.",
                var fact => $"It was reported: {Say.Reason(fact)}.",
            },
            "dispute_opened" => $"It was disputed: {data["reason"].Text}",
            "dispute_resolved" => $"The dispute was decided: {data["status"].Text}. {data["note"].Text}",
            var other => $"{Say.Plain(other)}.",
        };
    }

    private static string Reported(Doc data)
    {
        var by = data["dimensions"].Maybe("agent").TextOrNull is { } agent ? $" by {agent}" : "";
        var result = data["result"].Text == "success" ? "Reported as achieved"
            : $"Reported: {Say.Reason(data["result"].Text)}";
        return $"{result}{by}. {Say.Upper(Became(data))}.";
    }

    private static string Became(Doc data)
    {
        var reason = data["reason"].Text is "none" or "" ? "" : $": {Say.Reason(data["reason"].Text)}";
        return data["status"].Text switch
        {
            "pending" => "it waits, and may be taken back",
            "billable" => $"it is charged{reason}",
            "non_billable" => $"it is not charged{reason}",
            "credited" => $"it is credited{reason}",
            var other => Say.Plain(other),
        };
    }
}
