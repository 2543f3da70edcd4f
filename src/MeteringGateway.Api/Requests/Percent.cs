using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace MeteringGateway.Api.Requests;

/// <summary>
/// Percent-encoded UTF-8 (RFC 3986, 2.1). What need not be encoded may be; what is no such encoding is refused, and so
/// are bytes that are no UTF-8, overlong forms included.
/// </summary>
internal static class Percent
{
    /// <summary>Decodes once.</summary>
    /// <param name="but">ASCII characters that stay encoded, <c>%</c> among them if there are any.</param>
    /// <exception cref="FormatException">It is not percent-encoded UTF-8.</exception>
    public static string Decode(ReadOnlySpan<char> text, ReadOnlySpan<char> but = default)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var length = 0;
        while (text.Length > 0)
        {
            var plain = text.IndexOf('%');
            if (plain < 0) plain = text.Length;
            length += Encoding.UTF8.GetBytes(text[..plain], bytes.AsSpan(length));
            text = text[plain..];
            if (text.Length == 0) break;
            if (text.Length < 3 || !byte.TryParse(text[1..3], NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out var one)) throw new FormatException("% without two digits");
            text = text[3..];
            if (but.Contains((char)one))
                length += Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"%{one:X2}"),
                    bytes.AsSpan(length));
            else bytes[length++] = one;
        }
        var decoded = bytes.AsSpan(0, length);
        return Utf8.IsValid(decoded) ? Encoding.UTF8.GetString(decoded) : throw new FormatException("not UTF-8");
    }
}
