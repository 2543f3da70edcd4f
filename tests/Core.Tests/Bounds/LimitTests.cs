namespace MeteringGateway.Core.Tests.Bounds;

/// <summary>N4: each limit is reached, says so with a code of its own, and refuses no first reversal.</summary>
public sealed class LimitTests
{
    private readonly TenantLimits _few = new()
    {
        SessionOutcomes = 4, SessionWaiting = 2, SessionActivities = 4, SessionFacts = 6, OutcomeFacts = 4, Reservations = 4,
        ActivityNames = 4, ActivityCounters = 6, GrantsInForce = 4, Grants = 8, OpenOutcomes = 12, WaitingFacts = 6,
        TermChanges = 4, OpenDisputes = 2,
    };

    private Instant _now = Instant.Parse("2026-01-10T12:00:00Z");
    private TenantState _state = new();
    private int _numbers;

    public LimitTests() => Taken(new Command.Create("Acme", new PlanRef("p", 1), Terms(), "UTC", 1, null));

    [Fact]
    public void N4_a_session_has_so_many_outcomes_and_others_go_on()
    {
        for (var i = 0; i < 4; i++) Taken(Report("s"));
        Refused(Refusal.TooManyInSession, Report("s"));
        Taken(Report("t"));
        Taken(Report(null));
    }

    [Fact]
    public void N4_a_session_that_is_reopened_again_and_again_comes_to_an_end()
    {
        for (var i = 0; i < 4; i++)
        {
            Taken(Report("s"));
            Taken(Fact($"e{_numbers}", FactKind.Reopened));
        }
        Refused(Refusal.TooManyInSession, Report("s"));
    }

    [Fact]
    public void N4_in_a_session_so_many_wait_whose_windows_activity_restarts()
    {
        for (var i = 0; i < 2; i++) Taken(Report("s") with { OutcomeType = "wait" });
        Refused(Refusal.TooManyInSession, Report("s") with { OutcomeType = "wait" });
        Taken(Report("t") with { OutcomeType = "wait" });
        Taken(Report("s"));
        Taken(Activity("message", "s"));
        Taken(Fact("e2", FactKind.Rejected));
        Taken(Report("s") with { OutcomeType = "wait" });
    }

    [Fact]
    public void N4_a_session_has_so_many_activities()
    {
        for (var i = 0; i < 4; i++) Taken(Activity("message", "s"));
        Refused(Refusal.TooManyInSession, Activity("message", "s"));
        Taken(Activity("message", "t"));
    }

    [Fact]
    public void N4_an_outcome_has_so_many_facts_but_its_first_reversal_is_always_taken()
    {
        Taken(Report(null));
        for (var i = 0; i < 4; i++) Taken(Fact("e2", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("e2", FactKind.Confirmed));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyFacts, Fact("e2", FactKind.Confirmed));
        Taken(Fact("e2", FactKind.Rejected));
        Refused(Refusal.TooManyFacts, Fact("e2", FactKind.Rejected));
    }

    [Fact]
    public void N4_a_session_has_so_many_facts_but_each_outcome_its_first_reversal()
    {
        for (var i = 0; i < 3; i++) Taken(Report("s"));
        for (var i = 0; i < 3; i++) Taken(Fact("e2", FactKind.Confirmed));
        for (var i = 0; i < 3; i++) Taken(Fact("e3", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("e4", FactKind.Confirmed));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyFacts, Fact("e4", FactKind.Confirmed));
        foreach (var id in (string[])["e2", "e3", "e4"]) Taken(Fact(id, FactKind.Rejected));
        Refused(Refusal.TooManyFacts, Fact("e4", FactKind.Rejected));
    }

    [Fact]
    public void N4_what_the_buyer_says_takes_nothing_of_what_the_vendor_may_say_of_an_outcome()
    {
        Taken(Report(null));
        for (var i = 0; i < 4; i++) Taken(Fact("e2", FactKind.VerdictAccepted));
        Refused(Refusal.TooManyFacts, Fact("e2", FactKind.VerdictAccepted));
        for (var i = 0; i < 4; i++) Taken(Fact("e2", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("e2", FactKind.Confirmed));
        Taken(Fact("e2", FactKind.VerdictRejected));
        Taken(Fact("e2", FactKind.Reopened));
    }

    [Fact]
    public void N4_what_the_buyer_says_takes_nothing_of_what_the_vendor_may_say_in_a_session()
    {
        for (var i = 0; i < 4; i++) Taken(Report("s"));
        foreach (var id in (string[])["e2", "e3"])
            for (var i = 0; i < 3; i++) Taken(Fact(id, FactKind.VerdictAccepted));
        Refused(Refusal.TooManyFacts, Fact("e4", FactKind.VerdictAccepted));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyFacts, Fact("e4", FactKind.VerdictAccepted));
        foreach (var id in (string[])["e2", "e3"])
            for (var i = 0; i < 3; i++) Taken(Fact(id, FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("e4", FactKind.Confirmed));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyFacts, Fact("e4", FactKind.Confirmed));
    }

    [Fact]
    public void N4_what_the_buyer_says_of_an_outcome_that_is_final_leaves_the_vendor_a_share()
    {
        Taken(Report("s") with { Result = Result.Failed });
        _now += TimeSpan.FromDays(29); // its period is closed, and its session keeps it here
        Run(new Command.Tick());
        for (var i = 0; i < 12; i++) Taken(Fact("e2", FactKind.VerdictAccepted));
        Refused(Refusal.TooManyFacts, Fact("e2", FactKind.VerdictAccepted));
        for (var i = 0; i < 4; i++) Taken(Fact("e2", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("e2", FactKind.Confirmed));
    }

    [Fact]
    public void N4_so_many_facts_wait_for_a_report_and_the_first_reversal_with_them()
    {
        for (var i = 0; i < 4; i++) Taken(Fact("later", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("later", FactKind.Confirmed));
        Taken(Fact("later", FactKind.Rejected));
        Refused(Refusal.TooManyFacts, Fact("later", FactKind.Rejected));
        Taken(Fact("another", FactKind.Rejected));
    }

    [Fact]
    public void N4_a_tenant_has_so_many_outcomes_in_memory_and_room_again_when_their_period_is_closed()
    {
        for (var i = 0; i < 12; i++) Taken(Report(null));
        Refused(Refusal.TooManyOutcomes, Report(null));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyOutcomes, Report(null));
        Taken(Fact("e2", FactKind.Reopened));
        _now += TimeSpan.FromDays(40);
        Taken(new Command.Tick());
        Assert.Equal(0, _state.OutcomeCount);
        Taken(Report(null));
    }

    [Fact]
    public void N4_so_many_facts_of_a_tenant_wait_and_first_reversals_beyond_them_up_to_four_times_as_many()
    {
        for (var i = 0; i < 6; i++) Taken(Fact($"later{i}", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("later6", FactKind.Confirmed));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyFacts, Fact("later6", FactKind.Confirmed));
        for (var i = 6; i < 24; i++) Taken(Fact($"later{i}", FactKind.Rejected));
        Refused(Refusal.TooManyFacts, Fact("later24", FactKind.Rejected));

        _now += TimeSpan.FromDays(60); // what waited in vain is forgotten with the period
        Taken(new Command.Tick());
        for (var i = 0; i < 6; i++) Taken(Fact($"then{i}", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("then6", FactKind.Confirmed));
        Taken(Report(null) with { OutcomeId = "then0" });
        Taken(Fact("then6", FactKind.Confirmed));
        Refused(Refusal.TooManyFacts, Fact("then7", FactKind.Confirmed));
    }

    [Fact]
    public void N4_a_tenant_takes_so_many_bytes_of_memory_and_has_room_again_when_their_period_is_closed()
    {
        Taken(Report(null));
        _few.TenantBytes = _state.Bytes;
        EverythingIsRefused();
        _state = TenantState.Restore(_state.Snapshot());
        EverythingIsRefused();
        Taken(Fact("e2", FactKind.Rejected));
        Taken(Fact("e2", FactKind.VerdictRejected));

        _now += TimeSpan.FromDays(70);
        Taken(new Command.Tick());
        Assert.Equal(0, _state.OutcomeCount);
        Taken(Activity("message", "s"));

        void EverythingIsRefused()
        {
            Refused(Refusal.TenantFull, Report(null));
            Refused(Refusal.TenantFull, Activity("message", null));
            Refused(Refusal.TenantFull, Fact("e2", FactKind.Confirmed));
            Refused(Refusal.TenantFull, Fact("later", FactKind.Confirmed));
        }
    }

    [Fact]
    public void N4_first_reversals_that_wait_are_taken_up_to_twice_as_many_bytes()
    {
        (_few.TenantBytes, _few.WaitingFacts) = (5_000, 1_000);
        var taken = 0;
        while (Run(Fact($"later{taken}", FactKind.Rejected)) is not Answer.Refused) taken++;
        Refused(Refusal.TenantFull, Fact("another", FactKind.Rejected));
        Assert.InRange(_state.Bytes, 10_000, 10_999);
    }

    [Fact]
    public void N4_bytes_of_memory_are_what_is_there_whatever_happened()
    {
        for (var i = 0; i < 3; i++)
        {
            Taken(Activity("message", "s", $"agent{i}"));
            Taken(Report("s"));
            Taken(Fact($"e{_numbers}", FactKind.Reopened));
            Taken(Fact($"later{i}", FactKind.Confirmed));
        }
        Taken(Report("t") with { OutcomeId = "later1" });
        Assert.Null(_state.VerifyRating());
        Assert.Equal(_state.Bytes, TenantState.Restore(_state.Snapshot()).Bytes);
        var before = _state.Bytes;
        for (var i = 0; i < 3; i++)
        {
            _now += TimeSpan.FromDays(30);
            Taken(new Command.Tick());
            Assert.Null(_state.VerifyRating());
        }
        Assert.InRange(_state.Bytes, 1, before / 4); // kinds of activities, folded
    }

    [Fact]
    public void N4_a_tenant_has_so_many_reservations_at_one_time()
    {
        for (var i = 0; i < 4; i++) Taken(Hold());
        Refused(Refusal.TooManyReservations, Hold());
        Run(new Command.ReleaseReservation("r2"));
        Taken(Hold());
    }

    [Fact]
    public void N4_plan_and_terms_change_so_often_in_a_period()
    {
        for (var i = 1; i <= 4; i++)
        {
            Taken(i % 2 == 0 ? SetTerms(i) : SetPlan(i));
            Taken(i % 2 == 0 ? SetTerms(i) : SetPlan(i)); // the same again is no change
        }
        Refused(Refusal.TooManyChanges, SetTerms(5));
        Refused(Refusal.TooManyChanges, SetPlan(5));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyChanges, SetTerms(5));
        Taken(SetTerms(4));
        Taken(Report(null));
        _now = Instant.Parse("2026-02-10T12:00:00Z");
        Taken(SetTerms(5));
    }

    [Fact]
    public void N4_terms_have_so_many_bytes_in_all_but_the_first_change_of_a_period_is_taken()
    {
        _few.TermBytes = 1;
        Taken(SetTerms(1));
        Refused(Refusal.TooManyChanges, SetTerms(2));
        Taken(SetTerms(1));
        _now = Instant.Parse("2026-02-10T12:00:00Z");
        Taken(SetPlan(2));
        Refused(Refusal.TooManyChanges, SetPlan(3));
    }

    private static Command.SetTerms SetTerms(int hours) =>
        new([new Setting.Plan(new PlanRef("p", 1), Terms() with { MaxLateness = TimeSpan.FromHours(hours) })]);

    private static Command.Change SetPlan(int hours) => new(null, new PlanRef("p", 1),
        Terms() with { MaxLateness = TimeSpan.FromHours(hours) }, null, null, Effective.Now);

    [Fact]
    public void N4_a_tenant_has_so_many_open_disputes_and_room_again_when_they_are_decided()
    {
        for (var i = 0; i < 5; i++) Taken(Report(null));
        _now += TimeSpan.FromDays(4);
        Taken(Dispute("e2"));
        Taken(Fact("e3", FactKind.VerdictRejected)); // O8
        Refused(Refusal.TooManyDisputes, Dispute("e4"));
        Refused(Refusal.TooManyDisputes, Fact("e4", FactKind.VerdictRejected));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyDisputes, Dispute("e4"));
        Taken(Fact("e4", FactKind.VerdictAccepted));
        Taken(new Command.ResolveDispute(_state.Outcome("e2")!.Dispute!.Id, Credited: false, "no"));
        Taken(Dispute("e4"));
    }

    private static Command.OpenDispute Dispute(string outcome) => new(outcome, "no");

    [Fact]
    public void N4_a_period_has_so_many_names_of_activities_and_those_of_the_plan()
    {
        for (var i = 0; i < 4; i++) Taken(Activity($"name{i}", null));
        Refused(Refusal.TooManyActivities, Activity("name4", null));
        _state = TenantState.Restore(_state.Snapshot());
        Refused(Refusal.TooManyActivities, Activity("name4", null));
        Taken(Activity("name3", null));
        Taken(Activity("ticket", null));
    }

    [Fact]
    public void N4_a_period_counts_so_many_kinds_of_activities()
    {
        for (var i = 0; i < 6; i++) Taken(Activity("ticket", null, $"agent{i}"));
        Refused(Refusal.TooManyActivities, Activity("ticket", null, "agent6"));
        Taken(Activity("ticket", null, "agent5"));
    }

    [Fact]
    public void N4_a_tenant_has_so_many_grants_in_force()
    {
        for (var i = 0; i < 4; i++) Taken(Grant());
        Refused(Refusal.TooManyGrants, Grant());
        Taken(new Command.VoidGrant(_state.GrantFigures()[0].Id));
        Taken(Grant());
    }

    [Fact]
    public void N4_grants_that_ended_long_ago_do_not_count()
    {
        for (var i = 0; i < 8; i++)
        {
            Taken(Grant());
            Taken(new Command.VoidGrant(_state.GrantFigures()[^1].Id));
        }
        Refused(Refusal.TooManyGrants, Grant());
        _now += TimeSpan.FromDays(400);
        Taken(Grant());
    }

    [Fact]
    public void C8_the_caps_of_terms_and_those_that_the_tenant_set_are_100_together()
    {
        for (var i = 0; i < 60; i++) Taken(new Command.SetCap(Cap($"own{i}"), null));
        var many = Terms() with { Caps = [.. Enumerable.Range(0, 41).Select(i => Cap($"plan{i}"))] };
        foreach (var when in (Effective[])[Effective.Now, Effective.NextPeriod])
            Refused(Refusal.TooManyCaps, new Command.Change(null, new PlanRef("p", 2), many, null, null, when));
        Taken(new Command.Change(null, new PlanRef("p", 2), many with { Caps = many.Caps[..40] }, null, null,
            Effective.NextPeriod));
        Refused(Refusal.TooManyCaps, new Command.SetCap(Cap("own60"), null));
    }

    [Fact]
    public void N4_a_session_at_its_usual_limit_costs_little_more_than_a_small_one()
    {
        var usual = new TenantLimits();
        for (var i = 0; i < usual.SessionOutcomes; i++) Run(Report("s"), usual);
        var answer = Assert.IsType<Answer.Refused>(Run(Report("s"), usual));
        Assert.Equal(Refusal.TooManyInSession, answer.Code);
        Assert.IsType<Answer.Accepted>(Run(Fact("e2", FactKind.Rejected), usual));
    }

    private Answer Run(Command command, TenantLimits? limits = null) =>
        Turn.Run(_state, command, _now, TestCalendar.Of, [], limits: limits ?? _few);

    private void Taken(Command command) => Assert.IsNotType<Answer.Refused>(Run(command));

    private void Refused(Refusal code, Command command) =>
        Assert.Equal(code, Assert.IsType<Answer.Refused>(Run(command)).Code);

    private static Terms Terms() => new()
    {
        Currency = "USD",
        OutcomeTypes =
        [
            new OutcomeType { Id = "res", Price = Amount.Parse("1.00") },
            new OutcomeType
            {
                Id = "wait", Price = Amount.Parse("1.00"), MeasurementWindow = TimeSpan.FromHours(1),
                WindowRestartsOnActivity = true, OncePerSession = false,
            },
        ],
        Activities = [new ActivityType { Id = "ticket", Price = Amount.Parse("0.10") }],
    };

    private Command.ReportOutcome Report(string? session)
    {
        var id = $"e{++_numbers + 1}";
        return new Command.ReportOutcome(new EventId("/e", id), null, "res", id)
        {
            Session = session, Fingerprint = (ulong)_numbers,
        };
    }

    private Command.ReportFact Fact(string outcome, FactKind kind) =>
        new(new EventId("/f", $"f{++_numbers}"), null, outcome, kind) { Fingerprint = (ulong)_numbers };

    private Command.ReportActivity Activity(string name, string? session, string? agent = null) =>
        new(new EventId("/a", $"a{++_numbers}"), null, name)
        {
            Session = session, Dimensions = new Dimensions(Agent: agent), Fingerprint = (ulong)_numbers,
        };

    private static Command.Reserve Hold() => new(
        new Question(new Subject("res", IsActivity: false, Dimensions.None), 1), TimeSpan.FromHours(1),
        AllowPartial: false);

    private static Command.IssueGrant Grant() =>
        new(GrantKind.TopUp, Amount.Parse("1"), null, null, null, null, null);

    private static Cap Cap(string id) => new() { Id = id, Limit = 1_000 };
}
