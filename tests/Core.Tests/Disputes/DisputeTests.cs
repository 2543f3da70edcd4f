namespace MeteringGateway.Core.Tests.Disputes;

/// <summary>Disputes and the buyer's agreement (D3, O8): what scenarios and histories are too short for.</summary>
public sealed class DisputeTests
{
    private readonly RealTenant _tenant = new();
    private Instant _now = Instant.Parse("2026-01-10T12:00:00Z");
    private int _numbers;

    public DisputeTests() => Run(new Command.Create("Acme", new PlanRef("p", 1),
        new Terms { Currency = "USD", OutcomeTypes = [new OutcomeType { Id = "t", Price = Amount.Parse("1.00"),
            MeasurementWindow = TimeSpan.Zero }] }, "UTC", 1, null));

    [Fact]
    public void D3_of_decided_disputes_the_newest_are_listed()
    {
        var first = Disputed();
        for (var i = 0; i < TenantState.DisputesKept; i++) Resolve(Disputed(), credited: false);
        Assert.Equal(first, Assert.Single(_tenant.State.Disputes(DisputeStatus.Open, null, 10)).OutcomeId);
        Resolve(first, credited: false);
        Assert.Equal(TenantState.DisputesKept, _tenant.State.Disputes(null, null, int.MaxValue).Count);
        Assert.DoesNotContain(_tenant.State.Disputes(null, null, int.MaxValue), dispute => dispute.OutcomeId == first);
        // With its outcome it is still there, and nothing is disputed twice.
        Assert.Equal(DisputeStatus.Upheld, _tenant.State.Outcome(first)!.Dispute!.Status);
        Assert.Equal(Refusal.DisputeExists,
            Assert.IsType<Answer.Refused>(Run(new Command.OpenDispute(first, "again"))).Code);
        MustReplay();
    }

    [Fact]
    public void D3_a_correction_names_ten_disputes_and_counts_the_rest()
    {
        var outcomes = Enumerable.Range(0, 12).Select(_ => Report()).ToList();
        _now = Instant.Parse("2026-02-10T12:00:00Z");
        foreach (var outcome in outcomes)
        {
            Run(new Command.OpenDispute(outcome, "no"));
            Resolve(outcome, credited: true);
        }
        var line = Assert.Single(_tenant.State.Statement(null)!.Lines);
        Assert.Equal(Amount.Parse("-12.00"), line.Amount);
        foreach (var outcome in outcomes.Take(10))
            Assert.Contains($"{outcome} (dispute {_tenant.Outcome(outcome)!.Dispute!.Id})", line.Description,
                StringComparison.Ordinal);
        Assert.EndsWith(" and 2 more", line.Description, StringComparison.Ordinal);
        MustReplay();
    }

    [Fact]
    public void D3_a_correction_says_how_many_credits_its_disputes_took_back()
    {
        var tenant = new RealTenant();
        tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), new Terms { Currency = "USD",
            PeriodGrant = Amount.Parse("500"), OutcomeTypes = [new OutcomeType { Id = "t",
                Credits = Amount.Parse("30"), MeasurementWindow = TimeSpan.Zero }] }, "UTC", 1, null), _now);
        foreach (var id in new[] { "a", "b" })
            tenant.Run(new Command.ReportOutcome(new EventId("/a", id), null, "t", id) { Result = Result.Success },
                _now);
        _now = Instant.Parse("2026-02-10T12:00:00Z");
        foreach (var id in new[] { "a", "b" })
        {
            tenant.Run(new Command.OpenDispute(id, "no"), _now);
            tenant.Run(new Command.ResolveDispute(tenant.Outcome(id)!.Dispute!.Id, true, "decided"), _now);
        }
        foreach (var state in new[] { tenant.State, RealTenant.Fold(tenant.Journal),
            TenantState.Restore(tenant.State.Snapshot()) })
        {
            var line = Assert.Single(state.Statement(null)!.Lines, line => line.Line.Kind == LineKind.Correction);
            Assert.Equal(Amount.Zero, line.Amount);
            Assert.EndsWith("; 60 credits taken back", line.Description, StringComparison.Ordinal);
            Assert.Equal(RealTenant.Hex(tenant.State.Digest()), RealTenant.Hex(state.Digest()));
        }
    }

    [Fact]
    public void O8_agreement_counts_the_last_verdict_on_each_success_and_is_told_below_95_percent_of_20()
    {
        for (var i = 0; i < 18; i++) Judge(Report(), FactKind.VerdictAccepted);
        var changed = Report();
        Judge(changed, FactKind.VerdictRejected);
        Assert.Equal(new Agreement("t", 18, 19), _tenant.State.Agreement(null, "t"));
        Assert.DoesNotContain(_tenant.Taken, entry => entry is Entry.AgreementLow); // too few to say
        Judge(Report(), FactKind.VerdictRejected);
        Assert.Equal(new Entry.AgreementLow(new DateOnly(2026, 1, 1), "t", 18, 20, 1) { At = _now },
            Assert.Single(_tenant.Taken.OfType<Entry.AgreementLow>()));
        Assert.Equal("agreement:t", Assert.Single(_tenant.State.RaisedAlerts(null, null, 10)!).Of);

        Judge(Report(), FactKind.VerdictRejected); // low still: told once
        Assert.DoesNotContain(_tenant.Taken, entry => entry is Entry.AgreementLow);
        // The buyer changes its mind: counted once, with what it said last, when what it opened is decided.
        Judge(changed, FactKind.VerdictAccepted);
        Assert.Equal(new Agreement("t", 18, 21), _tenant.State.Agreement(null, "t"));
        Resolve(changed, credited: false);
        Assert.Equal(new Agreement("t", 19, 21), _tenant.State.Agreement(null, "t"));
        for (var i = 0; i < 19; i++) Judge(Report(), FactKind.VerdictAccepted); // 38 of 40: enough again
        Judge(Report(), FactKind.VerdictRejected); // 38 of 41, on the same day
        Assert.DoesNotContain(_tenant.Taken, entry => entry is Entry.AgreementLow);
        _now += TimeSpan.FromDays(1);
        Judge(Report(), FactKind.VerdictRejected);
        Assert.Contains(_tenant.Taken, entry => entry is Entry.AgreementLow { Agreed: 38, Total: 42 });
        MustReplay();
    }

    [Fact]
    public void O8_agreement_counts_in_the_period_of_the_outcome_and_only_successes()
    {
        var old = Report();
        var failed = Report(Result.Failed);
        _now = Instant.Parse("2026-03-20T12:00:00Z");
        Run(new Command.Tick()); // both have left memory
        Assert.Null(_tenant.State.Outcome(old));
        Judge(old, FactKind.VerdictRejected);
        Judge(failed, FactKind.VerdictRejected);
        Assert.Equal(new Agreement("t", 0, 1), _tenant.State.Agreement(new DateOnly(2026, 1, 1), "t"));
        Assert.Equal(new Agreement("t", 0, 0), _tenant.State.Agreement(null, "t"));
        Judge(old, FactKind.VerdictAccepted);
        // What was opened is to be decided, and until then is no agreement.
        Assert.Equal(DisputeStatus.Open, _tenant.Outcome(old)!.Dispute!.Status);
        Assert.Equal(new Agreement("t", 0, 1), _tenant.State.Agreement(new DateOnly(2026, 1, 1), "t"));
        Resolve(old, credited: false);
        Assert.Equal(new Agreement("t", 1, 1), _tenant.State.Agreement(new DateOnly(2026, 1, 1), "t"));
        MustReplay();
    }

    [Fact]
    public void O8_what_is_in_an_open_dispute_is_no_agreement_whatever_is_said_and_however_it_was_opened()
    {
        var (said, called) = (Report(), Report());
        foreach (var id in (string[])[said, called]) Judge(id, FactKind.VerdictAccepted);
        Judge(said, FactKind.VerdictRejected);
        Run(new Command.OpenDispute(called, "no"));
        Is(0);
        Judge(said, FactKind.VerdictAccepted);
        Judge(called, FactKind.VerdictAccepted);
        Is(0);
        Judge(called, FactKind.VerdictRejected);
        Resolve(said, credited: true);
        Is(1);
        Resolve(called, credited: false);
        Is(1);
        Judge(called, FactKind.VerdictAccepted);
        Is(2);
        MustReplay();

        void Is(long agreed)
        {
            Assert.Equal(new Agreement("t", agreed, 2), _tenant.State.Agreement(null, "t"));
            var restored = TenantState.Restore(_tenant.State.Snapshot());
            Assert.Equal(new Agreement("t", agreed, 2), restored.Agreement(null, "t"));
        }
    }

    [Fact]
    public void D1_an_escalation_that_comes_later_shows_and_so_does_the_source_of_the_event()
    {
        var id = Report();
        _now += TimeSpan.FromHours(1);
        Run(new Command.ReportFact(new EventId("/crm", "x"), null, id, FactKind.Escalated));
        var figure = _tenant.Outcome(id)!;
        Assert.Equal((true, OutcomeStatus.Billable, "/a"), (figure.HandedOff, figure.Status, figure.EventSource));
    }

    private string Disputed()
    {
        var id = Report();
        Assert.IsType<Answer.Disputed>(Run(new Command.OpenDispute(id, "no")));
        return id;
    }

    private void Resolve(string outcome, bool credited) =>
        Assert.IsType<Answer.Disputed>(Run(new Command.ResolveDispute(
            (_tenant.Outcome(outcome)!.Dispute!).Id, credited, "decided")));

    private string Report(Result result = Result.Success)
    {
        var id = $"o{++_numbers}";
        Assert.IsType<Answer.Accepted>(Run(new Command.ReportOutcome(new EventId("/a", id), null, "t", id)
            { Result = result }));
        return id;
    }

    private void Judge(string outcome, FactKind verdict) => Assert.IsType<Answer.Accepted>(
        Run(new Command.ReportFact(new EventId("/buyer", $"v{++_numbers}"), null, outcome, verdict)));

    private Answer Run(Command command) => _tenant.Run(command, _now);

    // The state is the fold of the entries, and a snapshot is the same state.
    private void MustReplay()
    {
        var digest = RealTenant.Hex(_tenant.State.Digest());
        Assert.Equal(digest, RealTenant.Hex(RealTenant.Fold(_tenant.Journal).Digest()));
        Assert.Equal(digest, RealTenant.Hex(TenantState.Restore(_tenant.State.Snapshot()).Digest()));
    }
}
