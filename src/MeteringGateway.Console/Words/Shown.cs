using System.Globalization;

namespace MeteringGateway.ConsolePages.Words;

/// <summary>Figures as they stand on a page, for whoever looks.</summary>
public static class Shown
{
    public static string Money(this Locale locale, Doc amount, string currency) =>
        amount.IsNull ? "" : $"{locale.Number(amount.Text)}\u00a0{currency}";

    /// <summary>A limit or what stands against it: units, money, or credits where there is no currency.</summary>
    public static string Level(this Locale locale, Doc level, string? currency, string units = "units")
    {
        if (level.IsNull) return "";
        if (level.Maybe("amount") is { IsNull: false } amount)
            return $"{locale.Number(amount.Text)}\u00a0{currency ?? "credits"}";
        var count = level.Maybe("units").Count;
        return $"{locale.Count(count)}\u00a0{(count == 1 && units == "units" ? "unit" : units)}";
    }

    /// <summary>What is left: units as a number, money as a text.</summary>
    public static string Left(this Locale locale, Doc left, string currency) => left.IsNull ? ""
        : left.IsText ? $"{locale.Number(left.Text)}\u00a0{currency}"
        : $"{locale.Count(left.Count)}\u00a0{(left.Count == 1 ? "unit" : "units")}";

    public static string Day(this Locale locale, string date) =>
        locale.Date(DateOnly.ParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>The local days of a usage's period, in order.</summary>
    public static IEnumerable<DateOnly> Days(Doc usage, string zone)
    {
        var end = TimeZoneInfo.ConvertTime(usage["ends_at"].Time.AddTicks(-1), Zone(zone));
        var last = DateOnly.FromDateTime(end.DateTime);
        var day = DateOnly.ParseExact(usage["period"].Text, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        for (; day <= last; day = day.AddDays(1)) yield return day;
    }

    public static TimeZoneInfo Zone(string id) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : TimeZoneInfo.Utc;
}
