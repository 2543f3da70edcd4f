using System.Globalization;
using System.Text;
using System.Text.Json;
using MeteringGateway.Api.Csv;
using MeteringGateway.Api.Disputes;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Outcomes;

/// <summary>
/// Outcomes as CSV (RFC 4180): the members of the JSON form in their order, nested ones as <c>window.status</c>, lists
/// and metadata as JSON. Written from the figures themselves: there may be millions.
/// </summary>
/// <param name="currency">Of the tenant's terms.</param>
internal sealed class OutcomeCsv(string tenant, string currency)
{
    /// <summary>How many different charges are kept as text, at most.</summary>
    private const int MostCharges = 1_000;

    /// <summary>Most outcomes are charged like many others.</summary>
    private readonly Dictionary<Charge, string> _charges = [];

    public static void Header(StringBuilder line) =>
        line.Append(CsvText.Mark).AppendJoin(',', Columns(typeof(OutcomeWire), "")).Append("\r\n");

    public void Row(StringBuilder line, OutcomeRow row)
    {
        var outcome = row.Outcome;
        var apart = Apart.Of(row);
        Cell(line, outcome.Id);
        Cell(line, tenant);
        Plain(line, outcome.Time.ToString());
        Plain(line, Text.Date(outcome.Period));
        Cell(line, outcome.OutcomeType);
        Cell(line, outcome.Dimensions.Workflow);
        Cell(line, outcome.Dimensions.Channel);
        Cell(line, outcome.Dimensions.Agent);
        Cell(line, outcome.Session);
        Plain(line, outcome.NoSession ? "true" : "false");
        Cell(line, apart.EndCustomer);
        line.Append(outcome.Quantity).Append(',');
        if (outcome.CriteriaMet.IsEmpty) Plain(line, "[]");
        else
            Cell(line, JsonSerializer.Serialize<IReadOnlyList<string>>(outcome.CriteriaMet,
                WireJson.Typed<IReadOnlyList<string>>()));
        Plain(line, outcome.HandedOff ? "true" : "false");
        Plain(line, Names<WindowStatus>.Of(outcome.Window));
        Plain(line, outcome.ClosesAt?.ToString());
        Plain(line, outcome.EndedAt?.ToString());
        Verification(line, outcome.Verification.Wire(apart.Evidence));
        Plain(line, Names<OutcomeStatus>.Of(outcome.Status));
        Plain(line, outcome.BillableReason());
        Plain(line, outcome.NonBillableReason());
        Cell(line, Charges(outcome));
        // An amount below 0 would begin with a sign: it is a cell like others.
        Cell(line, Text.Money(outcome.Amount, currency));
        Plain(line, currency);
        Cell(line, outcome.Credits.ToString());
        Dispute(line, outcome.Dispute is { } dispute ? DisputeWire.From(dispute, currency) : null);
        Credit(line, outcome.Credit.Wire(currency));
        Cell(line, outcome.EventSource);
        Cell(line, apart.Source);
        Cell(line, apart.Metadata.GetRawText());
        line.Append(outcome.Sequence).Append("\r\n");
    }

    private static void Verification(StringBuilder line, VerificationWire? verification)
    {
        Cell(line, verification?.Method);
        Plain(line, verification?.Passed switch { null => null, true => "true", false => "false" });
        Cell(line, verification?.Confidence?.ToString(CultureInfo.InvariantCulture));
        Cell(line, verification?.EvidenceUrl);
    }

    private static void Dispute(StringBuilder line, DisputeWire? dispute)
    {
        Cell(line, dispute?.Id);
        Cell(line, dispute?.OutcomeId);
        Cell(line, dispute?.Reason);
        Plain(line, dispute?.Status);
        Cell(line, dispute?.Note);
        Plain(line, dispute?.OpenedAt);
        Plain(line, dispute?.ResolvedAt);
        Cell(line, dispute?.Amount);
    }

    private static void Credit(StringBuilder line, CreditWire? credit)
    {
        Cell(line, credit?.Amount);
        Cell(line, credit?.Credits);
        Plain(line, credit?.Reason);
        Plain(line, credit?.At);
        Plain(line, credit?.Period);
    }

    private string Charges(OutcomeFigure outcome)
    {
        if (outcome.Charges.Length != 1) return Json([.. outcome.Charges.Select(one => one.Wire(currency))]);
        if (_charges.TryGetValue(outcome.Charges[0], out var text)) return text;
        text = Json([outcome.Charges[0].Wire(currency)]);
        if (_charges.Count < MostCharges) _charges.Add(outcome.Charges[0], text);
        return text;
    }

    private static string Json(ChargeWire[] charges) =>
        JsonSerializer.Serialize<IReadOnlyList<ChargeWire>>(charges, WireJson.Typed<IReadOnlyList<ChargeWire>>());

    private static void Cell(StringBuilder line, string? text)
    {
        if (text is not null) CsvText.Cell(line, text);
        line.Append(',');
    }

    /// <summary>A text of ours, without anything that would have to be quoted.</summary>
    private static void Plain(StringBuilder line, string? text) => line.Append(text).Append(',');

    private static IEnumerable<string> Columns(Type type, string prefix)
    {
        foreach (var property in WireJson.Strict.GetTypeInfo(type).Properties)
        {
            if (property.Name == "no_dispute") continue; // only the answer to a verdict has it
            var name = prefix + property.Name;
            if (property.PropertyType.IsClass && property.PropertyType.Assembly == typeof(OutcomeCsv).Assembly)
                foreach (var nested in Columns(property.PropertyType, name + ".")) yield return nested;
            else yield return name;
        }
    }
}
