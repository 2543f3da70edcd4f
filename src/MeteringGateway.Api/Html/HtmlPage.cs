using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http.HttpResults;

namespace MeteringGateway.Api.Html;

/// <summary>
/// A page for people: no script, nothing loaded from elsewhere, made to be read on a screen, by a screen reader and on
/// paper.
/// </summary>
internal static class HtmlPage
{
    public const string MediaType = "text/html";

    private const string Style = """
        :root { color-scheme: light dark; --line: #d5dae1; --soft: #5c6673; --accent: #0b5cad; }
        @media (prefers-color-scheme: dark) { :root { --line: #3a424c; --soft: #a3adb9; --accent: #7db8f0; } }
        * { box-sizing: border-box; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
        h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
        p, ul { margin: .25rem 0 .75rem; }
        .soft { color: var(--soft); }
        .state { display: inline-block; border: 1px solid currentColor; border-radius: 1rem; padding: 0 .6rem;
          font-size: .85rem; color: var(--accent); }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
        caption { text-align: left; color: var(--soft); padding-bottom: .25rem; }
        th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0;
          border-bottom: 1px solid var(--line); }
        th { font-weight: 600; }
        th .soft { font-weight: 400; }
        .time { white-space: nowrap; }
        .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
        tfoot th, tfoot td { border-top: 2px solid currentColor; border-bottom: 0; font-weight: 600; }
        code { font-size: .85rem; }
        footer code { overflow-wrap: anywhere; }
        @media screen and (max-width: 40rem) {
          body { padding: 1.25rem 1rem; }
          table, tbody, tfoot { display: block; }
          caption { display: block; }
          thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
          tr { display: flex; flex-wrap: wrap; column-gap: 1rem; padding: .5rem 0;
            border-bottom: 1px solid var(--line); }
          th, td { border: 0; padding: 0; overflow-wrap: anywhere; }
          th:first-child, td:first-child { flex: 1 0 100%; }
          td[data-label]:not(:empty)::before { content: attr(data-label) " "; color: var(--soft); font-weight: 400; }
          td.number:last-child, th.number:last-child { margin-left: auto; }
          tfoot tr { border-top: 2px solid currentColor; border-bottom: 0; }
          tfoot th:first-child, th[scope=rowgroup]:first-child { flex: 1 0 auto; }
          tfoot th, tfoot td { border: 0; }
        }
        footer { margin-top: 2rem; font-size: .85rem; color: var(--soft); }
        @media print {
          :root { color-scheme: light; --line: #999; --soft: #333; --accent: #000; }
          body { font-size: 10.5pt; max-width: none; padding: 0; }
          .wide { overflow: visible; }
          thead { display: table-header-group; }
          tr { break-inside: avoid; }
        }
        """;

    /// <summary>Text as it stands in a page; nothing in it is markup.</summary>
    public static string Text(string? text) => HtmlEncoder.Default.Encode(text ?? "");

    /// <summary>An identifier, which may break over lines behind its dots and not within its words.</summary>
    public static string Id(string text) => Text(text).Replace(".", ".<wbr/>", StringComparison.Ordinal);

    /// <summary>A decimal with a comma between thousands, as people read it.</summary>
    public static string Grouped(string? number)
    {
        if (number is null) return "";
        var point = number.IndexOf('.', StringComparison.Ordinal);
        var text = new StringBuilder(number);
        for (var at = (point < 0 ? number.Length : point) - 3; at > 0 && char.IsAsciiDigit(number[at - 1]); at -= 3)
            text.Insert(at, ',');
        return text.ToString();
    }

    /// <param name="title">As text; it is encoded here.</param>
    /// <param name="body">Markup.</param>
    public static ContentHttpResult Answer(HttpContext context, string title, string body)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors "
                + "'none'";
        headers["Referrer-Policy"] = "no-referrer";
        var page = $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(title)}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <main>
            {body}
            </main>
            </body>
            </html>

            """;
        return TypedResults.Text(page, MediaType, Encoding.UTF8);
    }

    /// <summary>A list of texts; nothing when there are none.</summary>
    public static string List(IReadOnlyList<string> items) =>
        items.Count == 0 ? "" : $"<ul>\n{string.Concat(items.Select(item => $"<li>{Text(item)}</li>\n"))}</ul>";
}
