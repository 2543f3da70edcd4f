using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Html;
using static MeteringGateway.Api.Html.HtmlPage;

namespace MeteringGateway.Api.Statements;

/// <summary>A statement to be printed.</summary>
internal static class StatementPage
{
    public static ContentHttpResult Answer(HttpContext context, StatementWire statement, Statement figure,
        TenantFigure tenant)
    {
        var last = figure.Period.Id.AddDays(figure.Period.Days.Length - 1);
        var title = $"Statement of {tenant.Name}, {statement.Period}";
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"""
            <h1>Statement</h1>
            <p><strong>{Text(tenant.Name)}</strong> <span class="soft">({Text(statement.Tenant)})</span></p>
            <p>{Day(figure.Period.Id)} to {Day(last)} <span class="soft">({Text(statement.TimeZone)})</span>
            <span class="state">{statement.Status}</span></p>
            {Note(figure.Status)}
            <div class="wide">
            <table>
            <caption>All amounts in {statement.Currency}</caption>
            <thead><tr>
            <th scope="col">Description</th><th scope="col" class="number">Quantity</th>
            <th scope="col" class="number">Unit price</th><th scope="col" class="number">Amount</th>
            </tr></thead>
            <tbody>

            """);
        foreach (var line in statement.Lines)
            body.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{Text(line.Description)}</td><td class="number">{line.Quantity:N0}</td>
                <td class="number">{line.UnitPrice}</td><td class="number">{line.Amount}</td></tr>

                """);
        if (statement.Lines.Count == 0)
            body.Append("<tr><td colspan=\"4\">Nothing was used, and no fee is due.</td></tr>\n");
        body.Append(CultureInfo.InvariantCulture, $"""
            </tbody>
            <tfoot><tr><th scope="row" colspan="3">Total</th>
            <td class="number">{statement.Total} {statement.Currency}</td></tr></tfoot>
            </table>
            </div>
            <p class="soft">Unrounded sum of the lines: {statement.UnroundedTotal}. {Credits(figure)}</p>
            <footer>
            <p>Journal of {Text(statement.Tenant)}, entry {statement.Head.Sequence}:
            <code>{statement.Head.Hash}</code></p>
            </footer>
            """);
        return HtmlPage.Answer(context, title, body.ToString());
    }

    private static string Day(DateOnly day) => day.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    private static string Note(PeriodStatus status) => status switch
    {
        PeriodStatus.Open => "<p>The period is not over: this is what would be owed now.</p>",
        PeriodStatus.Settling =>
            "<p>The period is over and settles: windows are still open, or late events may still come.</p>",
        _ => "",
    };

    private static string Credits(Statement figure)
    {
        if (figure.CreditsUsed == Amount.Zero) return "No credits were used.";
        return figure.CreditsValue is { } value
            ? $"Credits used: {figure.CreditsUsed} (worth {Json.Text.Money(value, figure.Currency)} {figure.Currency})."
            : $"Credits used: {figure.CreditsUsed}.";
    }
}
