namespace MeteringGateway.Core.Tests;

/// <summary>
/// T2: no change of zone or anchor makes a stub, or two periods with one id; T1: what fires moves on.
/// </summary>
public sealed class PeriodTests
{
    private const string Newyork = "-05:00", Honolulu = "-10:00";
    private static readonly Instant Noon = Instant.Parse("2030-01-10T12:00:00Z");
    private readonly RealTenant _tenant = new();

    public PeriodTests() => _tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), Terms(), "UTC", 1,
        new TestClock(Noon, false)), Noon);

    [Fact]
    public void Zones_that_lie_west_of_each_other_never_make_two_periods_with_one_id_T2()
    {
        To("2030-01-31T12:00:00Z");
        Change(zone: Newyork);
        To("2030-02-01T01:00:00Z");
        Change(zone: Honolulu);
        To("2030-02-01T06:00:00Z");
        To("2030-02-05T00:00:00Z");
        To("2030-06-01T00:00:00Z");

        Assert.Equal(["2030-01-01", "2030-01-31", "2030-02-28", "2030-04-01", "2030-05-01"], Ids());
    }

    [Fact]
    public void A_zone_to_the_west_bills_no_stub_of_some_hours_T2()
    {
        Change(zone: Newyork);
        To("2030-02-20T00:00:00Z");

        var period = Usage("2030-01-31").Period;
        Assert.Equal(Instant.Parse("2030-02-01T00:00:00Z"), period.Start);
        Assert.Equal(Instant.Parse("2030-03-01T05:00:00Z"), period.End);
        Assert.Equal(29, period.Days.Length);
    }

    [Theory]
    [InlineData(15, "2030-03-15T00:00:00Z")] // 14 days away is too near
    [InlineData(16, "2030-02-16T00:00:00Z")] // 15 days are enough
    [InlineData(28, "2030-02-28T00:00:00Z")]
    [InlineData(31, "2030-02-28T00:00:00Z")]
    [InlineData(2, "2030-03-02T00:00:00Z")]
    public void A_new_anchor_begins_with_its_first_day_that_is_15_days_away_T2(int anchor, string end)
    {
        Change(anchor: anchor);
        To("2030-02-01T00:00:00Z");

        Assert.Equal(Instant.Parse(end), Usage(null).Period.End);
    }

    [Fact]
    public void Whatever_zones_and_anchors_follow_each_other_periods_have_15_to_46_days_and_ids_of_their_own_T2()
    {
        var dice = new Histories.Dice(7);
        for (var month = 0; month < 400; month++)
        {
            if (dice.Chance(70))
                Change(dice.One("UTC", Newyork, Honolulu, "+14:00", "+05:30", "Summer"), 1 + dice.Below(31));
            To(Usage(null).Period.End.ToString());
        }
        var periods = _tenant.Journal.Select(entry => EntryCodec.Read(entry)).OfType<Entry.PeriodStarted>()
            .Select(entry => entry.Period).ToList();
        Assert.Equal(400, periods.Count);
        Assert.All(periods.Zip(periods.Skip(1)), pair =>
        {
            Assert.Equal(pair.First.End, pair.Second.Start);
            Assert.True(pair.First.Id < pair.Second.Id);
        });
        // Two hours for a summer's begin or end in between.
        Assert.All(periods, period => Assert.InRange((period.End - period.Start).TotalDays, 15, 46.1));
    }

    [Theory]
    [InlineData(0, 31, "2030-01-01")]  // an id twice
    [InlineData(1, 31, "2030-02-01")]  // a gap
    [InlineData(0, 0, "2030-02-01")]   // no end
    public void A_calendar_that_does_not_go_on_stops_the_tenant_T2(int gap, int days, string id)
    {
        Period Broken(string zone, int anchor, Instant time, Instant? first) => new(DateOnly.Parse(id),
            time + TimeSpan.FromDays(gap), time + TimeSpan.FromDays(gap + days), [0]);

        Assert.Throws<TenantStoppedException>(() => Turn.Run(_tenant.State, new Command.AdvanceClock(
            Instant.Parse("2030-02-05T00:00:00Z")), Noon, Broken, []));
    }

    [Fact]
    public void What_fires_and_stays_due_stops_the_tenant_T1()
    {
        // As a journal says it in which two periods have one id: the second can never be closed.
        var (first, second) = (Span("2030-02-01", "2030-02-02"), Span("2030-02-02", "2030-03-01"));
        foreach (var period in new[] { first, second })
            _tenant.State.Apply(new Entry.PeriodStarted(period with { Id = first.Id }) { At = period.Start });

        Assert.Throws<TenantStoppedException>(() => Turn.Run(_tenant.State, new Command.AdvanceClock(
            Instant.Parse("2030-04-01T00:00:00Z")), Noon, TestCalendar.Of, []));
    }

    [Fact]
    public void A_notice_that_waits_twice_for_a_grant_with_nothing_left_stops_nobody_T1()
    {
        _tenant.Run(new Command.IssueGrant(GrantKind.TopUp, Amount.Parse("1"), Noon + TimeSpan.FromDays(20), null, null,
            null, null), Noon);
        _tenant.Run(new Command.ReportOutcome(new EventId("/a", "e1"), null, "res", "o1"), Noon);
        _tenant.Run(new Command.Close(), Noon);

        Assert.IsType<Answer.Done>(To("2030-06-01T00:00:00Z"));
    }

    private static Period Span(string from, string to) => new(DateOnly.Parse(from),
        Instant.Parse($"{from}T00:00:00Z"), Instant.Parse($"{to}T00:00:00Z"), [0]);

    private void Change(string? zone = null, int? anchor = null) => Assert.IsType<Answer.Done>(
        _tenant.Run(new Command.Change(null, null, null, zone, anchor, Effective.Now), Noon));

    private Answer To(string time) => _tenant.Run(new Command.AdvanceClock(Instant.Parse(time)), Noon);

    private Usage Usage(string? period) =>
        _tenant.State.Usage(period is null ? null : DateOnly.Parse(period), Noon)!;

    private IEnumerable<string> Ids() =>
        _tenant.State.Statements().Select(statement => $"{statement.Period.Id:O}").Order(StringComparer.Ordinal);

    private static Terms Terms() => new()
    {
        Currency = "USD",
        PlatformFee = Amount.Parse("100"),
        OutcomeTypes = [new OutcomeType { Id = "res", Credits = Amount.Parse("1"), MeasurementWindow = TimeSpan.Zero }],
        Commitments = [new Commitment("res", 1000, Amount.Parse("0.80"), null, PerYear: false)],
    };
}
