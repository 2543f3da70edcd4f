using System.Text.Json;
using static MeteringGateway.Api.Emails.EmailHtml;

namespace MeteringGateway.Api.Emails;

/// <summary>
/// An alert in words, of the payload that webhooks get (<c>docs/webhooks.md</c>). Numbers are as in a statement: a
/// comma between thousands, money with the digits of its currency, times in UTC; the same for every reader.
/// </summary>
/// <param name="Title">What happened.</param>
/// <param name="Lines">When, and what follows from it.</param>
internal sealed record AlertWords(string Title, IReadOnlyList<string> Lines)
{
    public static AlertWords Of(byte[] payload, string currency)
    {
        using var document = JsonDocument.Parse(payload);
        var (root, words) = (document.RootElement, new Reading(document.RootElement.GetProperty("data"), currency));
        var (title, lines) = words.Tell(root.GetProperty("type").GetString()!);
        var at = Time(root.GetProperty("timestamp").GetString());
        if (words.Number("count") is { } count && words["first_at"] is { } first)
            lines = [.. lines, $"{Grouped(count)} times since {Time(first)}."];
        return new AlertWords(title, [$"{at}", .. lines.Where(line => line.Length > 0)]);
    }

    /// <summary>Of a time as it is on the wire.</summary>
    private static string Time(string? time) => time is null ? "" : $"{time[..10]} {time[11..16]} UTC";

    private readonly record struct Reading(JsonElement Data, string Currency)
    {
        public string? this[string member] => Data.TryGetProperty(member, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

        public string? Number(string member) => Data.TryGetProperty(member, out var value)
            && value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;

        public (string Title, string[] Lines) Tell(string type) => type switch
        {
            Alerts.ThresholdCrossed => Threshold(),
            Alerts.CapReached => ($"{Key()} is reached", [Limit(), Stops()]),
            Alerts.CapCleared => ($"{Key()} stops nothing any more", [Limit(), "Agents may go on."]),
            Alerts.CreditsExhausted => ("Credits are used up", ["No unit can be funded by credits any more."]),
            Alerts.OverageStarted => ("Overage has begun",
                [$"Units {(this["outcome_type"] is { } of ? $"of {of} " : "")}are charged on demand from now on."]),
            Alerts.GrantExpiring => ($"{Grouped(this["remaining"])} credits expire soon",
                [$"Grant {this["grant"]} ends {Time(this["expires_at"])}."]),
            "dispute.opened" => ($"Outcome {this["outcome_id"]} is disputed", [$"Reason: {this["reason"]}"]),
            "dispute.resolved" => Resolved(),
            Alerts.AgreementLow => ($"Few outcomes of {this["outcome_type"]} are accepted",
                [$"{Grouped(Number("agreed"))} of {Grouped(Number("total"))} that a verdict was given on."]),
            "statement.final" => ($"The statement of {this["period"]} is final: {Money(this["total"])}", []),
            _ => (type, []), // of a newer version of the gateway
        };

        private (string, string[]) Threshold()
        {
            var of = Of(this["of"] ?? "");
            var isCredits = this["of"] == "credits";
            var reached = Amount("level", isCredits);
            return ($"{of}: {reached}{(Amount("limit", isCredits) is { Length: > 0 } limit ? $" of {limit}" : "")}",
                [$"The threshold {this["threshold"]} was crossed in the period of {this["period"]}."]);
        }

        private (string, string[]) Resolved() => this["status"] == "credited"
            ? ($"Dispute {this["dispute"]} was credited",
                [$"{Money(this["amount"])} for outcome {this["outcome_id"]}, on the statement of {this["period"]}.",
                    Note()])
            : ($"Dispute {this["dispute"]} was upheld: nothing is taken back",
                [$"It was about outcome {this["outcome_id"]}.", Note()]);

        private string Note() => this["note"] is { } note ? $"Note: {note}" : "";

        private string Key() => this["key"] is { } key ? Of(key) : "A limit";

        private string Limit() => Amount("limit", false) is { Length: > 0 } limit ? $"The limit is {limit}." : "";

        private string Stops()
        {
            var until = this["resets_at"] is { } resets ? $" until {Time(resets)}, or the limit is raised" : "";
            return this["action"] == "handoff"
                ? $"Agents hand off{To()}{until}." : $"Agents are told to pause{until}.";
        }

        private string To() => Data.TryGetProperty("handoff", out var handoff)
            && handoff.ValueKind == JsonValueKind.Object && handoff.TryGetProperty("to", out var to)
            && to.GetString() is { } target ? $" to {target}" : "";

        private static string Of(string key) => key.IndexOf(':', StringComparison.Ordinal) is var at and > 0
            ? key[..at] switch
            {
                "cap" => $"Cap {key[(at + 1)..]}",
                "included" => $"Included units of {key[(at + 1)..]}",
                "funding" => $"Funding of {key[(at + 1)..]}",
                _ => key,
            }
            : key switch { "credits" => "Credits", "spend" => "Spend", "tenant" => "The tenant", _ => key };

        private string Amount(string member, bool isCredits)
        {
            if (!Data.TryGetProperty(member, out var value) || value.ValueKind != JsonValueKind.Object) return "";
            if (value.TryGetProperty("units", out var units)) return $"{Grouped(units.GetRawText())} units";
            if (!value.TryGetProperty("amount", out var amount)) return "";
            return isCredits ? $"{Grouped(amount.GetString())} credits" : Money(amount.GetString());
        }

        private string Money(string? amount) => $"{Grouped(amount)} {Currency}";
    }
}
