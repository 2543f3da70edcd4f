using System.Text;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Outcomes;

namespace MeteringGateway.Api.Statements;

/// <summary>A statement's lines as CSV (RFC 4180), one row a line; the amounts add up to the total.</summary>
internal static class StatementCsv
{
    public static string Write(StatementWire statement)
    {
        var text = new StringBuilder(
            "tenant,period,starts_at,ends_at,time_zone,status,final_at,currency,kind,description,outcome_type,quantity,unit_price,amount\r\n");
        foreach (var line in statement.Lines)
        {
            text.Append(statement.Tenant).Append(',').Append(statement.Period).Append(',').Append(statement.StartsAt)
                .Append(',').Append(statement.EndsAt).Append(',').Append(statement.TimeZone).Append(',')
                .Append(statement.Status).Append(',').Append(statement.FinalAt).Append(',')
                .Append(statement.Currency).Append(',').Append(line.Kind).Append(',');
            OutcomeCsv.Cell(text, line.Description);
            text.Append(',');
            OutcomeCsv.Cell(text, line.OutcomeType ?? "");
            // Numbers of ours: a spreadsheet must be able to add them up, also those below 0.
            text.Append(',').Append(Text.Of(line.Quantity)).Append(',').Append(line.UnitPrice).Append(',')
                .Append(line.Amount).Append("\r\n");
        }
        return text.ToString();
    }
}
