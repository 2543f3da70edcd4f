using System.Globalization;
using System.Text;

namespace MeteringGateway.Api.Operations;

/// <summary>Names, units, labels and texts as Prometheus' text format wants them.</summary>
internal static class PrometheusName
{
    /// <summary>
    /// Dots become underscores; a unit with a name is a suffix, and so is <c>total</c> of what only grows.
    /// </summary>
    public static string Of(string name, string? unit, bool monotonic)
    {
        var written = Plain(name);
        var suffix = unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", "1" or null or "" =>
            "", _ => "" };
        if (!written.EndsWith(suffix, StringComparison.Ordinal)) written += suffix;
        return monotonic && !written.EndsWith("_total", StringComparison.Ordinal) ? written + "_total" : written;
    }

    /// <summary>Sorted by name, so that the same labels are the same series.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0) return "";
        var pairs = new string[tags.Length];
        for (var i = 0; i < pairs.Length; i++)
            pairs[i] =
                $"{Plain(tags[i].Key)}=\"{Value(Convert.ToString(tags[i].Value, CultureInfo.InvariantCulture) ?? "")}\"";
        Array.Sort(pairs, StringComparer.Ordinal);
        return string.Join(',', pairs);
    }

    public static string Help(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Value(string text) => Help(text).Replace("\"", "\\\"", StringComparison.Ordinal);

    public static string Plain(string name)
    {
        var written = new StringBuilder(name);
        for (var i = 0; i < written.Length; i++)
            if (!char.IsAsciiLetterOrDigit(written[i])) written[i] = '_';
        if (written.Length == 0 || char.IsAsciiDigit(written[0])) written.Insert(0, '_');
        return written.ToString();
    }
}
