using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Journals;

/// <summary>
/// Entries that are folded from their bytes, many alike together, make the state that each by itself makes: the same
/// tables in the same order (the snapshot's bytes), the same figures and bytes counted (N4).
/// </summary>
public sealed class FoldingTests
{
    private static readonly Instant Begin = Instant.Parse("2026-11-03T08:59:00Z");

    [Fact]
    public void Random_histories_fold_as_entry_by_entry()
    {
        foreach (var seed in Enumerable.Range(1, 60)) Compare(Duel.Journal(HistoryGenerator.Generate(seed)));
    }

    /// <summary>
    /// Each differs from the one before in one thing, now and then: runs of all lengths, ended by everything that ends
    /// one. What then goes on from both states is the same too, so that also what no snapshot shows is there: who is
    /// known by its id, whose window ends when, who is first in its session.
    /// </summary>
    [Theory]
    [InlineData(1)] [InlineData(2)] [InlineData(3)] [InlineData(4)] [InlineData(5)] [InlineData(6)] [InlineData(7)]
    [InlineData(8)] [InlineData(9)] [InlineData(10)] [InlineData(11)] [InlineData(12)]
    public void Reports_that_are_alike_and_others_between_fold_as_entry_by_entry(int seed)
    {
        var (random, tenant, at) = (new Random(seed), new RealTenant(), Begin);
        tenant.Run(Create(seed), at);
        var (like, said) = (new Sample(), new List<Command.ReportOutcome>());
        for (var i = 0; i < 1_500; i++)
        {
            at += random.Next(400) switch
            {
                0 => TimeSpan.FromHours(26), < 4 => TimeSpan.FromMinutes(50), < 200 => TimeSpan.FromSeconds(1),
                _ => TimeSpan.Zero,
            };
            like = like.But(random);
            said.Add(like.Report(i, at - (random.Next(30) == 0 ? TimeSpan.FromMinutes(7) : TimeSpan.Zero)));
            tenant.Run(said[^1], at);
            if (random.Next(120) != 0) continue;
            var kind = random.Next(2) == 0 ? FactKind.Confirmed : FactKind.Reopened;
            tenant.Run(EventText.Fingerprinted(new Command.ReportFact(new EventId("/crm", $"f{i}"), at,
                said[random.Next(said.Count)].OutcomeId, kind)), at);
        }
        var (each, folded) = Compare(tenant.Journal);

        foreach (var report in said.Where((_, i) => i % 5 == 0))
        {
            GoOn(report, at); // again
            if (report.Session is not null)
                GoOn(EventText.Fingerprinted(report with { Id = new EventId("/late", report.OutcomeId),
                    OutcomeId = $"late-{report.OutcomeId}", Time = at }), at);
        }
        foreach (var after in (double[])[0.5, 1.1, 26, 24 * 20, 24 * 45])
            GoOn(new Command.Tick(), at + TimeSpan.FromHours(after));
        Same(each, folded);

        void GoOn(Command command, Instant now)
        {
            var (one, other) = (Taken(each, command, now), Taken(folded, command, now));
            Assert.Equal(one, other);
        }
    }

    [Fact]
    public void I1_an_event_that_a_journal_has_twice_is_refused_where_it_comes_again()
    {
        var tenant = new RealTenant();
        tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), new Terms
        {
            Currency = "USD", OutcomeTypes = [new OutcomeType { Id = "a", Price = Amount.Parse("1") }],
        }, "UTC", 1, null), Begin);
        for (var i = 0; i < 5; i++)
            tenant.Run(EventText.Fingerprinted(new Command.ReportOutcome(new EventId("/a", $"e{i}"), Begin, "a",
                $"o{i}")), Begin);
        var folding = new TenantState.Folding(new TenantState());
        foreach (var entry in tenant.Journal) folding.Take(entry);
        var again = tenant.Journal.Last(entry => EntryCodec.KindOf(entry) == EntryKind.OutcomeReported);
        Assert.Throws<ArgumentException>(() => folding.Take(again));
        Assert.Throws<FormatException>(() => folding.Take(again.AsSpan(0, again.Length / 2)));
    }

    private static Command Create(int seed) => new Command.Create("Acme", new PlanRef("p", 1), new Terms
    {
        Currency = "USD",
        OutcomeTypes = [
            new OutcomeType { Id = "a", Price = Amount.Parse("1"), IncludedUnits = seed % 3 == 0 ? 10 : 0,
                MeasurementWindow = TimeSpan.FromHours(seed % 2), OncePerSession = seed % 4 != 3 },
            new OutcomeType { Id = "b", Price = Amount.Parse("2"), MeasurementWindow = TimeSpan.FromHours(1) }],
        Caps = seed % 3 == 1 ? [] : [new Cap { Id = "day", Limit = 700, Period = CapPeriod.Day },
            new Cap { Id = "few", Limit = 300, Scope = new Scope(OutcomeType: "b") }],
    }, seed % 5 == 0 ? "+05:30" : "UTC", 1, null);

    /// <summary>Entries that a state takes of a command, as bytes, and what it answers.</summary>
    private static List<string> Taken(TenantState state, Command command, Instant now)
    {
        var all = new List<string>();
        while (true)
        {
            var taken = new List<Entry>();
            var answer = Turn.Run(state, command, now, TestCalendar.Of, taken, recallDone: true);
            all.AddRange(taken.Select(entry => RealTenant.Hex(RealTenant.Bytes(entry))));
            all.AddRange(state.TakeDeparted().Select(one => RealTenant.Hex(EntryCodec.WriteOutcome(one))));
            if (answer is Answer.Unfinished) continue;
            all.Add($"{answer} {(answer as Answer.Accepted)?.Outcome}");
            return all;
        }
    }

    /// <summary>What a report says beside its ids and time.</summary>
    private sealed record Sample
    {
        private string Source { get; init; } = "/load";
        private string Type { get; init; } = "a";
        private bool OwnId { get; init; }
        private int Sessions { get; init; } // none, each its own, of few
        private int Quantity { get; init; } = 1;
        private string? Agent { get; init; } = "agent";
        private Result Result { get; init; }
        private bool Sandbox { get; init; }
        private bool HandedOff { get; init; }
        private ulong Customer { get; init; }
        private bool Met { get; init; }
        private Verification? Verification { get; init; }
        private bool HasDetail { get; init; }
        private int Longer { get; init; }
        private string Letter { get; init; } = "";

        /// <summary>Mostly the same.</summary>
        public Sample But(Random random) => random.Next(300) switch
        {
            0 => this with { Source = Source == "/load" ? "/other" : "/load" },
            < 3 => this with { Type = Type == "a" ? "b" : "a" },
            < 6 => this with { OwnId = !OwnId },
            < 10 => this with { Sessions = random.Next(3) },
            < 12 => this with { Quantity = 1 + random.Next(3) },
            < 14 => this with { Agent = random.Next(3) == 0 ? null : $"agent-{random.Next(4)}" },
            < 16 => this with { Result = random.Next(3) == 0 ? Result.Failed : Result.Success },
            16 => this with { Sandbox = !Sandbox },
            17 => this with { HandedOff = !HandedOff },
            18 => this with { Customer = Customer == 0 ? 7u : 0 },
            19 => this with { Met = !Met },
            20 => this with { Verification = Verification is null ? new("llm", true, 900_000) : null },
            21 => this with { HasDetail = !HasDetail },
            22 => this with { Longer = random.Next(2) * random.Next(600) },
            23 => this with { Letter = Letter.Length == 0 ? "\u00e9" : "" },
            // What ends every run does not last.
            < 35 => this with { Sandbox = false, HandedOff = false, Customer = 0, Verification = null, Letter = "" },
            _ => this,
        };

        public Command.ReportOutcome Report(int i, Instant time)
        {
            var id = $"o{i}{Letter}{new string('x', Longer % 250)}";
            return (Command.ReportOutcome)EventText.Fingerprinted(new Command.ReportOutcome(
                new EventId(Source, OwnId ? $"e{i}" : id), time, Type, id)
            {
                Session = Sessions switch { 0 => null, 1 => $"s{i}{Letter}", _ => $"few-{i % 9}" },
                Quantity = Quantity, Dimensions = new Dimensions(Agent, "chat", null), Result = Result,
                Sandbox = Sandbox, HandedOff = HandedOff, Customer = Customer, CriteriaMet = Met ? ["met"] : [],
                Verification = Verification,
                Detail = HasDetail ? new Detail([(byte)'{', (byte)'}'], new byte[16], null) : null,
            });
        }
    }

    private static (TenantState Each, TenantState Folded) Compare(IReadOnlyList<byte[]> journal)
    {
        var each = new TenantState();
        foreach (var entry in journal) each.Apply(EntryCodec.Read(entry));
        var folded = RealTenant.Fold(journal);
        Same(each, folded);
        return (each, folded);
    }

    private static void Same(TenantState each, TenantState folded)
    {
        Assert.Equal(each.Sequence, folded.Sequence);
        Assert.Equal(each.Now, folded.Now);
        Assert.Equal(each.Bytes, folded.Bytes);
        Assert.Equal(RealTenant.Hex(each.Digest()), RealTenant.Hex(folded.Digest()));
        Assert.Equal(each.Snapshot(), folded.Snapshot());
        Assert.Null(folded.VerifyRating());
    }
}
