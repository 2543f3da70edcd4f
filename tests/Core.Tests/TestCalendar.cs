namespace MeteringGateway.Core.Tests;

/// <summary>A tiny calendar: zones are "UTC", a fixed offset such as "+05:30", or "Summer": +01:00, and +02:00 from 29
/// March to
/// 25 October 2026, 01:00 UTC.</summary>
internal static class TestCalendar
{
    private static readonly DateTime SummerBegins = new(2026, 3, 29, 1, 0, 0, DateTimeKind.Unspecified);
    private static readonly DateTime SummerEnds = new(2026, 10, 25, 1, 0, 0, DateTimeKind.Unspecified);

    public static Period Of(string zone, int anchorDay, Instant time, Instant? first)
    {
        var date = LocalDate(zone, time);
        var anchor = Anchor(date.Year, date.Month, anchorDay);
        if (anchor > date) anchor = Anchor(date.AddMonths(-1).Year, date.AddMonths(-1).Month, anchorDay);
        var next = Anchor(anchor.AddMonths(1).Year, anchor.AddMonths(1).Month, anchorDay);
        var start = first ?? Midnight(zone, anchor);
        if (first is not null) (anchor, next) = (LocalDate(zone, start), NextAnchor(LocalDate(zone, start), anchorDay));
        // T2: no stub after a change.
        if (first is not null && Midnight(zone, next) < start + TimeSpan.FromDays(15))
            next = NextAnchor(next, anchorDay);
        var days = new List<int> { 0 };
        for (var day = anchor.AddDays(1); day < next; day = day.AddDays(1)) days.Add((int)(Midnight(zone, day) - start)
            .TotalMinutes);
        return new Period(anchor, start, Midnight(zone, next), [.. days]);
    }

    private static DateOnly NextAnchor(DateOnly date, int day)
    {
        var candidate = Anchor(date.Year, date.Month, day);
        return candidate > date ? candidate
            : Anchor(date.AddDays(1 - date.Day).AddMonths(1).Year, date.AddDays(1 - date.Day).AddMonths(1).Month, day);
    }

    // T2: clamped to the month's last day, never drifting.
    private static DateOnly Anchor(int year, int month, int day) =>
        new(year, month, Math.Min(day, DateTime.DaysInMonth(year, month)));

    private static DateOnly LocalDate(string zone, Instant time)
    {
        var utc = time.ToDateTimeOffset().UtcDateTime;
        return DateOnly.FromDateTime(utc + Offset(zone, utc));
    }

    private static Instant Midnight(string zone, DateOnly date)
    {
        var local = date.ToDateTime(TimeOnly.MinValue);
        return Instant.From(new DateTimeOffset(local - Offset(zone, local), TimeSpan.Zero));
    }

    private static TimeSpan Offset(string zone, DateTime around) => zone switch
    {
        "UTC" => TimeSpan.Zero,
        "Summer" => TimeSpan.FromHours(around >= SummerBegins && around < SummerEnds ? 2 : 1),
        _ => TimeSpan.Parse(zone.TrimStart('+')),
    };
}
