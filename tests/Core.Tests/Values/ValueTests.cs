namespace MeteringGateway.Core.Tests.Values;

public sealed class InstantTests
{
    [Theory]
    [InlineData("2026-11-02T09:30:00Z", "2026-11-02T09:30:00.000Z")]
    [InlineData("2026-11-02T09:30:00.1239Z", "2026-11-02T09:30:00.123Z")]
    [InlineData("2026-11-02T09:30:00+05:30", "2026-11-02T04:00:00.000Z")]
    [InlineData("2026-11-02t09:30:00z", "2026-11-02T09:30:00.000Z")]
    [InlineData("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z")]
    public void An_instant_is_read_in_any_offset_and_written_in_utc_with_milliseconds_T1(string text, string written) =>
        Assert.Equal(written, Instant.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("2026-11-02")]
    [InlineData("2026-11-02T09:30:00")]
    [InlineData("2026-11-02T09:30:00.123456789")]
    [InlineData("02.11.2026 09:30:00 +00:00")]
    [InlineData("2026-13-02T09:30:00Z")]
    [InlineData("2026-02-30T09:30:00Z")]
    [InlineData("yesterday, at nine o'clock")]
    public void What_has_no_offset_or_is_no_time_is_refused_T1(string text) =>
        Assert.False(Instant.TryParse(text, out _));

    [Fact]
    public void Adding_stops_at_the_ends_of_the_calendar_instead_of_wrapping_T1()
    {
        Assert.Equal(Instant.MaxValue, Instant.MaxValue + TimeSpan.FromDays(1));
        Assert.Equal(Instant.MinValue, Instant.MinValue - TimeSpan.FromDays(1));
        Assert.Equal(TimeSpan.FromHours(72),
            Instant.Parse("2026-11-05T00:00:00Z") - Instant.Parse("2026-11-02T00:00:00Z"));
    }

    [Fact]
    public void Instants_are_in_order_of_time_T1()
    {
        var (earlier, later) = (new Instant(-1), new Instant(0));
        Assert.True(earlier < later && later > earlier && earlier <= later && later >= earlier
            && earlier.CompareTo(later) < 0);
        Assert.Equal(later, Instant.Max(earlier, later));
        Assert.Equal(earlier, Instant.Min(later, earlier));
    }
}

public sealed class AmountTests
{
    [Theory]
    [InlineData("0.99", 990_000)]
    [InlineData("-3", -3_000_000)]
    [InlineData("1200.000001", 1_200_000_001)]
    [InlineData("0", 0)]
    [InlineData("-0.5", -500_000)]
    [InlineData("9223372036854.775807", long.MaxValue)]
    public void An_amount_is_a_decimal_with_at_most_six_fraction_digits_N1(string text, long micros)
    {
        Assert.Equal(new Amount(micros), Amount.Parse(text));
        Assert.Equal(text, new Amount(micros).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("0.0000001")]
    [InlineData("1e3")]
    [InlineData("+1")]
    [InlineData("1,000")]
    [InlineData(" 1")]
    [InlineData("--1")]
    [InlineData("0x10")]
    [InlineData("١")]
    [InlineData("9223372036854.775808")]
    [InlineData("99999999999999")]
    public void What_is_not_such_a_decimal_is_refused_N1(string text)
    {
        Assert.False(Amount.TryParse(text, out _));
        Assert.Throws<FormatException>(() => Amount.Parse(text));
    }

    [Theory]
    [InlineData(990_000, 2, "0.99")]
    [InlineData(1_000_000, 2, "1.00")]
    [InlineData(1_000_000, 0, "1")]
    [InlineData(1_234_567, 2, "1.234567")]
    [InlineData(-10_000, 2, "-0.01")]
    [InlineData(long.MinValue, 0, "-9223372036854.775808")]
    public void It_is_written_with_the_fraction_digits_that_it_needs_N1(long micros, int least, string text) =>
        Assert.Equal(text, new Amount(micros).ToString(least));

    [Fact]
    public void An_overflow_is_never_a_wrong_figure_N1()
    {
        var most = new Amount(long.MaxValue);
        Assert.Throws<OverflowException>(() => most + new Amount(1));
        Assert.Throws<OverflowException>(() => new Amount(long.MinValue) - new Amount(1));
        Assert.Throws<OverflowException>(() => most * 2);
        Assert.Equal(new Amount(5_000_000), new Amount(1_000_000) * 5);
    }
}

public sealed class WordsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\u0001")]
    [InlineData("two\nlines")]
    [InlineData("\u007f")]
    public void What_is_no_name_is_never_among_the_words_that_readers_take_unseen(string word)
    {
        var utf8 = System.Text.Encoding.UTF8.GetBytes(word);
        var journal = new Writer();
        journal.Text(word);
        Assert.Equal(word, new Reader(journal.Written).Word()); // from a journal or a snapshot
        Assert.Null(Words.Find(utf8));
    }

    [Fact]
    public void A_name_is_made_once_N4()
    {
        var journal = new Writer();
        journal.Text("a word that nobody else says");
        var word = new Reader(journal.Written).Word();
        Assert.Same(word, Words.Find("a word that nobody else says"u8));
    }
}

public sealed class PeriodTests
{
    // 28 October 2026 in a zone that puts its clocks back on the 25th: a day of 25 hours.
    private static readonly Period October = TestCalendar.Of("Summer", 1, Instant.Parse("2026-10-10T00:00:00Z"), null);

    [Fact]
    public void A_period_begins_and_ends_at_local_midnight_T2()
    {
        Assert.Equal(new DateOnly(2026, 10, 1), October.Id);
        Assert.Equal("2026-09-30T22:00:00.000Z", October.Start.ToString());
        Assert.Equal("2026-10-31T23:00:00.000Z", October.End.ToString());
        Assert.Equal(31, October.Days.Length);
    }

    [Theory]
    [InlineData("2026-09-30T22:00:00.000Z", 0)]
    [InlineData("2026-10-01T21:59:59.999Z", 0)]
    [InlineData("2026-10-01T22:00:00.000Z", 1)]
    [InlineData("2026-10-24T21:59:59.999Z", 23)]
    [InlineData("2026-10-24T22:00:00.000Z", 24)]
    [InlineData("2026-10-25T22:59:59.999Z", 24)]
    [InlineData("2026-10-25T23:00:00.000Z", 25)]
    [InlineData("2026-10-31T22:59:59.999Z", 30)]
    public void A_time_falls_on_its_local_day_also_where_the_day_has_25_hours_T2(string time, int day) =>
        Assert.Equal(day, October.DayOf(Instant.Parse(time)));

    [Fact]
    public void A_day_ends_where_the_next_begins_and_the_last_with_the_period_T2()
    {
        for (var day = 0; day < 31; day++)
        {
            Assert.Equal(day, October.DayOf(October.DayEnd(day) - TimeSpan.FromMilliseconds(1)));
            if (day < 30) Assert.Equal(day + 1, October.DayOf(October.DayEnd(day)));
        }
        Assert.Equal(October.End, October.DayEnd(30));
    }

    [Fact]
    public void The_start_belongs_to_the_period_and_the_end_does_not_T3()
    {
        Assert.True(October.Contains(October.Start));
        Assert.False(October.Contains(October.End));
        Assert.False(October.Contains(October.Start - TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void Periods_are_equal_by_what_they_contain_T2()
    {
        Assert.Equal(October, TestCalendar.Of("Summer", 1, October.Start, null));
        Assert.NotEqual(October, October with { Days = [0] });
    }
}

public sealed class TermsTests
{
    [Theory]
    [InlineData(1000, 80, 800)]
    [InlineData(3, 50, 2)]
    [InlineData(1, 1, 1)]
    [InlineData(0, 80, long.MaxValue)]
    [InlineData(1_000_000_000_000, 100, 1_000_000_000_000)]
    [InlineData(1_000_000_000_000, 99, 990_000_000_000)]
    public void A_percentage_is_of_the_limit_in_force_rounded_up_to_whole_units_S4(long limit, int percent,
        long level) =>
        Assert.Equal(level, new Threshold("t", Measure.Cap, "c", percent, null).Level(limit));

    [Fact]
    public void A_level_in_units_is_the_same_under_any_limit_S4() =>
        Assert.Equal(800, new Threshold("t", Measure.Cap, "c", null, 800).Level(5));

    [Theory]
    [InlineData(null, null, null, null, true)]
    [InlineData("support.resolution", null, null, null, true)]
    [InlineData("sales.lead", null, null, null, false)]
    [InlineData(null, "fin", null, null, true)]
    [InlineData(null, "max", null, null, false)]
    [InlineData(null, null, "chat", "refund", true)]
    [InlineData(null, null, "chat", "billing", false)]
    [InlineData("support.resolution", "fin", "chat", "refund", true)]
    [InlineData("support.resolution", "fin", "phone", "refund", false)]
    public void A_scope_matches_what_has_all_of_its_values_C1(string? type, string? agent, string? channel,
        string? workflow, bool matches) =>
        Assert.Equal(matches, new Scope(type, null, agent, channel, workflow)
            .Matches(new Subject("support.resolution", false, new Dimensions("fin", "chat", "refund"))));

    [Fact]
    public void A_scope_that_names_an_agent_does_not_match_what_has_none_C1() =>
        Assert.False(new Scope(Agent: "fin").Matches(new Subject("support.resolution", false, Dimensions.None)));

    [Fact]
    public void A_cap_on_an_activity_never_matches_an_outcome_and_one_on_outcomes_never_an_activity_C9()
    {
        var conversation = new Subject("conversation", true, new Dimensions("fin"));
        Assert.True(new Scope(Activity: "conversation").Matches(conversation));
        Assert.True(new Scope(Activity: "conversation", Agent: "fin").Matches(conversation));
        Assert.False(new Scope(Activity: "conversation", Agent: "max").Matches(conversation));
        Assert.False(new Scope(Activity: "message").Matches(conversation));
        Assert.False(Scope.Everything.Matches(conversation));
        Assert.False(new Scope(Activity: "conversation").Matches(conversation with { IsActivity = false }));
    }

    [Fact]
    public void Types_of_one_exclusive_group_share_a_session_and_others_have_their_own_I4()
    {
        Assert.Equal("won", new OutcomeType { Id = "sales.lead", ExclusiveGroup = "won" }.Group);
        Assert.Equal("sales.lead", new OutcomeType { Id = "sales.lead" }.Group);
    }
}

public sealed class CurrencyTests
{
    [Theory]
    [InlineData("0.005", "USD", "0")]
    [InlineData("0.015", "USD", "0.02")]
    [InlineData("0.025", "USD", "0.02")]
    [InlineData("0.025001", "USD", "0.03")]
    [InlineData("-0.015", "USD", "-0.02")]
    [InlineData("-0.025", "USD", "-0.02")]
    [InlineData("0.5", "JPY", "0")]
    [InlineData("1.5", "JPY", "2")]
    [InlineData("0.0125", "KWD", "0.012")]
    [InlineData("12.345678", "CLF", "12.3457")]
    public void An_amount_is_rounded_half_to_even_to_the_minor_unit_of_its_currency_N3(string amount, string currency,
        string rounded) =>
        Assert.Equal(Amount.Parse(rounded), Currencies.Round(Amount.Parse(amount), currency));

    [Theory]
    [InlineData(24, 24)]
    [InlineData(23, 25)]
    [InlineData(25, 23)]
    [InlineData(10, 48)]
    public void A_time_falls_on_the_last_day_that_has_begun_however_long_the_days_are_T2(int third, int tenth)
    {
        var days = new int[12];
        for (var day = 1; day < days.Length; day++)
            days[day] = days[day - 1] + 60 * (day == 3 ? third : day == 10 ? tenth : 24);
        var start = Instant.Parse("2026-03-01T00:00:00.000Z");
        var period = new Period(new DateOnly(2026, 3, 1), start, start + TimeSpan.FromMinutes(days[^1] + 1440), days);

        for (var time = start; time < period.End; time += TimeSpan.FromSeconds(30))
            Assert.Equal(Array.FindLastIndex(days, begun => start + TimeSpan.FromMinutes(begun) <= time),
                period.DayOf(time));
    }
}
