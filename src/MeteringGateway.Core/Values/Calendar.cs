namespace MeteringGateway.Core;

/// <summary>
/// A billing period and its local days, as computed from the tenant's zone and anchor when it began (T2): folding
/// entries needs no time-zone data.
/// </summary>
/// <param name="Id">The first local date; written <c>2026-11-01</c>.</param>
/// <param name="Start">First instant, inclusive.</param>
/// <param name="End">First instant after it.</param>
/// <param name="Days">Start of each local day, as minutes after <paramref name="Start"/>; the first is 0.</param>
public sealed record Period(DateOnly Id, Instant Start, Instant End, int[] Days)
{
    /// <summary>
    /// No period after a tenant's first is shorter, so that no change of zone or anchor makes a stub (T2).
    /// </summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromDays(15);

    private const int MillisecondsOfMinute = 60_000, MinutesOfDay = 24 * 60;

    public bool Contains(Instant time) => time >= Start && time < End;

    /// <summary>
    /// Index of the local day that <paramref name="time"/> falls on, 0-based; the time must lie in the period.
    /// </summary>
    public int DayOf(Instant time)
    {
        var minutes = (int)((time.UnixMilliseconds - Start.UnixMilliseconds) / MillisecondsOfMinute);
        // As if each had 24 hours: where a clock was put forward or back since, it is the one beside that.
        var day = Math.Min(minutes / MinutesOfDay, Days.Length - 1);
        while (day >= 0 && Days[day] > minutes) day--;
        while (day + 1 < Days.Length && Days[day + 1] <= minutes) day++;
        return day;
    }

    /// <summary>First instant after local day <paramref name="day"/>.</summary>
    public Instant DayEnd(int day) => day + 1 < Days.Length ? Start + TimeSpan.FromMinutes(Days[day + 1]) : End;

    public bool Equals(Period? other) => other is not null && Id == other.Id && Start == other.Start && End == other.End
        && Days.AsSpan().SequenceEqual(other.Days);

    public override int GetHashCode() => HashCode.Combine(Id, Start, End);
}

/// <summary>
/// Computes the billing period that contains <paramref name="time"/>. When <paramref name="first"/> is given the period
/// begins exactly there (the end of the one before it), so that a changed anchor or zone starts with the next period
/// and nothing is counted twice; it ends at the first boundary that is at least <see cref="Period.Shortest"/> away
/// (T2). The only thing the core asks of the time-zone database.
/// </summary>
/// <param name="zone">IANA time zone id.</param>
/// <param name="anchorDay">1 to 31, clamped to the month's last day.</param>
public delegate Period Calendar(string zone, int anchorDay, Instant time, Instant? first);
