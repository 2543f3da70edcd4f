using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Html;
using static MeteringGateway.Api.Html.HtmlPage;

namespace MeteringGateway.Api.Plans;

/// <summary>The pricing page for people.</summary>
internal static class PricePageHtml
{
    public static ContentHttpResult Answer(HttpContext context, PricePageWire page)
    {
        var body = new StringBuilder();
        body.Append(
            $"<h1>Pricing: {Text(page.Plan)}</h1>\n<p class=\"soft\">Version {page.Version}. All prices in "
                + $"{Text(page.Currency)}, taxes apart.</p>\n");
        body.Append("<h2 id=\"charged\">What is charged</h2>\n");
        Table(body, "Fees", page.Fees);
        Outcomes(body, page.Outcomes);
        Table(body, "Activities", page.Activities);
        Table(body, "Packs of credits", page.Packs);
        Section(body, "prepaid", "What is paid ahead", page.Prepaid);
        Section(body, "free", "What is never charged", page.NeverCharged);
        Windows(body, page.Outcomes);
        Section(body, "controls", "What keeps the cost in bounds", page.Controls);
        return HtmlPage.Answer(context, $"Pricing: {page.Plan}", body.ToString());
    }

    private static void Outcomes(StringBuilder body, IReadOnlyList<PricedOutcomeWire> outcomes)
    {
        body.Append("""
            <div class="wide"><table>
            <caption>Outcomes</caption>
            <thead><tr><th scope="col">Outcome</th><th scope="col">Price</th><th scope="col">When</th></tr></thead>
            <tbody>

            """);
        foreach (var one in outcomes)
        {
            body.Append($"<tr><th scope=\"row\"><code>{Id(one.OutcomeType)}</code>");
            if (one.Description is { } said) body.Append($"<br><span class=\"soft\">{Text(said)}</span>");
            body.Append(
                $"</th><td>{string.Join("<br>", one.Prices.Select(Text))}</td><td>{Text(one.Charged)}</td></tr>\n");
        }
        body.Append("</tbody>\n</table></div>\n");
    }

    private static void Table(StringBuilder body, string caption, IReadOnlyList<PricedWire> rows)
    {
        if (rows.Count == 0) return;
        body.Append($"""
            <div class="wide"><table>
            <caption>{caption}</caption>
            <thead><tr><th scope="col">What</th><th scope="col">Price</th></tr></thead>
            <tbody>

            """);
        foreach (var row in rows)
            body.Append($"<tr><th scope=\"row\">{Text(row.What)}</th><td>{Text(row.Price)}</td></tr>\n");
        body.Append("</tbody>\n</table></div>\n");
    }

    private static void Windows(StringBuilder body, IReadOnlyList<PricedOutcomeWire> outcomes)
    {
        body.Append("<h2 id=\"windows\">What is free of charge, outcome by outcome</h2>\n");
        foreach (var one in outcomes)
            body.Append($"<h3><code>{Id(one.OutcomeType)}</code></h3>\n{List(one.NeverCharged)}\n");
    }

    private static void Section(StringBuilder body, string id, string title, IReadOnlyList<string> items)
    {
        if (items.Count > 0) body.Append($"<h2 id=\"{id}\">{title}</h2>\n{List(items)}\n");
    }
}
