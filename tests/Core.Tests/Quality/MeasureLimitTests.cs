namespace MeteringGateway.Core.Tests.Quality;

/// <summary>What is counted beside the state is bounded (Q1, Q3, N4).</summary>
public sealed class MeasureLimitTests
{
    private static readonly Instant Start = Instant.Parse("2026-11-01T00:00:00Z");
    private static readonly Period Open = TestCalendar.Of("UTC", 1, Start, null);

    [Fact]
    public void Q3_of_a_group_so_many_values_are_told_apart_and_the_others_are_one()
    {
        var series = new Series();
        for (var i = 0; i < Series.MostValues + 10; i++) Add(series, Start, $"agent-{i}");
        foreach (var one in (Series[])[series, Again(series)])
        {
            Add(one, Start, "agent-0");
            Add(one, Start, "agent-55");
            var cells = one.Read(true, int.MinValue, int.MaxValue, SeriesGroup.Agent).Single().Cells;
            Assert.Equal(Series.MostValues + 1, cells.Count);
            Assert.Equal(11, cells.Single(cell => cell.Others).Cell.Reported);
            Assert.Null(cells.Single(cell => cell.Others).Value);
            Assert.Equal(2, cells.Single(cell => cell.Value == "agent-0").Cell.Reported);
            series = Again(series);
        }
    }

    [Fact]
    public void Q3_hours_and_days_that_are_old_are_dropped_when_a_period_begins()
    {
        var series = new Series();
        var open = Open;
        for (var month = 0; month < 16; month++)
        {
            for (var at = open.Start; at < open.End; at += TimeSpan.FromHours(1)) Add(series, at, "fin", open);
            open = TestCalendar.Of("UTC", 1, open.End, open.End);
            series.Trim(open);
        }
        var hours = series.Read(true, int.MinValue, int.MaxValue, SeriesGroup.Agent);
        var days = series.Read(false, int.MinValue, int.MaxValue, SeriesGroup.Agent);
        Assert.Equal((35 * 24, 396), (hours.Count, days.Count));
        Assert.Equal(Series.HourOf(open.Start - Series.HoursKept), hours[0].At);
        // What is of before is not counted any more, and does not come back.
        Add(series, open.Start - Series.HoursKept - TimeSpan.FromHours(1), "fin", open);
        Assert.Equal(35 * 24, series.Read(true, int.MinValue, int.MaxValue, SeriesGroup.Agent).Count);
    }

    [Fact]
    public void Q1_so_many_successes_are_watched_for_another_contact_and_they_leave()
    {
        var contacts = new FirstContacts();
        var (window, late) = (TimeSpan.FromHours(72), TimeSpan.FromHours(72));
        for (var i = 0; i < FirstContacts.Most; i++) Assert.True(Watch(i, Start));
        Assert.False(Watch(FirstContacts.Most, Start + TimeSpan.FromMinutes(1)));
        Assert.Equal(["o-7"], contacts.Come(8, "another", Start + TimeSpan.FromHours(71)));
        Assert.Null(contacts.Come(8, "another", Start + TimeSpan.FromHours(71)));
        Assert.Null(contacts.Come(9, "another", Start + window));
        Assert.True(Watch(FirstContacts.Most, Start + window + late + TimeSpan.FromHours(1)));
        Assert.Equal(1, contacts.Count);

        bool Watch(int number, Instant at) => contacts.Watch((ulong)number + 1,
            new FirstContacts.Success($"o-{number}", $"s-{number}", at, at + window), at, late);
    }

    private static Series Again(Series series)
    {
        var to = new Writer();
        series.Write(to);
        var from = new Reader(to.Written);
        var read = new Series();
        read.Read(ref from);
        Assert.True(from.AtEnd);
        return read;
    }

    private static void Add(Series series, Instant time, string agent, Period? open = null)
    {
        var period = open ?? Open;
        var day = period.Contains(time) ? period.Id.DayNumber + period.DayOf(time) : 0;
        series.Add(new Outcome
        {
            Event = new EventId("/a", "e"), Id = "o", Time = time, Type = "support.resolution", Quantity = 1,
            Result = Result.Success, Period = period.Id, Day = 0, Dimensions = new Dimensions(agent, null, null),
        }, day, period, new Cell(1, 0, 0));
    }
}
