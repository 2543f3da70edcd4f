using static MeteringGateway.Core.Tests.ComplaintsDesk;

namespace MeteringGateway.Core.Tests;

/// <summary>
/// What users of other meters have complained of, about prepaid credits. The numbers are those of the public trackers.
/// </summary>
public sealed class ComplaintsCredits
{
    /// <summary>
    /// A top-up is bought twice, a card is charged again and again (lago-api 5870, 6177; flexprice 2155).
    /// </summary>
    [Fact]
    public void A_top_up_that_is_ordered_again_under_its_key_is_bought_once_at_any_age_F6()
    {
        var desk = new ComplaintsDesk(ByCredits("10"));
        var first = desk.TopUp("100", key: "order-1");
        Assert.True(first.Bought);

        Assert.Equal((false, first.Grant.Id), Again());
        desk.Restart();
        desk.Pass(TimeSpan.FromDays(400));
        Assert.Equal((false, first.Grant.Id), Again());

        Assert.Single(desk.Entries.OfType<Entry.GrantIssued>());
        Assert.Equal("100", desk.Usage.Credits.Balance.ToString());
        Assert.True(desk.TopUp("100", key: "order-2").Bought);

        (bool, string) Again() =>
            desk.TopUp("100", key: "order-1") is var answer ? (answer.Bought, answer.Grant.Id) : default;
    }

    /// <summary>
    /// The same, where the key is used for something else: refused, and nothing is bought (flexprice 2155).
    /// </summary>
    [Fact]
    public void A_key_that_already_bought_something_else_buys_nothing_F6()
    {
        var desk = new ComplaintsDesk(ByCredits("10"));
        desk.TopUp("100", key: "order-1");
        var other = new Command.IssueGrant(GrantKind.TopUp, Amount.Parse("200"), null, null, Amount.Parse("18.00"),
            null, "order-1");

        Assert.Equal(Refusal.IdempotencyKeyReused, desk.Do<Answer.Refused>(other).Code);
        Assert.Equal("100", desk.Usage.Credits.Balance.ToString());
    }

    /// <summary>Credits that end later are spent first (autumn 2508).</summary>
    [Fact]
    public void Credits_that_end_sooner_are_spent_first_in_whatever_order_they_were_bought_F5()
    {
        var desk = new ComplaintsDesk(ByCredits("10"));
        var never = desk.TopUp("100").Grant.Id;
        var later = desk.TopUp("100", expires: Noon + TimeSpan.FromDays(20)).Grant.Id;
        var soon = desk.TopUp("100", expires: Noon + TimeSpan.FromDays(5)).Grant.Id;

        desk.Report("r1", quantity: 12);
        Assert.Equal(("0", "80", "100"), (desk.Remaining(soon), desk.Remaining(later), desk.Remaining(never)));
    }

    /// <summary>Credits that have ended can be spent (vm0 10299).</summary>
    [Fact]
    public void Credits_that_have_ended_are_never_spent_F5()
    {
        var desk = new ComplaintsDesk(ByCredits("10"));
        desk.TopUp("100", expires: Noon + TimeSpan.FromHours(1));
        desk.Report("r1", quantity: 4);
        desk.Pass(TimeSpan.FromHours(1));

        Assert.Equal(DecisionReason.CreditsExhausted, desk.Check().Reason);
        var late = Assert.IsType<Answer.Accepted>(desk.Report("r2"));
        Assert.Equal((OutcomeStatus.NonBillable, Reason.CreditsExhausted), (late.Outcome!.Status, late.Outcome.Reason));
        Assert.Equal("60", desk.Entries.OfType<Entry.GrantEnded>().Single().Taken.ToString());
    }

    /// <summary>What was to roll over is lost (polar 10513).</summary>
    [Fact]
    public void What_a_plan_grant_has_left_rolls_over_and_is_spent_after_the_new_one_F6()
    {
        var desk = new ComplaintsDesk(ByCredits("10"), terms => terms with
        {
            PeriodGrant = Amount.Parse("100"), Rollover = new Rollover(Amount.Parse("500"), 2),
        });
        desk.Report("n1", quantity: 3);
        desk.Until(Instant.Parse("2026-12-01T00:00:00Z"));

        Assert.Equal("170", desk.Usage.Credits.Balance.ToString());
        desk.Report("d1", quantity: 11);
        Assert.Equal(("60", GrantKind.Rollover), desk.Usage.Credits.Grants.Where(grant => grant.Remaining > Amount.Zero)
            .Select(grant => (grant.Remaining.ToString(), grant.Kind)).Single());
    }
}
