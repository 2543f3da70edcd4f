using System.Globalization;

namespace MeteringGateway.ConsolePages.Words;

/// <summary>How long, in words.</summary>
public static class Span
{
    public static string Words(TimeSpan span)
    {
        if (span.TotalHours is >= 48 && span.TotalHours % 24 == 0) return Many(span.TotalDays, "day");
        if (span.TotalHours is >= 1 && span.TotalMinutes % 60 == 0) return Many(span.TotalHours, "hour");
        if (span.TotalMinutes is >= 1 && span.TotalSeconds % 60 == 0) return Many(span.TotalMinutes, "minute");
        return Many(span.TotalSeconds, "second");
    }

    private static string Many(double number, string what) =>
        $"{number.ToString("0.###", CultureInfo.InvariantCulture)} {what}{(number is 1 ? "" : "s")}";
}
