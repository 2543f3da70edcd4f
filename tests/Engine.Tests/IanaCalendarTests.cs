using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Rule T2: billing periods and local days.</summary>
public sealed class IanaCalendarTests
{
    private static Period PeriodOf(string zone, int anchor, string time, string? first = null) =>
        IanaCalendar.PeriodOf(zone, anchor, Instant.Parse(time), first is null ? null : Instant.Parse(first));

    [Theory]
    [InlineData("2026-01-31T00:00:00Z", "2026-01-31", "2026-02-28")]
    [InlineData("2026-02-27T23:59:59.999Z", "2026-01-31", "2026-02-28")]
    [InlineData("2026-02-28T00:00:00Z", "2026-02-28", "2026-03-31")]
    [InlineData("2026-04-15T00:00:00Z", "2026-03-31", "2026-04-30")]
    [InlineData("2024-02-29T12:00:00Z", "2024-02-29", "2024-03-31")]
    [InlineData("2024-02-28T12:00:00Z", "2024-01-31", "2024-02-29")]
    public void An_anchor_of_31_is_clamped_to_each_month_and_never_drifts(string time, string start, string end)
    {
        var period = PeriodOf("UTC", 31, time);

        Assert.Equal(DateOnly.Parse(start), period.Id);
        Assert.Equal(Instant.Parse(start + "T00:00:00Z"), period.Start);
        Assert.Equal(Instant.Parse(end + "T00:00:00Z"), period.End);
    }

    [Theory]
    [InlineData("America/New_York", "2026-03-15T00:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z")]
    [InlineData("America/New_York", "2026-11-15T00:00:00Z", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")]
    [InlineData("Asia/Kolkata", "2026-10-31T18:29:59Z", "2026-09-30T18:30:00Z", "2026-10-31T18:30:00Z")]
    [InlineData("Asia/Kolkata", "2026-10-31T18:30:00Z", "2026-10-31T18:30:00Z", "2026-11-30T18:30:00Z")]
    public void A_period_begins_at_midnight_in_the_tenants_zone(string zone, string time, string start, string end)
    {
        var period = PeriodOf(zone, 1, time);

        Assert.Equal(Instant.Parse(start), period.Start);
        Assert.Equal(Instant.Parse(end), period.End);
    }

    [Fact]
    public void A_day_in_which_the_clocks_change_is_an_hour_shorter_or_longer()
    {
        var spring = PeriodOf("America/New_York", 1, "2026-03-15T00:00:00Z").Days;
        var autumn = PeriodOf("America/New_York", 1, "2026-11-15T00:00:00Z").Days;

        Assert.Equal((31, 30), (spring.Length, autumn.Length));
        Assert.Equal(23 * 60, spring[8] - spring[7]); // 8 March
        Assert.Equal(25 * 60, autumn[1] - autumn[0]); // 1 November
        Assert.Equal(30, spring.Zip(spring.Skip(1), (a, b) => b - a).Count(length => length is 1440 or 1380));
    }

    [Theory]
    [InlineData("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z")] // 00:00 -03 to 01:00 -02
    [InlineData("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z")]       // 00:00 +02 to 01:00 +03
    public void A_midnight_that_does_not_exist_is_the_first_instant_after_it(string zone, string date, string start)
    {
        var day = DateOnly.Parse(date).Day;
        var period = PeriodOf(zone, day, start);

        Assert.Equal(Instant.Parse(start), period.Start);
        Assert.Equal(DateOnly.Parse(date), period.Id);
        Assert.Equal(Instant.Parse(start), PeriodOf(zone, day, Before(start)).End);
    }

    [Fact]
    public void A_midnight_that_exists_twice_is_the_first()
    {
        // Havana, 1 November 2026: at 01:00 -04 the clocks go back to 00:00 -05.
        var period = PeriodOf("America/Havana", 1, "2026-11-01T05:30:00Z");

        Assert.Equal(Instant.Parse("2026-11-01T04:00:00Z"), period.Start);
        Assert.Equal(period, PeriodOf("America/Havana", 1, "2026-11-01T04:00:00Z"));
        Assert.Equal(25 * 60, period.Days[1]);
        Assert.Equal(period.Start, PeriodOf("America/Havana", 1, "2026-11-01T03:59:59Z").End);
    }

    [Fact]
    public void An_evening_that_exists_twice_does_not_begin_the_day_twice()
    {
        // Beirut, 25 October 2026: at 00:00 +03 the clocks go back to 23:00 +02 of the day before.
        var period = PeriodOf("Asia/Beirut", 25, "2026-10-24T22:30:00Z");

        Assert.Equal(Instant.Parse("2026-10-24T22:00:00Z"), period.Start);
        Assert.Equal(period.Start, PeriodOf("Asia/Beirut", 25, "2026-10-24T21:30:00Z").End);
    }

    [Fact]
    public void A_date_that_a_zone_left_out_is_no_day()
    {
        // Apia went from 29 to 31 December 2011.
        var days = PeriodOf("Pacific/Apia", 1, "2011-12-15T00:00:00Z").Days;

        Assert.Equal(30, days.Length);
        Assert.All(days.Zip(days.Skip(1)), pair => Assert.Equal(1440, pair.Second - pair.First));
    }

    [Fact]
    public void A_new_zone_or_anchor_starts_where_the_period_before_ended()
    {
        var period = PeriodOf("America/New_York", 16, "2026-12-01T00:00:00Z", first: "2026-12-01T00:00:00Z");

        Assert.Equal(Instant.Parse("2026-12-01T00:00:00Z"), period.Start);
        Assert.Equal(Instant.Parse("2026-12-16T05:00:00Z"), period.End);
        Assert.Equal(DateOnly.Parse("2026-11-30"), period.Id); // the local date in New York
        Assert.Equal([0, 5 * 60, 29 * 60], period.Days[..3]);
    }

    [Theory]
    [InlineData("America/New_York", 15, "2026-12-01T00:00:00Z", "2027-01-15T05:00:00Z")] // the 15th is 14 d 5 h away
    [InlineData("America/New_York", 1, "2026-12-01T00:00:00Z", "2027-01-01T05:00:00Z")]  // 5 h would be a stub
    [InlineData("UTC", 1, "2026-12-01T05:00:00Z", "2027-01-01T00:00:00Z")]               // back again
    [InlineData("UTC", 16, "2026-12-01T05:00:00Z", "2027-01-16T00:00:00Z")]              // 14 d 19 h
    [InlineData("UTC", 16, "2026-12-01T00:00:00Z", "2026-12-16T00:00:00Z")]
    [InlineData("UTC", 31, "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z")]
    [InlineData("UTC", 31, "2027-02-15T00:00:00Z", "2027-03-31T00:00:00Z")]              // the 28th is 13 d away
    [InlineData("America/Sao_Paulo", 4, "2018-10-20T03:00:00Z", "2018-11-04T03:00:00Z")] // no midnight on the 4th
    [InlineData("America/Havana", 1, "2026-10-20T00:00:00Z", "2026-12-01T05:00:00Z")]
    [InlineData("Pacific/Apia", 31, "2011-12-16T10:00:00Z", "2012-01-30T10:00:00Z")]     // 14 d: the 30th was left out
    [InlineData("Europe/Berlin", 4, "2026-03-19T23:00:00Z", "2026-05-03T22:00:00Z")]     // 15 days less an hour
    public void A_change_makes_no_period_of_less_than_15_days(string zone, int anchor, string first, string end)
    {
        var period = PeriodOf(zone, anchor, first, first);

        Assert.Equal(Instant.Parse(first), period.Start);
        Assert.Equal(Instant.Parse(end), period.End);
        Assert.InRange((period.End - period.Start).TotalDays, 15, 46.1);
    }

    [Theory]
    [InlineData("UTC")]
    [InlineData("America/New_York")]
    [InlineData("Asia/Beirut")]
    [InlineData("America/Havana")]
    [InlineData("Pacific/Apia")]
    [InlineData("Australia/Lord_Howe")]
    public void Periods_follow_each_other_without_gap_and_their_days_are_in_order(string zone)
    {
        foreach (var anchor in (int[])[1, 15, 29, 31])
        {
            var period = PeriodOf(zone, anchor, "2011-01-15T00:00:00Z");
            for (var month = 0; month < 240; month++)
            {
                var next = IanaCalendar.PeriodOf(zone, anchor, period.End, period.End);
                Assert.Equal(IanaCalendar.PeriodOf(zone, anchor, period.End, null), next);
                Assert.True(next.Id > period.Id);
                Assert.Equal(next.Days.Order(), next.Days);
                Assert.InRange(next.Days.Length, 27, 31);
                period = next;
            }
        }
    }

    [Fact]
    public void Tenants_with_the_same_period_share_one_object() =>
        Assert.Same(PeriodOf("Europe/Berlin", 3, "2026-05-04T10:00:00Z"),
            PeriodOf(new string("Europe/Berlin"), 3, "2026-05-20T11:00:00Z"));

    [Theory]
    [InlineData("UTC", true)]
    [InlineData("Europe/Berlin", true)]
    [InlineData("Etc/GMT+5", true)]
    [InlineData("America/Argentina/Buenos_Aires", true)]
    [InlineData("Mars/Olympus", false)]
    [InlineData("W. Europe Standard Time", false)]
    [InlineData("europe/berlin", false)]
    [InlineData("posix/UTC", false)]
    [InlineData("../../etc/passwd", false)]
    [InlineData("zone.tab", false)]
    [InlineData("", false)]
    public void Only_IANA_ids_are_zones(string zone, bool known) =>
        Assert.Equal(known, IanaCalendar.TryValidateZone(zone));

    private static string Before(string time) => (Instant.Parse(time) - TimeSpan.FromMilliseconds(1)).ToString();
}
