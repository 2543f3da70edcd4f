using System.Buffers;
using System.Globalization;
using System.Text;

namespace MeteringGateway.Api.Json;

/// <summary>
/// ISO 8601 durations of fixed length: weeks, days, hours, minutes, seconds (<c>PT72H</c>, <c>P1DT12H</c>,
/// <c>PT1.5S</c>). Years and months are not of fixed length and are refused.
/// </summary>
internal static class Durations
{
    private static readonly SearchValues<char> OfANumber = SearchValues.Create("0123456789.");
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan value) => TryParse(text, out value, out _);

    /// <param name="isTooLong">It has the form of one, and is longer than any that we take.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan value, out bool isTooLong)
    {
        (value, isTooLong) = (default, false);
        if (text.Length < 3 || text[0] != 'P') return false;
        var total = 0m;
        var inTime = false;
        var last = -1;
        for (var rest = text[1..]; rest.Length > 0;)
        {
            if (rest[0] == 'T')
            {
                if (inTime || rest.Length == 1) return false;
                inTime = true;
                rest = rest[1..];
                continue;
            }
            var end = rest.IndexOfAnyExcept(OfANumber);
            if (end <= 0) return false;
            var unit = Unit(rest[end], inTime, out var seconds);
            if (unit <= last || !TryNumber(rest[..end], unit == 4, out var number)) return false;
            last = unit;
            total = Math.Min(total + (number * seconds), (decimal)Longest.TotalSeconds + 1);
            rest = rest[(end + 1)..];
        }
        isTooLong = total > (decimal)Longest.TotalSeconds;
        value = TimeSpan.FromMilliseconds((long)(total * 1000));
        return !isTooLong;
    }

    /// <summary>In hours and less: <c>PT72H</c>; zero is <c>PT0S</c>.</summary>
    public static string Write(TimeSpan value)
    {
        if (value == TimeSpan.Zero) return "PT0S";
        var text = new StringBuilder("PT");
        if ((long)value.TotalHours is var hours and > 0) text.Append(CultureInfo.InvariantCulture, $"{hours}H");
        if (value.Minutes > 0) text.Append(CultureInfo.InvariantCulture, $"{value.Minutes}M");
        var seconds = value.Seconds + (value.Milliseconds / 1000m);
        if (seconds > 0) text.Append(CultureInfo.InvariantCulture, $"{seconds:0.###}S");
        return text.ToString();
    }

    private static int Unit(char letter, bool inTime, out decimal seconds)
    {
        (var rank, seconds) = (letter, inTime) switch
        {
            ('W', false) => (0, 604_800m),
            ('D', false) => (1, 86_400m),
            ('H', true) => (2, 3_600m),
            ('M', true) => (3, 60m),
            ('S', true) => (4, 1m),
            _ => (-1, 0m),
        };
        return rank;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, bool fraction, out decimal number)
    {
        number = 0;
        if (text.Length > 25 || text[0] == '.' || text[^1] == '.') return false;
        var style = fraction ? NumberStyles.AllowDecimalPoint : NumberStyles.None;
        return decimal.TryParse(text, style, CultureInfo.InvariantCulture, out number);
    }
}
