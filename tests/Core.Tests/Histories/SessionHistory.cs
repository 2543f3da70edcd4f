namespace MeteringGateway.Core.Tests.Histories;

/// <summary>One session, in which nearly everything comes late.</summary>
internal static class SessionHistory
{
    private static readonly Instant Start = Instant.Parse("2026-05-04T00:00:00Z");
    private static readonly TimeSpan Lateness = TimeSpan.FromHours(240);

    private static readonly FactKind[] Facts =
        [FactKind.Reopened, FactKind.Confirmed, FactKind.Escalated, FactKind.Confirmed, FactKind.Failed,
            FactKind.VerdictRejected];

    public static History Generate(int seed)
    {
        var dice = new Dice(seed);
        var terms = Terms(dice);
        var (now, steps, times) = (Start + TimeSpan.FromDays(11), new List<Step>(), new List<Instant>());
        var (reports, longest) = (0, dice.One(2, 12, 80));
        for (var number = 5 + dice.Below(dice.One(8, 20)); number > 0; number--)
        {
            now += TimeSpan.FromMilliseconds(1) + (dice.Chance(50) ? TimeSpan.Zero
                : TimeSpan.FromHours(dice.Below(1 + longest)));
            var time = dice.Chance(30) ? (Instant?)null : Time(dice, now, times);
            if (time is { } known) times.Add(known);
            steps.Add(new Step(now, Happened(dice, terms, number, time, ref reports)));
        }
        steps.Add(new Step(now + TimeSpan.FromDays(14), new Command.Tick()));
        return new History(seed, Start, new Command.Create("Acme", new PlanRef("p", 1), terms, "UTC", 1, null), steps);
    }

    private static Terms Terms(Dice dice)
    {
        var shared = dice.Chance(60) ? "any" : null;
        return new Terms
        {
            Currency = "USD",
            MaxLateness = Lateness,
            OutcomeTypes = [.. PlanGenerator.Types.Take(1 + dice.Below(2)).Select(id => new OutcomeType
            {
                Id = id,
                Price = new Amount(990_000),
                MeasurementWindow = TimeSpan.FromHours(dice.One(0, 6, 24, 24, 72, 240, 720)),
                WindowRestartsOnActivity = dice.Chance(30),
                ExclusiveGroup = shared,
                Continuation = dice.Chance(60),
                VerificationRequired = dice.Chance(15),
                SettlesOnConfirmation = dice.Chance(15),
                CreditAfterWindow = dice.Chance(50),
                PendingCounts = dice.Chance(70),
            })],
            Caps = dice.Chance(15) ? [new Cap { Id = "c1", Limit = dice.Below(4) }] : [],
        };
    }

    private static Command.Event Happened(Dice dice, Terms terms, int number, Instant? time, ref int reports)
    {
        var id = new EventId(dice.One("/a", "/b"), $"e{number}");
        var choice = dice.Below(100);
        if (choice < 5)
            return EventText.Fingerprinted(new Command.ReportActivity(id, time, "message") { Session = "s1" });
        if (choice < 50 || reports == 0)
            return EventText.Fingerprinted(new Command.ReportOutcome(id, time, dice.One(terms.OutcomeTypes).Id,
                $"r{++reports}")
            {
                Session = "s1",
                Verification = dice.Chance(60) ? new Verification("llm", dice.Chance(70), null) : null,
                Result = dice.Chance(5) ? Result.Failed : Result.Success,
            });
        // Some come before what they are about.
        return EventText.Fingerprinted(new Command.ReportFact(id, time, $"r{1 + dice.Below(reports + 1)}",
            dice.One(Facts)));
    }

    private static Instant Time(Dice dice, Instant now, List<Instant> times)
    {
        if (times.Count > 0 && dice.Chance(12)) return dice.One(times);
        var hour = new Instant(now.UnixMilliseconds / 3_600_000 * 3_600_000);
        var most = dice.One(3, 24, (int)Lateness.TotalHours);
        return hour - TimeSpan.FromHours(dice.Below(most));
    }
}
