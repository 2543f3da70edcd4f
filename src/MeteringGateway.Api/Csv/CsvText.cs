using System.Globalization;
using System.Text;

namespace MeteringGateway.Api.Csv;

/// <summary>
/// CSV (RFC 4180) that people open in a spreadsheet: a byte order mark says that it is UTF-8, the response that it is a
/// file and how it is called, and a cell that would be run gets an apostrophe in front.
/// </summary>
internal static class CsvText
{
    public const string MediaType = "text/csv";

    /// <summary>What every file begins with: without it, spreadsheets take UTF-8 for something else.</summary>
    public const char Mark = '\ufeff';

    // As they are, full-width, small, and the minus of typesetting: spreadsheets take one for the other.
    private const string Signs = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212";

    /// <param name="name">Of what may stand in a name of a file: ids of ours, dates, words.</param>
    public static void Announce(HttpContext context, string name)
    {
        context.Response.ContentType = $"{MediaType}; charset=utf-8; header=present";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}.csv\"";
    }

    /// <summary>A text: what is not ours, or may begin with a sign.</summary>
    public static void Cell(StringBuilder line, string text)
    {
        var quoted = text.AsSpan().ContainsAny(",\"\r\n");
        if (quoted) line.Append('"');
        if (Runs(text)) line.Append('\'');
        line.Append(quoted ? text.Replace("\"", "\"\"", StringComparison.Ordinal) : text);
        if (quoted) line.Append('"');
    }

    // What cannot be seen in front of a sign is taken away by some programs before they look.
    private static bool Runs(string text)
    {
        if (text.Length == 0 || char.IsAsciiLetterOrDigit(text[0])) return false;
        if (text[0] is '\t' or '\r' or '\n') return true;
        foreach (var letter in text)
            if (!IsUnseen(letter)) return Signs.Contains(letter, StringComparison.Ordinal);
        return false;
    }

    private static bool IsUnseen(char letter) => char.IsWhiteSpace(letter) || char.IsControl(letter)
        || CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.NonSpacingMark;
}
