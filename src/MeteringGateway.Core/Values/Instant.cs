using System.Globalization;

namespace MeteringGateway.Core;

/// <summary>
/// A moment in UTC with millisecond precision (rule T1). Written as RFC 3339 with three fraction digits.
/// </summary>
/// <param name="UnixMilliseconds">Milliseconds since 1970-01-01T00:00:00Z; may be negative.</param>
public readonly record struct Instant(long UnixMilliseconds) : IComparable<Instant>
{
    public static readonly Instant MinValue = new(DateTimeOffset.MinValue.ToUnixTimeMilliseconds());
    public static readonly Instant MaxValue = new(DateTimeOffset.MaxValue.ToUnixTimeMilliseconds());

    public static Instant From(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());

    public DateTimeOffset ToDateTimeOffset() => DateTimeOffset.FromUnixTimeMilliseconds(UnixMilliseconds);

    /// <summary>Reads RFC 3339 with any offset; digits beyond milliseconds are cut off.</summary>
    public static bool TryParse(string text, out Instant value)
    {
        value = default;
        // RFC 3339 demands an offset; DateTimeOffset would assume the machine's own.
        if (text.Length < 20 || text[4] != '-' || (text[10] is not ('T' or 't' or ' ')) || !HasOffset(text))
            return false;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return false;
        value = From(time);
        return true;
    }

    public static Instant Parse(string text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"'{text}' is not an RFC 3339 time");

    public int CompareTo(Instant other) => UnixMilliseconds.CompareTo(other.UnixMilliseconds);

    /// <summary>By hand, because every answer has a few of them.</summary>
    public override string ToString() => string.Create(24, ToDateTimeOffset().UtcDateTime, static (text, time) =>
    {
        Digits(text, 0, 4, time.Year);
        text[4] = '-';
        Digits(text, 5, 2, time.Month);
        text[7] = '-';
        Digits(text, 8, 2, time.Day);
        text[10] = 'T';
        Digits(text, 11, 2, time.Hour);
        text[13] = ':';
        Digits(text, 14, 2, time.Minute);
        text[16] = ':';
        Digits(text, 17, 2, time.Second);
        text[19] = '.';
        Digits(text, 20, 3, time.Millisecond);
        text[23] = 'Z';
    });

    private static void Digits(Span<char> text, int at, int count, int value)
    {
        for (var i = at + count - 1; i >= at; i--, value /= 10) text[i] = (char)('0' + (value % 10));
    }

    public static Instant operator +(Instant at, TimeSpan span) =>
        new(Math.Clamp(at.UnixMilliseconds + span.Ticks / TimeSpan.TicksPerMillisecond, MinValue.UnixMilliseconds,
            MaxValue.UnixMilliseconds));

    public static Instant operator -(Instant at, TimeSpan span) => at + -span;
    public static TimeSpan operator -(Instant a, Instant b) =>
        TimeSpan.FromMilliseconds(a.UnixMilliseconds - b.UnixMilliseconds);
    public static bool operator <(Instant a, Instant b) => a.UnixMilliseconds < b.UnixMilliseconds;
    public static bool operator >(Instant a, Instant b) => a.UnixMilliseconds > b.UnixMilliseconds;
    public static bool operator <=(Instant a, Instant b) => a.UnixMilliseconds <= b.UnixMilliseconds;
    public static bool operator >=(Instant a, Instant b) => a.UnixMilliseconds >= b.UnixMilliseconds;

    /// <summary>The same day and time of the next year, of 29 February the 28th.</summary>
    public Instant NextYear() => From(ToDateTimeOffset().AddYears(1));

    public static Instant Max(Instant a, Instant b) => a > b ? a : b;
    public static Instant Min(Instant a, Instant b) => a < b ? a : b;

    private static bool HasOffset(string text)
    {
        if (text[^1] is 'Z' or 'z') return true;
        return text.Length >= 25 && text[^3] == ':' && text[^6] is '+' or '-';
    }
}
