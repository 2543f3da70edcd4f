using MeteringGateway.Core.Tests.Scenarios;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>
/// O6: any interleaving and duplication of a set of events that arrive before the windows they touch close gives every
/// outcome the same final status. I1: a duplicate gets the first answer.
/// </summary>
public sealed class AnyOrderTests
{
    private static readonly Instant Start = Instant.Parse("2026-11-02T00:00:00Z");
    private static readonly Instant Arrival = Start + TimeSpan.FromDays(2);
    private static readonly Instant End = Start + TimeSpan.FromDays(70);

    [Fact]
    public void Any_order_of_arrival_gives_every_outcome_the_same_final_status()
    {
        for (var seed = 1; seed <= 400; seed++)
        {
            var dice = new Dice(seed);
            var create = Plan(dice);
            var events = Events(dice, create.Terms);
            var first = Play(create, events);
            foreach (var order in Orders(dice, events))
                if (Play(create, order) is var other && other != first)
                    Assert.Fail(
                        $"seed {seed}\n{first}\nbut\n{other}\n\n{Text(seed, create, events)}\n\nand in the other order\n\n{Text(seed, create, order)}");
        }
    }

    [Fact]
    public void A_duplicate_gets_the_first_answer_and_changes_nothing_I1()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var dice = new Dice(seed);
            var create = Plan(dice);
            var tenant = new RealTenant();
            tenant.Run(create, Start);
            var sent = new List<(Command.Event Event, Answer Answer)>();
            foreach (var happened in Events(dice, create.Terms))
            {
                sent.Add((happened, tenant.Run(happened, Arrival)));
                var (again, first) = dice.One(sent);
                var entries = tenant.State.Sequence;
                var answer = tenant.Run(again, Arrival);
                Assert.Equal(entries, tenant.State.Sequence);
                Assert.Equal((first as Answer.Accepted)! with { Duplicate = true, Sequence = 0 },
                    (answer as Answer.Accepted)! with { Sequence = 0 });
            }
        }
    }

    // Every window is longer than the two days in which all events lie, and nothing is due before they have all
    // arrived.
    private static Command.Create Plan(Dice dice)
    {
        var grouped = dice.Chance(50);
        var types = PlanGenerator.Types.Take(1 + dice.Below(2)).Select(id => new OutcomeType
        {
            Id = id,
            Price = new Amount(990_000),
            MeasurementWindow = TimeSpan.FromHours(dice.One(72, 96, 240)),
            WindowRestartsOnActivity = dice.Chance(40),
            ExclusiveGroup = grouped ? "any" : null,
            Continuation = dice.Chance(60),
            VerificationRequired = dice.Chance(20),
            SettlesOnConfirmation = dice.Chance(15),
            CreditAfterWindow = dice.Chance(30),
            PendingCounts = dice.Chance(70),
        });
        return new Command.Create("Acme", new PlanRef("p", 1),
            new Terms { Currency = "USD", OutcomeTypes = [.. types] }, "UTC",
            1, null);
    }

    // A confirmation closes its window at once: in a session of several successes what arrives after it would be too
    // late.
    private static List<Command.Event> Events(Dice dice, Terms terms)
    {
        var alone = dice.Chance(40);
        var reports = alone ? 1 : 2 + dice.Below(3);
        FactKind[] kinds = alone
            ? [FactKind.Confirmed, FactKind.Reopened, FactKind.Failed, FactKind.Rejected]
            : [FactKind.Reopened, FactKind.Failed, FactKind.Escalated, FactKind.Rejected];
        var events = new List<Command.Event>();
        for (var number = 1; number <= reports; number++)
            events.Add(new Command.ReportOutcome(Id(dice, events), Time(dice), dice.One(terms.OutcomeTypes).Id,
                $"r{number}")
            {
                Session = "s1",
                Quantity = 1 + dice.Below(2),
                Verification = dice.Chance(60) ? new Verification("llm", dice.Chance(70), null) : null,
                Result = dice.Chance(8) ? Result.Failed : Result.Success,
            });
        for (var number = 1 + dice.Below(3); number > 0; number--)
            events.Add(new Command.ReportFact(Id(dice, events), Time(dice), $"r{1 + dice.Below(reports)}",
                dice.One(kinds)));
        if (dice.Chance(50))
            events.Add(new Command.ReportActivity(Id(dice, events), Time(dice), "message") { Session = "s1" });
        return [.. events.Select(EventText.Fingerprinted)];
    }

    private static EventId Id(Dice dice, List<Command.Event> events) => new(dice.One("/a", "/b"), $"e{events.Count}");

    private static Instant Time(Dice dice) => Start + TimeSpan.FromHours(dice.Below(40));

    private static IEnumerable<IReadOnlyList<Command.Event>> Orders(Dice dice, List<Command.Event> events)
    {
        if (events.Count <= 4)
            foreach (var order in Permutations(events)) yield return order;
        for (var i = 0; i < 24; i++) yield return dice.Shuffled(events.Concat(events.Where(_ => dice.Chance(40))));
    }

    private static IEnumerable<IReadOnlyList<Command.Event>> Permutations(IReadOnlyList<Command.Event> events)
    {
        if (events.Count == 0) yield return [];
        foreach (var first in events)
            foreach (var rest in Permutations([.. events.Where(other => other != first)]))
                yield return [first, .. rest];
    }

    private static string Play(Command.Create create, IReadOnlyList<Command.Event> events)
    {
        var tenant = new RealTenant();
        tenant.Run(create, Start);
        foreach (var happened in events)
            if (tenant.Run(happened, Arrival) is not Answer.Accepted) return $"{happened.Id} was not accepted";
        tenant.Run(new Command.Tick(), End);
        var outcomes = events.OfType<Command.ReportOutcome>().Select(report => report.OutcomeId).Distinct()
            .Order(StringComparer.Ordinal);
        return string.Join('\n',
            outcomes.Select(id =>
            tenant.Outcome(id) is { } figure ? $"{id} is {figure.Id}: {figure.Status} {figure.Reason}"
            : $"{id} is not there"));
    }

    private static string Text(int seed, Command.Create create, IReadOnlyList<Command.Event> events) =>
        ScenarioWriter.Write(new History(seed, Start, create,
            [.. events.Select(happened => new Step(Arrival, happened)), new Step(End, new Command.Tick())]));
}
