using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// Billing periods and local days from the machine's time-zone database (T2). The result is written into the journal,
/// so a database that changes later changes nothing that was.
/// </summary>
public static partial class IanaCalendar
{
    private const int MaxInterned = 16_384;
    private static readonly ConcurrentDictionary<Key, Period> Interned = new();

    /// <summary>True if the id names a zone of the IANA database on this machine, as it is spelt there.</summary>
    public static bool TryValidateZone(string zone) =>
        ZoneId().IsMatch(zone) && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) && found.Id == zone;

    /// <summary>See <see cref="Calendar"/>. Tenants with equal periods share one object.</summary>
    /// <exception cref="TimeZoneNotFoundException">The zone is not known.</exception>
    public static Period PeriodOf(string zone, int anchorDay, Instant time, Instant? first)
    {
        var tz = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var (year, month) = MonthOf(tz, anchorDay, first ?? time);
        var key = new Key(zone, anchorDay, year, month, first);
        if (Interned.TryGetValue(key, out var known)) return known;
        // Plenty for every zone and anchor in use at one time; the objects live on where they are referred to.
        if (Interned.Count >= MaxInterned) Interned.Clear();
        return Interned.GetOrAdd(key, Compute(tz, anchorDay, year, month, first));
    }

    private static Period Compute(TimeZoneInfo tz, int anchorDay, int year, int month, Instant? first)
    {
        var start = first ?? Boundary(tz, anchorDay, year, month);
        var next = new DateOnly(year, month, 1).AddMonths(1);
        var end = Boundary(tz, anchorDay, next.Year, next.Month);
        if (end - start < Period.Shortest) // only where the period before had another zone or anchor
        {
            next = next.AddMonths(1);
            end = Boundary(tz, anchorDay, next.Year, next.Month);
        }
        var id = LocalDate(tz, start);
        var days = new List<int>(32) { 0 };
        for (var date = id.AddDays(1); FirstInstant(tz, date) is var day && day < end; date = date.AddDays(1))
        {
            var minutes = (int)((day - start).Ticks / TimeSpan.TicksPerMinute);
            // A date that a zone left out begins when the one after it does: it is no day.
            if (minutes > days[^1]) days.Add(minutes);
        }
        return new Period(id, start, end, [.. days]);
    }

    /// <summary>The month whose boundary is the last one at or before <paramref name="time"/>.</summary>
    private static (int Year, int Month) MonthOf(TimeZoneInfo tz, int anchorDay, Instant time)
    {
        var date = LocalDate(tz, time);
        // Near midnight a change of the clocks can put the boundary on either side of the local date: ask the boundary
        // itself.
        var month = new DateOnly(date.Year, date.Month, 1).AddMonths(1);
        while (Boundary(tz, anchorDay, month.Year, month.Month) > time) month = month.AddMonths(-1);
        return (month.Year, month.Month);
    }

    /// <summary>
    /// The first instant of the anchor day, clamped to the month's last: from the anchor each time, so that it never
    /// drifts.
    /// </summary>
    private static Instant Boundary(TimeZoneInfo tz, int anchorDay, int year, int month) =>
        FirstInstant(tz, new DateOnly(year, month, Math.Min(anchorDay, DateTime.DaysInMonth(year, month))));

    /// <summary>
    /// Local midnight; the first instant after it if the clocks skip it; the first one if they show it twice.
    /// </summary>
    private static Instant FirstInstant(TimeZoneInfo tz, DateOnly date)
    {
        var midnight = date.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        // No zone is further than 15 h from UTC or changes its clocks twice in two days.
        var (before, after) = (tz.GetUtcOffset(midnight.AddDays(-1)), tz.GetUtcOffset(midnight.AddDays(1)));
        var (early, late) = before > after ? (before, after) : (after, before);
        foreach (var offset in (ReadOnlySpan<TimeSpan>)[early, late])
            if (tz.GetUtcOffset(midnight - offset) == offset)
                return Instant.From(midnight - offset);
        return Transition(tz, midnight.AddDays(-1), midnight.AddDays(1), before);
    }

    /// <summary>First instant, to the second, at which the offset is no longer <paramref name="before"/>.</summary>
    private static Instant Transition(TimeZoneInfo tz, DateTime low, DateTime high, TimeSpan before)
    {
        while (high - low > TimeSpan.FromSeconds(1))
        {
            var middle = low.AddSeconds(Math.Floor((high - low).TotalSeconds / 2));
            if (tz.GetUtcOffset(middle) == before) low = middle;
            else high = middle;
        }
        return Instant.From(high);
    }

    private static DateOnly LocalDate(TimeZoneInfo tz, Instant time)
    {
        var utc = time.ToDateTimeOffset().UtcDateTime;
        return DateOnly.FromDateTime(utc + tz.GetUtcOffset(utc));
    }

    private readonly record struct Key(string Zone, int AnchorDay, int Year, int Month, Instant? First);

    // Not the database's other files, nor its copies under posix/ and right/.
    [GeneratedRegex(@"^(?!posix|right/|localtime$|Factory$)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$")]
    private static partial Regex ZoneId();
}
