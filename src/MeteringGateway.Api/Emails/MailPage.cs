using System.Text;
using static MeteringGateway.Api.Emails.EmailHtml;

namespace MeteringGateway.Api.Emails;

/// <summary>Writes a mail's two bodies side by side. Nothing that is given here is taken for markup.</summary>
internal sealed class MailPage(string title)
{
    private readonly StringBuilder _plain = new();
    private readonly StringBuilder _html = new();

    public string Title => Emails.Mail.Line(title);

    public void Says(string text)
    {
        _plain.Append(Flat(text)).Append("\n\n");
        _html.Append($"<p>{Text(text)}</p>\n");
    }

    public void Told(IReadOnlyList<AlertWords> alerts)
    {
        foreach (var alert in alerts)
        {
            _plain.Append(Flat(alert.Title)).Append('\n');
            _html.Append($"<h2 style=\"font-size:1.1em;margin:1.2em 0 .2em\">{Text(alert.Title)}</h2>\n");
            foreach (var line in alert.Lines)
            {
                _plain.Append("  ").Append(Flat(line)).Append('\n');
                _html.Append($"<p style=\"margin:.2em 0\">{Text(line)}</p>\n");
            }
            _plain.Append('\n');
        }
    }

    public void List(string heading, IReadOnlyList<string> items, string none)
    {
        if (items.Count == 0)
        {
            Says(none);
            return;
        }
        _plain.Append(heading).Append(":\n");
        _html.Append($"<p style=\"margin:1.2em 0 .2em\"><strong>{Text(heading)}</strong></p>\n<ul>\n");
        foreach (var item in items)
        {
            _plain.Append("- ").Append(Flat(item)).Append('\n');
            _html.Append($"<li>{Text(item)}</li>\n");
        }
        _plain.Append('\n');
        _html.Append("</ul>\n");
    }

    public void Link(string says, string to)
    {
        _plain.Append(says).Append(":\n").Append(to).Append("\n\n");
        _html.Append($"<p style=\"margin:1.2em 0\"><a href=\"{Text(to)}\">{Text(says)}</a></p>\n");
    }

    public Mail Mail(IReadOnlyList<Delivery> deliveries, string subject, string ends, string unsubscribe) => new(
        Emails.Mail.IdOf(deliveries), subject, $"{_plain}-- \n{ends}:\n{unsubscribe}\n", $"""
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark"><title>{Text(Title)}</title></head>
        <body style="font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem">
        <h1 style="font-size:1.3em;margin:0 0 .5em">{Text(Title)}</h1>
        {_html}<p style="margin-top:2em;font-size:.85em"><a href="{Text(unsubscribe)}">{Text(ends)}</a></p>
        </body>
        </html>

        """, unsubscribe);

    // What has lines of its own would look like ours.
    private static string Flat(string text) => Emails.Mail.Line(text);
}
