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

    [Fact]
    public void Reports_that_are_alike_and_others_between_fold_as_entry_by_entry()
    {
        var tenant = new RealTenant();
        tenant.Run(new Command.Create("Acme", new PlanRef("p", 1), new Terms
        {
            Currency = "USD",
            OutcomeTypes = [
                new OutcomeType { Id = "a", Price = Amount.Parse("1"), IncludedUnits = 10,
                    MeasurementWindow = TimeSpan.FromHours(1) },
                new OutcomeType { Id = "b", Price = Amount.Parse("2") }],
            Caps = [new Cap { Id = "day", Limit = 2_000, Period = CapPeriod.Day },
                new Cap { Id = "few", Limit = 900, Scope = new Scope(OutcomeType: "b") }],
        }, "UTC", 1, null), Begin);
        var at = Begin;
        for (var i = 0; i < 4_000; i++)
        {
            at += TimeSpan.FromSeconds(i % 50 == 0 ? 40 : 1); // over hours, and windows end
            tenant.Run(Report(i, at), at);
            if (i % 97 == 0) tenant.Run(EventText.Fingerprinted(new Command.ReportFact(new EventId("/crm", $"f{i}"),
                at, $"o{i}", FactKind.Confirmed)), at);
        }
        Compare(tenant.Journal);
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

    private static Command Report(int i, Instant at) => EventText.Fingerprinted(new Command.ReportOutcome(
        new EventId(i % 700 == 699 ? "/other" : "/load", i % 3 == 0 ? $"o{i}" : $"e{i}"), at,
        i / 300 % 3 == 2 ? "b" : "a",
        $"o{i}{(i % 111 == 0 ? "ü" : "")}{(i % 7 == 0 ? new string('x', i % 130) : "")}")
    {
        Session = i / 200 % 2 == 0 ? null : i % 61 == 0 ? "again" : $"s{i}{(i % 71 == 0 ? "é" : "")}",
        Quantity = 1 + i / 500 % 2, Dimensions = new Dimensions($"agent-{i / 100 % 5}", "chat", null),
        Result = i / 50 % 9 == 8 ? Result.Failed : Result.Success, Sandbox = i % 401 == 400,
        HandedOff = i % 307 == 306, Customer = i % 211 == 210 ? 7u : 0, CriteriaMet = i / 400 % 2 == 0 ? [] : ["met"],
        Verification = i % 131 == 130 ? new Verification("llm", true, 900_000) : null,
        Detail = i / 600 % 2 == 0 ? null : new Detail([(byte)'{', (byte)'}'], new byte[16], null),
    });

    private static void Compare(IReadOnlyList<byte[]> journal)
    {
        var each = new TenantState();
        foreach (var entry in journal) each.Apply(EntryCodec.Read(entry));
        var folded = RealTenant.Fold(journal);
        Assert.Equal(each.Sequence, folded.Sequence);
        Assert.Equal(each.Bytes, folded.Bytes);
        Assert.Equal(RealTenant.Hex(each.Digest()), RealTenant.Hex(folded.Digest()));
        Assert.Equal(each.Snapshot(), folded.Snapshot());
        Assert.Null(folded.VerifyRating());
    }
}
