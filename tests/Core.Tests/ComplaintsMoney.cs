using static MeteringGateway.Core.Tests.ComplaintsDesk;

namespace MeteringGateway.Core.Tests;

/// <summary>
/// What users of other meters have complained of, about months and money. The numbers are those of the public trackers.
/// </summary>
public sealed class ComplaintsMoney
{
    /// <summary>"Monthly" is 30 days, and the 31st drifts (LiteLLM 9098, lago-api 1567).</summary>
    [Fact]
    public void A_month_that_begins_on_the_31st_ends_with_the_next_months_last_day_and_never_drifts_T2()
    {
        var desk = new ComplaintsDesk(agreed: terms => terms with { Caps = [Units(10)] },
            start: Instant.Parse("2026-12-31T00:00:00Z"), anchor: 31);
        var starts = new List<string>();
        for (var month = 0; month < 5; month++)
        {
            starts.Add($"{desk.Usage.Period.Id:yyyy-MM-dd}");
            desk.Report($"r{month}", quantity: 10);
            Assert.Equal(DecisionReason.CapReached, desk.Check().Reason);
            var end = desk.Cap.ResetsAt;
            desk.Until(new Instant(end.UnixMilliseconds - 1));
            Assert.Equal(DecisionReason.CapReached, desk.Check().Reason);
            desk.Until(end);
            Assert.Equal(10, desk.Check().Remaining);
        }
        Assert.Equal(["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"], starts);
    }

    /// <summary>A budget begins anew late by the offset to UTC (LiteLLM 34896).</summary>
    [Fact]
    public void A_budget_begins_anew_at_the_tenants_own_midnight_T2()
    {
        var desk = new ComplaintsDesk(agreed: terms => terms with { Caps = [Units(1)] }, zone: "+05:30");
        desk.Report("r1");
        desk.Until(Instant.Parse("2026-11-30T18:29:59.999Z"));
        Assert.Equal(DecisionReason.CapReached, desk.Check().Reason);

        desk.Until(Instant.Parse("2026-11-30T18:30:00Z"));
        Assert.Equal((1, new DateOnly(2026, 12, 1)), (desk.Check().Remaining, desk.Usage.Period.Id));
    }

    /// <summary>
    /// Cents drift: lines that do not add up, amounts rounded event by event (lago-api 4639, 4642, 5564).
    /// </summary>
    [Fact]
    public void Nothing_is_rounded_before_its_line_and_the_total_is_that_of_the_lines_N1_N3()
    {
        string[] prices = ["0.003333", "0.005", "0.015", "0.0125", "0.999999"];
        var desk = new ComplaintsDesk(agreed: terms => terms with
        {
            OutcomeTypes = [.. prices.Select((price, i) => new OutcomeType
            {
                Id = $"type-{i}", Price = Amount.Parse(price), MeasurementWindow = TimeSpan.Zero,
            })],
        });
        for (var i = 0; i < 300; i++) desk.Report($"r{i}", type: $"type-{i % prices.Length}");

        // 60 of each: 0.19998, 0.3, 0.9, 0.75, 59.99994.
        var statement = desk.State.Statement(null)!;
        Assert.Equal(["0.20", "0.30", "0.90", "0.75", "60.00"],
            statement.Lines.Select(line => line.Amount.ToString(2)));
        Assert.Equal(("62.15", "62.14992"), (statement.Total.ToString(2), statement.UnroundedTotal.ToString(2)));
    }

    /// <summary>An upgrade reprices what was used (sentry 84670, autumn 3183).</summary>
    [Fact]
    public void A_change_of_plan_leaves_what_was_used_at_the_price_that_it_had_F7()
    {
        var desk = new ComplaintsDesk();
        desk.Report("before", quantity: 10);
        desk.Pass(TimeSpan.FromHours(1));
        var dearer = new Terms
        {
            Currency = "USD",
            OutcomeTypes = [new OutcomeType { Id = ComplaintsDesk.Type, Price = Amount.Parse("3.00"),
                IncludedUnits = 100 }],
            PlatformFee = Amount.Parse("500.00"),
        };
        desk.Do<Answer.Done>(new Command.Change(null, new PlanRef("plan", 2), dearer, null, null, Effective.Now));
        desk.Report("after", quantity: 2);

        Assert.Equal(("10.00", "6.00"), (Charged("before"), Charged("after")));
        Assert.Equal("16.00", desk.State.Statement(null)!.Total.ToString(2));
        desk.Until(Instant.Parse("2026-12-10T00:00:00Z"));
        Assert.Equal("16.00", desk.State.Statement(new DateOnly(2026, 11, 1))!.Total.ToString(2));
        Assert.Equal("500.00", desk.State.Statement(null)!.Total.ToString(2));

        string Charged(string id) => desk.State.Outcome(id)!.Amount.ToString(2);
    }

    /// <summary>A charge cannot be taken back, past events cannot be corrected (lago 67, 105).</summary>
    [Fact]
    public void A_charge_of_a_closed_month_is_taken_back_in_the_current_one_and_the_closed_one_stays_O5_D3()
    {
        var desk = new ComplaintsDesk(
            new OutcomeType { Id = ComplaintsDesk.Type, Price = Amount.Parse("1.00"), CreditAfterWindow = true });
        desk.Report("r1", quantity: 3);
        desk.Report("r2");
        desk.Until(Instant.Parse("2026-12-10T00:00:00Z"));
        var november = new DateOnly(2026, 11, 1);
        Assert.Equal(PeriodStatus.Closed, desk.State.Statement(november)!.Status);

        desk.Fact("r1", FactKind.Reopened);
        Assert.Equal(("4.00", "-3.00"),
            (desk.State.Statement(november)!.Total.ToString(2), desk.State.Statement(null)!.Total.ToString(2)));
        var line = desk.State.Statement(null)!.Lines.Single().Line;
        Assert.Equal((LineKind.Correction, november), (line.Kind, line.Of));
    }
}
