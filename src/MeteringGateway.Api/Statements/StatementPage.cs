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
                <tr><td>{Text(line.Description)}</td><td class="number" data-label="Quantity">{line.Quantity:N0}</td>
                <td class="number" data-label="Unit price">{Grouped(line.UnitPrice)}</td>
                <td class="number">{Grouped(line.Amount)}</td></tr>

                """);
        if (statement.Lines.Count == 0)
            body.Append("<tr><td colspan=\"4\">Nothing was used, and no fee is due.</td></tr>\n");
        body.Append(CultureInfo.InvariantCulture, $"""
            </tbody>
            <tfoot><tr><th scope="row" colspan="3">Total</th>
            <td class="number">{Grouped(statement.Total)} {statement.Currency}</td></tr></tfoot>
            </table>
            </div>
            <p class="soft">{Rounding(statement, figure)}{Credits(figure)}</p>
            {Behind(statement, figure)}
            <footer>
            <p>Journal of {Text(statement.Tenant)}, entry {statement.Head.Sequence}:
            <code>{statement.Head.Hash}</code></p>
            </footer>
            """);
        return HtmlPage.Answer(context, title, body.ToString());
    }

    /// <summary>With <c>lines=outcomes</c>: a page of what is behind the lines, and the way to the next.</summary>
    private static string Behind(StatementWire statement, Statement figure)
    {
        if (!statement.Lines.Any(line => line.Outcomes is not null)) return "";
        var zone = TimeZoneInfo.FindSystemTimeZoneById(statement.TimeZone);
        var inCredits = statement.Lines.Any(line => line.Outcomes!.Any(HasCredits));
        var head = inCredits ? "<th scope=\"col\" class=\"number\">Credits</th>" : "";
        var text = new StringBuilder($"""
            <h2>Outcomes behind the lines</h2>
            <div class="wide">
            <table>
            <caption>Amounts in {statement.Currency}, before they are rounded</caption>
            <thead><tr>
            <th scope="col">Outcome</th><th scope="col">When ({Text(statement.TimeZone)})</th><th scope="col">Why</th>
            <th scope="col" class="number">Units</th><th scope="col" class="number">Unit price</th>
            <th scope="col" class="number">Amount</th>{head}
            </tr></thead>

            """);
        foreach (var line in statement.Lines.Where(line => line.Outcomes is { Count: > 0 }))
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                <tbody>
                <tr><th scope="rowgroup" colspan="5">{Text(line.Description)}</th>
                <th class="number">{Grouped(line.Amount)}</th>{(inCredits ? "<th></th>" : "")}</tr>

                """);
            foreach (var one in line.Outcomes!)
                text.Append(CultureInfo.InvariantCulture, $"""
                    <tr><td>{Text(one.OutcomeId)}</td><td class="time">{When(one.At, zone)}</td>
                    <td>{Text(Why(one.Reason))}</td><td class="number" data-label="Units">{one.Units:N0}</td>
                    <td class="number" data-label="Unit price">{Grouped(one.UnitPrice)}</td>
                    <td class="number">{Grouped(one.Amount)}</td>{(inCredits ? OfCredits(one) : "")}</tr>

                    """);
            text.Append("</tbody>\n");
        }
        text.Append("</table>\n</div>\n");
        if (statement.NextCursor is { } next)
            text.Append(CultureInfo.InvariantCulture,
                $"<p><a href=\"{Json.Text.Date(figure.Period.Id)}?lines=outcomes&amp;cursor={next}\">"
                + $"More outcomes</a></p>\n");
        return text.ToString();
    }

    private static bool HasCredits(LineOutcomeWire one) => Amount.Parse(one.Credits) != Amount.Zero;

    private static string OfCredits(LineOutcomeWire one) =>
        $"<td class=\"number\" data-label=\"Credits\">{Grouped(one.Credits)}</td>";

    /// <summary>To the second, as a clock in the zone showed it.</summary>
    private static string When(string at, TimeZoneInfo zone) => TimeZoneInfo
        .ConvertTime(DateTimeOffset.Parse(at, CultureInfo.InvariantCulture), zone)
        .ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A reason as people say it; what is not here is its own name in words.</summary>
    private static string Why(string? reason) => reason switch
    {
        null => "pending: it may still be taken back",
        "window_closed" => "achieved, and not taken back in time",
        "immediate" => "achieved",
        "confirmed" => "confirmed by the customer",
        "reopened" => "the customer came back",
        "escalated" => "handed to a person",
        "no_show" => "nobody came",
        _ => reason.Replace('_', ' '),
    };

    /// <summary>Why the lines as they are shown do not come to what was rated: nothing where they do.</summary>
    private static string Rounding(StatementWire statement, Statement figure)
    {
        if (figure.Total == figure.UnroundedTotal) return "";
        var digits = Currencies.Digits(figure.Currency);
        var to = digits == 0 ? $"whole {figure.Currency}"
            : string.Create(CultureInfo.InvariantCulture, $"{digits} decimals");
        return $"Each line is rounded to {to}, half to even: before rounding, the lines add up to "
            + $"{Grouped(statement.UnroundedTotal)} {figure.Currency}. ";
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
            ? $"Credits used: {Grouped(figure.CreditsUsed.ToString())} "
                + $"(worth {Grouped(Json.Text.Money(value, figure.Currency))} {figure.Currency})."
            : $"Credits used: {Grouped(figure.CreditsUsed.ToString())}.";
    }
}
