namespace MeteringGateway.Core.Tests;

/// <summary>
/// Changes that are to come (T2, C6, F7), also those that journals hold from before there were entries for them.
/// </summary>
public sealed class ScheduleTests
{
    private static readonly Instant Noon = Instant.Parse("2030-01-10T12:00:00Z");
    private static readonly Instant February = Instant.Parse("2030-02-01T00:00:00Z");
    private readonly RealTenant _tenant = new();

    public ScheduleTests()
    {
        _tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), Terms("1.00"), "UTC", 1, null), Noon);
        _tenant.Run(new Command.SetCap(Monthly(10), null), Noon);
    }

    [Fact]
    public void A_state_with_nothing_to_come_has_the_bytes_that_it_had_before_there_was_a_schedule()
    {
        var before = _tenant.State.Snapshot().Length;
        _tenant.Run(new Command.Change(null, null, null, "+05:30", null, Effective.Now), Noon);
        Assert.Equal(1, _tenant.State.Snapshot()[before]); // the section's tag, after everything else
        _tenant.Run(new Command.Change(null, null, null, "UTC", null, Effective.Now), Noon);

        Assert.Equal(before, _tenant.State.Snapshot().Length);
    }

    [Fact]
    public void What_is_to_come_is_the_same_from_a_snapshot_and_from_the_journal()
    {
        _tenant.Run(new Command.Change(null, new PlanRef("p", 2), Terms("2.00"), "+05:30", 20, Effective.NextPeriod),
            Noon);

        Assert.Equal(3, _tenant.State.Schedule.Count);
        Assert.Equal(_tenant.State.Schedule, TenantState.Restore(_tenant.State.Snapshot()).Schedule);
        Assert.Equal(_tenant.State.Schedule, RealTenant.Fold(_tenant.Journal).Schedule);
        Assert.Equal(RealTenant.Hex(_tenant.State.Digest()), RealTenant.Hex(RealTenant.Fold(_tenant.Journal).Digest()));
    }

    [Fact]
    public void Terms_and_caps_that_were_set_ahead_are_seen_and_come_as_the_journal_says()
    {
        SetAhead();

        Assert.Equal(["plan", "cap:monthly", "cap:new"], _tenant.State.Schedule.Select(change => change.Setting.Of));
        Assert.All(_tenant.State.Schedule, change => Assert.Equal(February, change.EffectiveAt));
        Come(price: "2.00", monthly: 2, fresh: 1);
    }

    [Theory]
    [InlineData("plan", "1.00", 2, 1)]
    [InlineData("cap:monthly", "2.00", 10, 1)]
    [InlineData("cap:new", "2.00", 2, null)]
    public void Terms_and_caps_that_were_set_ahead_are_taken_back_one_by_one(string of, string price, int monthly,
        int? fresh)
    {
        SetAhead();
        Assert.IsType<Answer.Done>(_tenant.Run(new Command.Withdraw(of), Noon));

        Assert.DoesNotContain(_tenant.State.Schedule, change => change.Setting.Of == of);
        Come(price, monthly, fresh);
    }

    [Fact]
    public void A_plan_that_was_set_ahead_outlives_a_change_of_the_tenants_own_terms_F7()
    {
        SetAhead();
        Setting.Plan[] plans =
            [new(new PlanRef("p", 1), Terms("3.00")), new(new PlanRef("p", 2), Terms("4.00"))];
        Assert.IsType<Answer.Done>(_tenant.Run(new Command.SetTerms([.. plans]), Noon));

        Come(price: "4.00", monthly: 2, fresh: 1);
    }

    [Fact]
    public void A_plan_set_for_the_next_period_takes_the_place_of_one_that_was_set_ahead_F7()
    {
        SetAhead();
        var p1 = new Command.Change(null, new PlanRef("p", 1), Terms("1.00"), null, null, Effective.NextPeriod);
        Assert.IsType<Answer.Done>(_tenant.Run(p1, Noon));

        Come(price: "1.00", monthly: 2, fresh: 1);
    }

    [Fact]
    public void Own_terms_that_do_not_know_a_plan_that_matters_are_refused_F7()
    {
        var now = new Setting.Plan(new PlanRef("p", 1), Terms("3.00"));
        _tenant.Run(new Command.Change(null, new PlanRef("p", 2), Terms("2.00"), null, null, Effective.NextPeriod),
            Noon);

        var refused = Assert.IsType<Answer.Refused>(_tenant.Run(new Command.SetTerms([now]), Noon));

        Assert.Equal(Refusal.ChangedMeanwhile, refused.Code);
        Come(price: "2.00", monthly: 10, fresh: null);
    }

    [Fact]
    public void A_cap_that_is_to_come_counts_among_the_hundred()
    {
        var report = new Command.ReportOutcome(new EventId("/a", "e"), null, "res", "o") { Quantity = 5 };
        _tenant.Run(report, Noon);
        for (var i = 0; i < 99; i++)
            Assert.IsType<Answer.Done>(_tenant.Run(
                new Command.SetCap(Monthly(1) with { Id = $"c{i}" }, Effective.NextPeriod), Noon));

        var one = Assert.IsType<Answer.Refused>(
            _tenant.Run(new Command.SetCap(Monthly(9) with { Id = "more" }, null), Noon));
        Assert.Equal(Refusal.TooManyCaps, one.Code);
        Assert.IsType<Answer.Done>(
            _tenant.Run(new Command.SetCap(Monthly(2) with { Id = "c7" }, Effective.NextPeriod), Noon));
    }

    [Fact]
    public void Outcomes_keep_their_terms_when_a_tenant_is_closed_that_an_earlier_version_had_set_two_of()
    {
        SetAhead();
        var now = new Entry.TermsSet(new PlanRef("p", 3), Terms("3.00"), Noon) { At = Noon }; // February's are dropped
        _tenant.State.Apply(now);
        _tenant.Journal.Add(RealTenant.Bytes(now));
        _tenant.Run(new Command.ReportOutcome(new EventId("/a", "e"), null, "res", "o"), Noon);

        Assert.IsType<Answer.Done>(_tenant.Run(new Command.Close(), Noon));

        _tenant.Reload();
        Assert.Equal(Amount.Parse("3.00"), _tenant.State.Usage(null, Noon)!.Total);
        Assert.Equal(RealTenant.Hex(_tenant.State.Digest()), RealTenant.Hex(RealTenant.Fold(_tenant.Journal).Digest()));
    }

    // The entries that an earlier version took for a change that was to come.
    private void SetAhead()
    {
        foreach (var entry in new Entry[]
        {
            new Entry.TermsSet(new PlanRef("p", 2), Terms("2.00"), February) { At = Noon },
            new Entry.CapSet(Monthly(2), Effective.NextPeriod, Monthly(10)) { At = Noon },
            new Entry.CapSet(Monthly(1) with { Id = "new" }, Effective.NextPeriod, null) { At = Noon },
        })
        {
            _tenant.State.Apply(entry);
            _tenant.Journal.Add(RealTenant.Bytes(entry));
        }
    }

    private void Come(string price, long monthly, long? fresh)
    {
        _tenant.Reload();
        _tenant.Run(new Command.Tick(), February);
        Assert.Empty(_tenant.State.Schedule);
        Assert.Equal(Amount.Parse(price), _tenant.State.Figure(February).Terms.OutcomeTypes[0].Price);
        var caps = _tenant.State.Usage(null, February)!.Caps
            .ToDictionary(cap => cap.Cap.Id, cap => cap.Cap.Limit.Value);
        Assert.Equal(monthly, caps["monthly"]);
        Assert.Equal(fresh, caps.TryGetValue("new", out var limit) ? limit : null);
        Assert.Equal(RealTenant.Hex(_tenant.State.Digest()), RealTenant.Hex(RealTenant.Fold(_tenant.Journal).Digest()));
    }

    private static Cap Monthly(long limit) => new() { Id = "monthly", Limit = limit };

    private static Terms Terms(string price) => new()
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = "res", Price = Amount.Parse(price), MeasurementWindow = TimeSpan.Zero }],
    };
}
