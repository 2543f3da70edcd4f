using System.Collections.Immutable;
using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Quality;

/// <summary>C1 to C9 once more: what other caps would have let through is what they let through.</summary>
public sealed class CapReplayTests
{
    [Fact]
    public void C1_a_replay_under_a_tenants_own_caps_comes_to_what_stands_and_under_others_to_what_they_would_have()
    {
        var (refused, admitted, differing) = (0L, 0L, 0);
        foreach (var seed in Enumerable.Range(1, 300))
        {
            var history = HistoryGenerator.Generate(seed);
            var steps = history.Steps.Where(step => step.Command is Command.ReportOutcome or Command.ReportActivity
                or Command.ReportFact or Command.Tick).ToList();
            var create = history.Create with { TestClock = null };
            var other = create with { Terms = create.Terms with { Caps = Tighter(seed, create.Terms) } };
            var (first, second) = (Played(create, history, steps), Played(other, history, steps));
            var standing = CapReplay.Standing(first.State);

            Assert.Equal(standing.Periods.Select(Told(preview: false)),
                Replayed(first, create.Terms.Caps, standing).Periods.Select(Told(preview: true)));
            var preview = Replayed(first, other.Terms.Caps, standing);
            var digest = RealTenant.Hex(first.State.Digest());
            Assert.True(CapReplay.Standing(second.State).Periods.Select(Told(preview: false))
                .SequenceEqual(preview.Periods.Select(Told(preview: true))), $"seed {seed}: "
                    + string.Join("; ", preview.Periods.Select(Told(preview: true))) + " and not "
                    + string.Join("; ", CapReplay.Standing(second.State).Periods.Select(Told(preview: false))));
            Assert.Equal(digest, RealTenant.Hex(first.State.Digest()));
            refused += preview.Periods.Sum(period => period.Preview.Refused);
            admitted += preview.Periods.Sum(period => period.Preview.Admitted);
            if (preview.Periods.Any(period => period.Preview != period.Actual)) differing++;
        }
        Assert.True(refused > 100 && admitted > 500 && differing > 100, $"{refused} {admitted} {differing}");
    }

    [Fact]
    public void N4_a_journal_has_so_many_entries_that_are_replayed_and_a_longer_one_is_not()
    {
        var history = HistoryGenerator.Generate(1);
        var tenant = Played(history.Create, history, []);
        var more = CapReplay.MostEntries - tenant.State.Sequence;
        for (var i = 0; i < more; i++) tenant.State.Apply(new Entry.ClockAdvanced { At = tenant.State.Now });
        Assert.False(CapReplay.Standing(tenant.State).TooLong);
        tenant.State.Apply(new Entry.ClockAdvanced { At = tenant.State.Now });
        Assert.True(CapReplay.Standing(tenant.State).TooLong);
    }

    private static Func<PreviewedPeriod, string> Told(bool preview) =>
        period => $"{period.Period.Id:O} {(preview ? period.Preview : period.Actual)}";

    private static ImmutableArray<Cap> Tighter(int seed, Terms terms) =>
    [
        new Cap { Id = "few", Limit = 2 + seed % 7, AtLimit = AtLimit.Pause },
        new Cap
        {
            Id = "day", Limit = 1 + seed % 3, AtLimit = AtLimit.Pause, Period = CapPeriod.Day,
            Scope = new Scope(terms.OutcomeTypes[0].Id, null, null, null, null),
        },
    ];

    private static CapPreview Replayed(RealTenant tenant, ImmutableArray<Cap> caps, CapPreview standing)
    {
        var replay = new CapReplay(caps, TestCalendar.Of, null);
        foreach (var entry in tenant.Journal) replay.Take(EntryCodec.Read(entry));
        return replay.Against(standing, tenant.State.Now);
    }

    private static RealTenant Played(Command.Create create, History history, List<Step> steps)
    {
        var tenant = new RealTenant();
        tenant.Run(create, history.Start);
        foreach (var step in steps) tenant.Run(step.Command!, step.Now, step.Label);
        tenant.Run(new Command.Tick(), steps.Count > 0 ? steps[^1].Now : history.Start);
        return tenant;
    }
}
