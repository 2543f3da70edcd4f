namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>N1: what could lead to a sum that leaves 64 bits is refused when it arises, and nothing else is.</summary>
public sealed class BoundTests
{
    private static readonly Amount Half = new(TenantState.Most / 2);
    private readonly RealTenant _tenant = new();
    private Instant _now = Instant.Parse("2026-01-10T12:00:00Z");
    private int _numbers;

    [Fact]
    public void N1_units_are_taken_up_to_the_bound_and_no_further_in_each_period()
    {
        Begin(Priced(Half));
        Taken(Report());
        Taken(Report());
        Overflows(Report());

        _now += TimeSpan.FromDays(40);
        Taken(Report());
        Overflows(Report(quantity: 2));
        Assert.Equal(Half, _tenant.State.Statement(null)!.UnroundedTotal);
    }

    [Fact]
    public void N1_a_single_event_that_cannot_be_multiplied_is_refused()
    {
        Begin(Priced(Amount.Parse("9000000000000")));
        Overflows(Report());
        Overflows(Report(quantity: 1_000_000));
        Assert.Equal(Amount.Zero, _tenant.State.Usage(null, _now)!.Spend);
    }

    [Fact]
    public void N1_packs_bought_together_are_refused_when_their_price_or_credits_cannot_be_multiplied()
    {
        var small = Amount.Parse("1.00");
        var dear = new Pack("dear", small, Amount.Parse("10000000"), null);
        var rich = new Pack("rich", Amount.Parse("10000000"), small, null);
        Begin(Terms(new OutcomeType { Id = "res", Credits = small }) with { TopUps = [dear, rich] });
        foreach (var pack in (string[])["dear", "rich"])
        {
            Overflows(new Command.BuyPack(pack, 1_000_000, null, $"{pack} many"));
            Overflows(new Command.BuyPack(pack, int.MaxValue, null, $"{pack} most"));
            Taken(new Command.BuyPack(pack, 1, null, $"{pack} one"));
        }
        _tenant.Run(new Command.Tick(), _now);
    }

    [Fact]
    public void N1_the_dearest_price_that_may_apply_is_the_one_that_counts()
    {
        var cheap = Amount.Parse("1.00");
        OutcomeType[] dear =
        [
            new() { Id = "res", Tiers = [new Tier(100, cheap), new Tier(null, Half)] },
            new() { Id = "res", Price = cheap, Prices = [new PriceClass("complex", null, Half)] },
            new() { Id = "res", Price = cheap, IncludedUnits = 10, Overage = new OverageRule(true, Half, null, false,
                AtLimit.Pause) },
        ];
        foreach (var type in dear)
        {
            var tenant = new BoundTests();
            tenant.Begin(Terms(type));
            tenant.Taken(tenant.Report(quantity: 2));
            tenant.Overflows(tenant.Report());
        }
    }

    [Fact]
    public void N1_fees_and_commitments_are_owed_beside_units()
    {
        var commitment = new Commitment("res", 1_000, new Amount(Half.Micros / 1_000), null, PerYear: false);
        foreach (var owed in (Func<Terms, Terms>[])[
            terms => terms with { PlatformFee = Half }, terms => terms with { ImplementationFee = Half },
            terms => terms with { Commitments = [commitment] },
            terms => terms with { Commitments = [new Commitment(null, null, null, Half, PerYear: true)] }])
        {
            var tenant = new BoundTests();
            tenant.Begin(owed(Priced(Half)));
            tenant.Taken(tenant.Report());
            tenant.Overflows(tenant.Report());
        }
    }

    [Fact]
    public void N1_fees_that_cannot_be_added_are_refused_with_the_terms_that_have_them()
    {
        var terms = Priced(Amount.Zero) with { PlatformFee = Half, ImplementationFee = new Amount(Half.Micros + 1) };
        Overflows(new Command.Create("Acme", new PlanRef("p", 1), terms, "UTC", 1, null));
        Begin(Priced(Amount.Zero));
        Overflows(Change(terms));
        Overflows(Change(terms, Effective.NextPeriod));
        Taken(Change(terms with { ImplementationFee = Half }));
    }

    [Fact]
    public void N1_what_is_held_counts_until_it_is_settled_or_let_go()
    {
        Begin(Priced(new Amount(Half.Micros / 100_000)));
        Taken(Hold(100_000), "first");
        Taken(Hold(100_000), "second");
        Overflows(Report());
        Overflows(Hold(1));

        Taken(Report(quantity: 100_000, reservation: "first")); // takes the place of what it draws
        Overflows(Report());
        Taken(new Command.ReleaseReservation("second"));
        Taken(Report());
    }

    [Fact]
    public void N1_terms_that_would_make_what_is_held_too_dear_are_refused()
    {
        Begin(Priced(Amount.Parse("1.00")));
        Taken(Report(quantity: 1_000_000)); // keeps its price (F7)
        Taken(Hold(100_000), "held");
        var raised = Priced(new Amount(TenantState.Most / 50_000));
        Overflows(Change(raised));
        Overflows(Change(raised, Effective.NextPeriod));

        Taken(new Command.ReleaseReservation("held"));
        Taken(Change(raised));
        Overflows(Report(quantity: 50_000));
        Taken(Report(quantity: 49_999));
    }

    [Fact]
    public void N1_a_late_event_is_measured_by_the_period_that_it_belongs_to()
    {
        Begin(Priced(Half));
        Taken(Report());
        Taken(Report());
        var ended = Instant.Parse("2026-01-31T23:00:00Z");
        _now = Instant.Parse("2026-02-01T12:00:00Z");

        Overflows(Report(time: ended));
        Taken(Report());
        Assert.Equal(PeriodStatus.Settling, _tenant.State.Usage(DateOnly.Parse("2026-01-01"), _now)!.Status);
    }

    [Fact]
    public void N1_activities_fees_are_added_up_when_they_come()
    {
        Begin(Priced(Amount.Zero) with { Activities = [new ActivityType { Id = "call",
            Price = Amount.Parse("900000.00") }] });
        for (var i = 0; i < 5; i++) Taken(Call());
        for (var i = 0; i < 6; i++) Overflows(Call());
        Assert.Equal(Amount.Parse("4500000000000"), _tenant.State.Usage(null, _now)!.Spend);

        _now += TimeSpan.FromDays(60);
        Taken(Call());
        Assert.Equal(3, _tenant.State.Statements().Count);
    }

    [Fact]
    public void N1_reversals_and_timers_are_never_refused()
    {
        Begin(Priced(Half, type => type with { MeasurementWindow = TimeSpan.FromHours(1) }));
        Taken(Report());
        Taken(Report());
        Overflows(Report());
        Taken(Fact("r1", FactKind.Rejected));
        Overflows(Report()); // a fact that comes late may part them again
        _now += TimeSpan.FromDays(40);
        Taken(new Command.Tick());
        Assert.Equal(Half, _tenant.State.Statements()[1].UnroundedTotal);
    }

    [Fact]
    public void N1_what_a_cap_did_not_let_through_does_not_count()
    {
        Begin(Priced(Half) with { Caps = [new Cap { Id = "none", Limit = 0 }] });
        for (var i = 0; i < 10; i++) Taken(Report());
        Taken(new Command.RemoveCap("none"));
        Taken(Report());
        Taken(Report());
        Overflows(Report());
    }

    [Fact]
    public void N1_the_bound_is_the_same_after_a_restart()
    {
        Begin(Priced(Half) with { PeriodGrant = Half });
        Taken(Report());
        Taken(Report());
        _tenant.Reload();
        Overflows(Report());
        Overflows(Grant(Half));
    }

    [Fact]
    public void N1_grants_and_what_they_are_worth_are_added_up_when_they_are_issued()
    {
        Begin(Priced(Amount.Zero));
        Overflows(Grant(new Amount(TenantState.Most + 1)));
        Taken(Grant(Half));
        Taken(Grant(Half));
        Overflows(Grant(new Amount(1)));
        Overflows(Change(Priced(Amount.Zero) with { CreditValue = Amount.Parse("1.000001") }));
        Overflows(Change(Priced(Amount.Zero) with { PeriodGrant = new Amount(1) }, Effective.NextPeriod));
        Taken(Change(Priced(Amount.Zero) with { CreditValue = Amount.Parse("1.00") }));
        Assert.Equal(new Amount(TenantState.Most), _tenant.State.Usage(null, _now)!.Credits.Value);
    }

    [Fact]
    public void N1_what_a_grant_was_sold_for_is_owed_beside_units()
    {
        Begin(Priced(Half));
        Taken(Report());
        Taken(Grant(Amount.Parse("1.00")) with { Price = Half });
        Overflows(Report());
        Overflows(Grant(Amount.Parse("1.00")) with { Price = Amount.Parse("0.01") });
    }

    [Fact]
    public void N1_credits_of_periods_to_come_have_room_or_nothing_more_is_taken_on_credit()
    {
        Begin(Terms(new OutcomeType { Id = "res", Credits = Amount.Parse("1000000000000") }) with {
            PeriodGrant = Amount.Parse("2000000000000") });
        for (var period = 0; period < 12; period++, _now += TimeSpan.FromDays(31))
        {
            for (var i = 0; i < 2; i++) _tenant.Run(Report(), _now);
            Assert.NotNull(_tenant.State.Usage(null, _now));
        }
        Overflows(Report());
    }

    [Fact]
    public void N1_all_that_closed_periods_may_take_back_fits_into_one_statement()
    {
        Begin(Priced(Half, type => type with { CreditAfterWindow = true, MeasurementWindow = TimeSpan.Zero }));
        var taken = new List<string>();
        for (var period = 0; period < 8; period++, _now += TimeSpan.FromDays(45))
            for (var i = 0; i < 2; i++)
                if (_tenant.Run(Report(), _now) is Answer.Accepted { Outcome: { } outcome }) taken.Add(outcome.Id);

        Assert.Equal(3, taken.Count);
        foreach (var id in taken) Taken(Fact(id, FactKind.Rejected));
        Assert.Equal(-3 * (Int128)Half.Micros, _tenant.State.Statement(null)!.UnroundedTotal.Micros);
    }

    [Fact]
    public void N1_a_forecast_that_cannot_be_counted_is_not_made()
    {
        Begin(Priced(Half));
        Taken(Report());
        Assert.Null(_tenant.State.Usage(null, _now)!.Forecast);
    }

    [Fact]
    public void N1_a_check_looks_ahead_no_further_than_can_be_counted()
    {
        Begin(Priced(Amount.Parse("100000000.00"), type => type with { IncludedUnits = 5 }));
        Assert.Equal(DecisionKind.Allow, _tenant.State.Allowance().Check(Ask(100_000), _now)!.Kind);
        Overflows(Hold(100_000));
        Assert.Equal(DecisionKind.Allow, _tenant.State.Allowance().Check(Ask(100_000), _now)!.Kind);
    }

    private void Begin(Terms terms) => Taken(new Command.Create("Acme", new PlanRef("p", 1), terms, "UTC", 1, null));

    private void Taken(Command command, string? label = null)
    {
        Assert.IsNotType<Answer.Refused>(_tenant.Run(command, _now, label));
        Assert.NotNull(_tenant.State.Usage(null, _now));
        Assert.NotNull(_tenant.State.Statement(null));
    }

    private void Overflows(Command command)
    {
        _tenant.Run(new Command.Tick(), _now); // what is due is not part of what is refused
        Assert.Equal(Refusal.AmountOverflow, Assert.IsType<Answer.Refused>(_tenant.Run(command, _now, null)).Code);
        Assert.Empty(_tenant.Taken);
    }

    private static Terms Priced(Amount price, Func<OutcomeType, OutcomeType>? change = null) =>
        Terms((change ?? (type => type))(new OutcomeType { Id = "res", Price = price }));

    private static Terms Terms(OutcomeType type) => new() { Currency = "USD", OutcomeTypes = [type] };

    private Command.ReportOutcome Report(int quantity = 1, Instant? time = null, string? reservation = null) =>
        new(new EventId("/e", $"r{++_numbers}"), time, "res", $"r{_numbers}")
        {
            Quantity = quantity, Reservation = reservation, Fingerprint = (ulong)_numbers,
        };

    private Command.ReportFact Fact(string outcome, FactKind kind) =>
        new(new EventId("/f", $"f{++_numbers}"), null, outcome, kind) { Fingerprint = (ulong)_numbers };

    private Command.ReportActivity Call() => new(new EventId("/c", $"c{++_numbers}"), null, "call")
    {
        Quantity = 1_000_000, Fingerprint = (ulong)_numbers,
    };

    private static Question Ask(long quantity) =>
        new(new Subject("res", IsActivity: false, Dimensions.None), quantity);

    private static Command.Reserve Hold(long quantity) =>
        new(Ask(quantity), TimeSpan.FromHours(1), AllowPartial: false);

    private static Command.IssueGrant Grant(Amount credits) =>
        new(GrantKind.TopUp, credits, null, null, null, null, null);

    private static Command.Change Change(Terms terms, Effective effective = Effective.Now) =>
        new(null, new PlanRef("p", 2), terms, null, null, effective);
}
