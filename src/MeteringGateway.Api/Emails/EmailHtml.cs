using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http.HttpResults;
using MeteringGateway.Api.Html;

namespace MeteringGateway.Api.Emails;

/// <summary>HTML of mails and of the pages behind their links: nothing that is given as text becomes markup.</summary>
internal static class EmailHtml
{
    private const string Style = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;"
        + "max-width:40rem;margin:0 auto;padding:2rem 1.25rem}button{font:inherit;padding:.5rem 1.25rem}";

    public static string Text(string? text) => HtmlEncoder.Default.Encode(text ?? "");

    /// <summary>A decimal with a comma between thousands, as people read it; the same in every culture.</summary>
    public static string Grouped(string? number)
    {
        if (number is null) return "";
        var point = number.IndexOf('.', StringComparison.Ordinal);
        var text = new StringBuilder(number);
        for (var at = (point < 0 ? number.Length : point) - 3; at > 0 && char.IsAsciiDigit(number[at - 1]); at -= 3)
            text.Insert(at, ',');
        return text.ToString();
    }

    /// <summary>A page with a heading, a sentence, and perhaps a button that sends it back to its own address.</summary>
    public static ContentHttpResult Page(HttpContext context, string title, string says, string? button, int status)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
            + $"frame-ancestors 'none'; form-action {(button is null ? "'none'" : "'self'")}";
        headers["Referrer-Policy"] = "no-referrer"; // its address has a token
        headers.CacheControl = "no-store";
        var form = button is null ? "" : $"<form method=\"post\"><button>{Text(button)}</button></form>";
        return TypedResults.Text($"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(title)}</title><style>{Style}</style></head>
            <body><main><h1>{Text(title)}</h1><p>{Text(says)}</p>{form}</main></body>
            </html>

            """, PagesForPeople.MediaType, Encoding.UTF8, status);
    }
}
