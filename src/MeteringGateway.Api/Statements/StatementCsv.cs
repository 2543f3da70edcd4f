using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Csv;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Requests;

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

    /// <summary>
    /// The same with the outcomes behind the lines: each line has its number, and each outcome that of its line, with
    /// an amount in a column of its own. Written as it is read, page by page.
    /// </summary>
    public static IResult Answer(HttpContext context, StatementWire statement, BehindLines behind)
    {
        CsvText.Announce(context, $"statement-{statement.Tenant}-{statement.Period}-outcomes");
        return Head.WasAsked(context) ? TypedResults.Empty : new Listed(statement, behind);
    }

    private sealed class Listed(StatementWire statement, BehindLines behind) : IResult
    {
        private const string Columns = ",line,outcome_id,at,units,outcome_unit_price,outcome_amount,credits,reason\r\n";
        private const string None = ",,,,,,,";

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var text = new StringBuilder().Append(CsvText.Mark).Append(Header.TrimEnd()).Append(Columns);
            for (var i = 0; i < statement.Lines.Count; i++)
            {
                var line = statement.Lines[i];
                Cells(text, statement, line.Kind, line.Description, line.OutcomeType, Text.Of(line.Quantity),
                    line.UnitPrice, line.Amount);
                text.Append(',').Append(i + 1).Append(None).Append("\r\n");
            }
            for (string? after = null; ;)
            {
                var (rows, next) = await behind.Page(after, 1000, httpContext.RequestAborted);
                foreach (var row in rows) Row(text, row);
                if (next is null) break;
                await Send(httpContext, text);
                after = Cursors.Read(next);
            }
            Cells(text, statement, "total", "Total", null, null, null, statement.Total);
            text.Append(None).Append(",\r\n");
            await Send(httpContext, text);
        }

        private void Row(StringBuilder text, Behind row)
        {
            var (line, outcome) = (statement.Lines[row.Line], row.Wire(statement.Currency));
            Cells(text, statement, line.Kind, line.Description, line.OutcomeType, null, null, "");
            text.Append(',').Append(row.Line + 1).Append(',');
            CsvText.Cell(text, outcome.OutcomeId);
            text.Append(',').Append(outcome.At).Append(',').Append(outcome.Units).Append(',').Append(outcome.UnitPrice)
                .Append(',').Append(outcome.Amount).Append(',').Append(outcome.Credits).Append(',')
                .Append(outcome.Reason).Append("\r\n");
        }

        private static async Task Send(HttpContext context, StringBuilder text)
        {
            foreach (var chunk in text.GetChunks()) Encoding.UTF8.GetBytes(chunk.Span, context.Response.BodyWriter);
            text.Clear();
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
    }

    private static void Row(StringBuilder text, StatementWire statement, string kind, string description,
        string? outcomeType, string? quantity, string? unitPrice, string amount)
    {
        Cells(text, statement, kind, description, outcomeType, quantity, unitPrice, amount);
        text.Append("\r\n");
    }

    // Numbers of ours are not disarmed: a spreadsheet must be able to add them up, also those below 0.
    private static void Cells(StringBuilder text, StatementWire statement, string kind, string description,
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
        text.Append(',').Append(quantity).Append(',').Append(unitPrice).Append(',').Append(amount);
    }
}
