using static MeteringGateway.Core.Tests.ComplaintsDesk;

namespace MeteringGateway.Core.Tests;

/// <summary>
/// What users of other meters have complained of, about limits and answers, and what happens here. The numbers are
/// those of the public trackers.
/// </summary>
public sealed class Complaints
{
    private static ComplaintsDesk Capped(long limit) => new(agreed: terms => terms with { Caps = [Units(limit)] });

    /// <summary>Check, then increment: a burst passes the budget (LiteLLM 26672, 34732).</summary>
    [Fact]
    public void A_hundred_callers_who_all_saw_room_for_ten_are_charged_for_ten_C2()
    {
        var desk = Capped(10);
        var seen = Enumerable.Range(0, 100).Select(_ => desk.Check()).ToList();
        Assert.All(seen, decision => Assert.Equal((DecisionKind.Allow, 10), (decision.Kind, decision.Remaining)));

        for (var i = 0; i < 100; i++)
        {
            desk.Report($"r{i}");
            Assert.InRange(desk.Cap.Exposure.Value, 0, 10);
        }

        Assert.Equal(10, desk.Usage.OutcomeTypes.Single().Pending);
        Assert.Equal(90, desk.Usage.OutcomeTypes.Single().NonBillable[Reason.OverCap]);
        Assert.Equal("10.00", desk.State.Statement(null)!.Total.ToString(2));
    }

    /// <summary>The same with a budget in money, and prices that do not go into it evenly (LiteLLM 34732).</summary>
    [Fact]
    public void A_burst_never_passes_a_budget_in_money_whether_it_reserves_or_not_C7()
    {
        var budget = new Cap { Id = "budget", Limit = Limit.Of(Amount.Parse("10.00")) };
        var desk = new ComplaintsDesk(
            new OutcomeType { Id = ComplaintsDesk.Type, Price = Amount.Parse("0.99"), IncludedUnits = 3 },
            terms => terms with { Caps = [budget] });
        for (var i = 0; i < 100; i++)
        {
            var held = i % 2 == 0 ? desk.Reserve() : null;
            Assert.InRange(desk.Cap.Exposure.Value, 0, budget.Limit.Value);
            desk.Report($"r{i}", reservation: held?.Id);
            Assert.InRange(desk.Cap.Exposure.Value, 0, budget.Limit.Value);
        }

        // 3 included, and 10 at 0.99.
        Assert.Equal(13, desk.Usage.OutcomeTypes.Single().Pending);
        Assert.Equal("9.90", desk.State.Statement(null)!.Total.ToString(2));
    }

    /// <summary>The same, for those who want a promise (LiteLLM 26672, 34732).</summary>
    [Fact]
    public void A_hundred_reservations_hold_ten_units_of_ten_and_each_promise_is_kept_C2_A4()
    {
        var desk = Capped(10);
        var held = Enumerable.Range(0, 100).Select(_ => desk.Reserve()).OfType<ReservationFigure>().ToList();

        Assert.Equal(10, held.Count);
        Assert.All(held, one => Assert.Equal(OutcomeStatus.Pending,
            Assert.IsType<Answer.Accepted>(desk.Report($"r-{one.Id}", reservation: one.Id)).Outcome!.Status));
        Assert.Equal(10, desk.Cap.Exposure.Value);
        Assert.Equal(DecisionReason.CapReached, desk.Check().Reason);
    }

    /// <summary>
    /// A balance that is cached for a minute, or polled every five (pollinations 5219, lago-api 4954).
    /// </summary>
    [Fact]
    public void A_check_is_answered_from_the_ledger_as_it_is_now_with_its_sequence_A3()
    {
        var desk = new ComplaintsDesk(ByCredits("10"));
        Assert.Equal(DecisionReason.CreditsExhausted, desk.Check().Reason);

        desk.TopUp("30");
        Expect(3);
        desk.Report("r1");
        Expect(2);
        desk.Reserve(2);
        Expect(0);
        desk.Pass(TimeSpan.FromMinutes(1));
        Expect(2);

        void Expect(long remaining) =>
            Assert.Equal((remaining, desk.State.Sequence), (desk.Check().Remaining ?? -1, desk.Check().Sequence));
    }

    /// <summary>Leaked holds: "budget exceeded", and nothing was spent (LiteLLM 27639, 30330, 36926).</summary>
    [Fact]
    public void A_hold_that_nobody_settles_gives_its_room_back_by_itself_also_over_a_restart_A4()
    {
        var desk = Capped(10);
        desk.Reserve(10, seconds: 60);
        Assert.Equal(DecisionReason.CapReached, desk.Check().Reason);
        desk.Restart();
        Assert.Equal(DecisionReason.CapReached, desk.Check().Reason);

        desk.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(10, desk.Check().Remaining);
        Assert.Single(desk.Entries.OfType<Entry.ReservationExpired>());
        Assert.Equal(0, desk.Cap.Exposure.Value);
    }

    /// <summary>The same, where the call was made and reported (LiteLLM 30330).</summary>
    [Fact]
    public void A_hold_that_was_settled_or_released_leaves_nothing_behind_A4()
    {
        var desk = Capped(10);
        for (var i = 0; i < 50; i++)
        {
            var held = desk.Reserve(4)!;
            if (i % 10 == 0) desk.Report($"r{i}", reservation: held.Id);
            desk.Do<Answer.Done>(new Command.ReleaseReservation(held.Id));
        }
        Assert.Equal(5, desk.Cap.Exposure.Value);
        Assert.Equal(5, desk.Check().Remaining);
    }

    /// <summary>A raised limit is ignored, because the key is cached (LiteLLM 25760).</summary>
    [Fact]
    public void A_limit_that_was_raised_holds_for_the_very_next_check_C6()
    {
        var desk = Capped(2);
        desk.Report("r1", quantity: 2);
        Assert.Equal(DecisionKind.Pause, desk.Check().Kind);

        desk.Do<Answer.Done>(new Command.SetCap(Units(5), null));
        Assert.Equal((DecisionKind.Allow, 3), (desk.Check().Kind, desk.Check().Remaining));
        Assert.Equal(SignalAction.Resume, desk.State.SignalsAfter(0)[^1].Action);
        Assert.Equal(OutcomeStatus.Pending, Assert.IsType<Answer.Accepted>(desk.Report("r2")).Outcome!.Status);
    }

    /// <summary>A batch of which one line is bad is lost without a word (Autumn's batches, lago-api 3049).</summary>
    [Fact]
    public void One_bad_event_refuses_none_of_its_neighbours_and_is_itself_answered()
    {
        var desk = Capped(10);
        Answer[] answers =
        [
            desk.Report("r1"), desk.Report("r2", type: "suport.resolution"), desk.Report("r3"),
            desk.Report("r4", time: Noon - TimeSpan.FromDays(4)), desk.Report("r5"), desk.Report("r1"),
        ];

        Assert.Equal([null, Refusal.UnknownOutcomeType, null, Refusal.EventTooOld, null, null],
            answers.Select(answer => (answer as Answer.Refused)?.Code));
        Assert.True(Assert.IsType<Answer.Accepted>(answers[^1]).Duplicate);
        Assert.Equal(3, desk.Usage.OutcomeTypes.Single().Reported);
    }
}
