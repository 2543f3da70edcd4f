using System.Security.Cryptography;
using System.Text;
using MimeKit;
using MimeKit.Text;

namespace MeteringGateway.Api.Emails;

/// <summary>A mail as it is to be read, plain and as HTML, which say the same.</summary>
/// <param name="Id">The same whenever the same deliveries are mailed: what comes twice can be recognised.</param>
/// <param name="Unsubscribe">Link, also for a mail program's own button (RFC 8058).</param>
internal sealed record Mail(string Id, string Subject, string Text, string Html, string Unsubscribe)
{
    /// <summary>Type of a delivery that asks an address to confirm itself; no receiver can ask for it.</summary>
    public const string Confirmation = "email.confirmation";

    /// <summary>So many are told in full; of more, how many they are.</summary>
    private const int MostTold = 20;
    private const int LongestSubject = 150;

    /// <summary>It names nothing that whoever asks for it could choose: nobody can send words of theirs.</summary>
    public static Mail ToConfirm(Delivery asked, string name, string confirm, string unsubscribe)
    {
        var page = new MailPage($"Confirm alerts for {name}");
        page.Says($"Alerts about limits, spend and statements of {name} are to be mailed to this address.");
        page.Link("Confirm this address", confirm);
        page.Says($"The link holds for {EmailChange.ToConfirm.Days} days. If you did not expect this, do nothing: "
            + "no alert is sent to an address that was not confirmed.");
        return page.Mail([asked], page.Title, "Never ask this address again", unsubscribe);
    }

    /// <param name="deliveries">Newest first.</param>
    public static Mail OfAlerts(IReadOnlyList<Delivery> deliveries, TenantFigure tenant, Need? need, string console,
        string unsubscribe)
    {
        var alerts = deliveries.Where(one => one.Type != Confirmation).Take(MostTold)
            .Select(one => AlertWords.Of(one.Body, tenant.Terms.Currency)).ToList();
        var more = deliveries.Count - 1;
        var page = new MailPage($"{tenant.Name}: {alerts[0].Title}");
        page.Told(alerts);
        if (deliveries.Count > alerts.Count) page.Says($"And {deliveries.Count - alerts.Count} more before.");
        page.List("Blocked now", BlockedNow.Of(tenant, need), "Nothing is blocked now.");
        page.Link("Open in the console", console);
        return page.Mail(deliveries, more == 0 ? page.Title : $"{page.Title} (and {more} more)", "Unsubscribe",
            unsubscribe);
    }

    /// <param name="from">And <paramref name="to"/>: addresses that were looked at; what else is in a header is
    /// encoded, and has no line breaks.</param>
    public MimeMessage Message(string from, string to, DateTimeOffset now)
    {
        var message = new MimeMessage
        {
            Subject = Line(Subject),
            Date = now,
            MessageId = $"{Id}@{from[(from.IndexOf('@', StringComparison.Ordinal) + 1)..]}",
            Body = new MultipartAlternative(new TextPart(TextFormat.Plain) { Text = Text },
                new TextPart(TextFormat.Html) { Text = Html }),
        };
        message.From.Add(new MailboxAddress("", from));
        message.To.Add(new MailboxAddress("", to));
        message.Headers.Add("List-Unsubscribe", $"<{Unsubscribe}>");
        message.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }

    public static string IdOf(IReadOnlyList<Delivery> deliveries) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', deliveries.Select(one => $"{one.Webhook} {one.Id}"))))
            .AsSpan(0, 16));

    /// <summary>What callers have named, as one line.</summary>
    public static string Line(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var letter in text.EnumerateRunes().Take(LongestSubject))
            line.Append(Rune.IsControl(letter) || letter.Value is 0x2028 or 0x2029 ? " " : letter.ToString());
        return line.ToString();
    }
}
