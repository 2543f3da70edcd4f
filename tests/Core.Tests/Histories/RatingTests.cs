namespace MeteringGateway.Core.Tests.Histories;

/// <summary>F4: rating is a function of the period's admitted, unreversed outcomes, however it came about.</summary>
public sealed class RatingTests
{
    [Fact]
    public void A_rating_kept_up_to_date_is_the_rating_made_anew_after_every_command_F4()
    {
        for (var seed = 500_001; seed <= 500_600; seed++)
        {
            var history = HistoryGenerator.Generate(seed);
            var (tenant, grants) = (new RealTenant(), new GrantNames());
            tenant.Run(history.Create, history.Start);
            for (var step = 0; step < history.Steps.Count; step++)
            {
                var (now, command, _, label) = history.Steps[step];
                tenant.Run(grants.Labelled(command ?? new Command.Tick()), now, label);
                grants.Take(tenant.Taken, label);
                if (tenant.State.VerifyRating() is { } parted)
                    Assert.Fail($"seed {seed}, step {step}, {command}: {parted}");
            }
        }
    }

    [Fact]
    public void A_rating_made_anew_from_the_journal_is_the_one_that_was_kept_F4()
    {
        for (var seed = 510_001; seed <= 510_200; seed++)
        {
            var history = HistoryGenerator.Generate(seed);
            var (tenant, grants) = (new RealTenant(), new GrantNames());
            tenant.Run(history.Create, history.Start);
            foreach (var (now, command, _, label) in history.Steps)
            {
                tenant.Run(grants.Labelled(command ?? new Command.Tick()), now, label);
                grants.Take(tenant.Taken, label);
            }
            var folded = RealTenant.Fold(tenant.Journal);
            Assert.Null(folded.VerifyRating());
            foreach (var (kept, anew) in tenant.State.Statements().Zip(folded.Statements()))
            {
                Assert.Equal(kept.Total, anew.Total);
                Assert.Equal(kept.Lines.ToArray(), anew.Lines.ToArray());
            }
        }
    }
}
