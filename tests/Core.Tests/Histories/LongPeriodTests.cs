namespace MeteringGateway.Core.Tests.Histories;

/// <summary>F4 in a period of many outcomes, most of which come, or go, somewhere in the middle of it.</summary>
public sealed class LongPeriodTests
{
    [Fact]
    public void What_comes_or_goes_anywhere_is_rated_as_if_all_were_rated_anew_F4()
    {
        var (rated, held) = (0, 0);
        for (var seed = 520_001; seed <= 520_040; seed++)
        {
            var dice = new Dice(seed);
            var start = Instant.Parse("2026-03-01T10:00:00Z");
            var terms = PlanGenerator.Terms(dice, start) with { MaxLateness = TimeSpan.FromDays(30) };
            terms = terms with
            {
                Training = null,
                OutcomeTypes = [.. terms.OutcomeTypes.Select(type => type with
                {
                    CreditAfterWindow = true, VerificationRequired = false, MinConfidence = null,
                    RequiredCriteria = [], IncludedUnits = type.IncludedUnits * dice.One(1, 20),
                    Overage = dice.Chance(70) ? null : type.Overage,
                })],
                Overage = dice.Chance(70) ? null : terms.Overage,
                Caps = [.. terms.Caps.Select(cap => cap with { Limit = cap.Limit.With(cap.Limit.Value * 50) }),
                    new Cap { Id = "day", Limit = new Limit(100_000_000_000, true), Period = CapPeriod.Day }],
                Commitments = [.. terms.Commitments.Select(one => one with { Units = one.Units * dice.One(1, 30) })],
            };
            var tenant = new RealTenant();
            tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), terms, "UTC", 1, null), start);
            var now = start + TimeSpan.FromDays(2);
            for (var step = 0; step < 400; step++)
            {
                now += dice.Within(TimeSpan.FromHours(1));
                var type = dice.One(terms.OutcomeTypes).Id;
                var time = dice.Chance(30) ? now : start + dice.Within(now - start);
                Command command = dice.Below(100) switch
                {
                    < 70 => new Command.ReportOutcome(new EventId("/s", $"e{step}"), time, type, $"o{step}")
                    {
                        Quantity = 1 + dice.Below(3), Reservation = held > 0 && dice.Chance(30) ? $"r{held}" : null,
                    },
                    < 88 => new Command.ReportFact(new EventId("/s", $"e{step}"), now, $"o{dice.Below(step + 1)}",
                        FactKind.Reopened),
                    < 95 => new Command.Reserve(
                        new Question(new Subject(type, false, Dimensions.None), 1 + dice.Below(4)),
                        TimeSpan.FromHours(8), AllowPartial: true),
                    < 97 => new Command.ReleaseReservation($"r{held}"),
                    _ => new Command.IssueGrant(GrantKind.Promotional, new Amount(dice.Below(90) * 1_000_000L),
                        now + dice.Within(TimeSpan.FromDays(5)), null, null, null, null),
                };
                tenant.Run(command, now, command is Command.Reserve ? $"r{++held}" : null);
                if (tenant.State.VerifyRating() is { } parted)
                    Assert.Fail($"seed {seed}, step {step}, {command}: {parted}");
            }
            rated += tenant.State.Statements().Sum(statement => statement.Lines.Length);
            Assert.Null(RealTenant.Fold(tenant.Journal).VerifyRating());
        }
        Assert.True(rated > 40, $"{rated} lines");
    }

    [Fact]
    public void What_comes_or_goes_in_the_middle_costs_a_stretch_and_not_the_rest_of_the_period_F4()
    {
        var start = Instant.Parse("2026-03-01T00:00:00Z");
        var outcomes = Enumerable.Range(0, 20_000).Select(i => Outcome(start, i * 10)).ToList();
        var steps = 0;
        var walk = new Stretches(() => outcomes.Count, (counters, from, to, bounds) =>
        {
            for (; from < to; from++, steps++)
            {
                // Dearer from the 15,000th on.
                var before = counters[0];
                if (before < 15_000) bounds.AtMost(0, 15_000 - before - 1);
                else bounds.AtLeast(0, 15_000 - before);
                counters.Add(0, 1);
                counters.Add(1, before < 15_000 ? 2 : 3);
            }
        });
        Assert.Equal(45_000, walk.Tail[1]);
        steps = 0;
        outcomes.Insert(1_000, Outcome(start, 9_995));
        walk.Added(1_000);
        Assert.Equal((20_001, 45_003), (walk.Tail[0], walk.Tail[1]));
        Assert.InRange(steps, 1, 1_024); // the stretch that it is in, and the one with the 15,000th
        steps = 0;
        outcomes.RemoveAt(500);
        walk.Removed(500);
        Assert.Equal((20_000, 45_000), (walk.Tail[0], walk.Tail[1]));
        Assert.InRange(steps, 1, 1_024);
        Assert.Equal((14_999, 29_998), (walk.Before(14_999)[0], walk.Before(14_999)[1]));
        Assert.Equal((15_001, 30_003), (walk.Before(15_001)[0], walk.Before(15_001)[1]));
    }

    private static Outcome Outcome(Instant start, int second) => new()
    {
        Event = new EventId("/s", $"e{second}"), Id = $"o{second}", Time = start + TimeSpan.FromSeconds(second),
        Type = "r", Quantity = 1, Result = Result.Success, Period = new DateOnly(2026, 3, 1),
        Day = 0, Opened = start, Facts = [],
        Dimensions = Dimensions.None, CriteriaMet = [],
    };
}
