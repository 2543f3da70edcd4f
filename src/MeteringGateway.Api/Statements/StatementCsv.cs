using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Csv;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Statements;

/// <summary>A statement's lines as CSV, one row a line, and its total as the last.</summary>
internal static class StatementCsv
{
    private const string Header =
        "tenant,period,starts_at,ends_at,time_zone,status,final_at,currency,kind,description,outcome_type,"
        + "quantity,unit_price,amount\r\n";

    public static ContentHttpResult Answer(HttpContext context, StatementWire statement)
    {
        CsvText.Announce(context, $"statement-{statement.Tenant}-{statement.Period}");
        return TypedResults.Text(Write(statement), context.Response.ContentType, Encoding.UTF8);
    }

    private static string Write(StatementWire statement)
    {
        var text = new StringBuilder().Append(CsvText.Mark).Append(Header);
        foreach (var line in statement.Lines)
            Row(text, statement, line.Kind, line.Description, line.OutcomeType, Text.Of(line.Quantity), line.UnitPrice,
                line.Amount);
        Row(text, statement, "total", "Total", null, null, null, statement.Total);
        return text.ToString();
    }

    // Numbers of ours are not disarmed: a spreadsheet must be able to add them up, also those below 0.
    private static void Row(StringBuilder text, StatementWire statement, string kind, string description,
        string? outcomeType, string? quantity, string? unitPrice, string amount)
    {
        CsvText.Cell(text, statement.Tenant);
        text.Append(',').Append(statement.Period).Append(',').Append(statement.StartsAt).Append(',')
            .Append(statement.EndsAt).Append(',').Append(statement.TimeZone).Append(',').Append(statement.Status)
            .Append(',').Append(statement.FinalAt).Append(',').Append(statement.Currency).Append(',').Append(kind)
            .Append(',');
        CsvText.Cell(text, description);
        text.Append(',');
        CsvText.Cell(text, outcomeType ?? "");
        text.Append(',').Append(quantity).Append(',').Append(unitPrice).Append(',').Append(amount).Append("\r\n");
    }
}
