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

    /// <summary>Empty for nothing: a page is made once before what it asks for has come.</summary>
    public static string Day(this Locale locale, string date) => date.Length == 0 ? ""
        : locale.Date(DateOnly.ParseExact(date, "yyyy-MM-dd", CultureInfo.InvariantCulture));

    public static TimeZoneInfo Zone(string id) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : TimeZoneInfo.Utc;
}
