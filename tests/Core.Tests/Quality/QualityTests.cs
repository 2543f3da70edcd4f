using MeteringGateway.Core.Tests.Histories;

namespace MeteringGateway.Core.Tests.Quality;

/// <summary>Q1, Q3: what is counted as entries are applied is what a look through all of them finds.</summary>
public sealed class QualityTests
{
    private static readonly int[] Seeds =
        [.. Enumerable.Range(1, int.TryParse(Environment.GetEnvironmentVariable("METERING_HISTORIES"), out var many)
            ? Math.Min(many, 2_000) : 400)];

    [Fact]
    public void Q1_figures_are_what_a_scan_over_all_entries_finds_in_random_histories()
    {
        var seen = new HashSet<string>();
        foreach (var seed in Seeds)
        {
            var journal = Played(seed, out var state);
            var expected = new Scan(journal).Lines();
            foreach (var line in expected) seen.Add(string.Join(' ', line.Split('=')[0].Split(' ').Skip(2)));
            Same(expected, Lines(state), seed);
            Same(expected, Lines(RealTenant.Fold(journal)), seed);
            Same(expected, Lines(TenantState.Restore(state.Snapshot())), seed);
            var half = TenantState.Restore(RealTenant.Fold(journal.Take(journal.Count / 2)).Snapshot());
            Same(expected, Lines(RealTenant.Fold(journal.Skip(journal.Count / 2), half)), seed);
        }
        if (Seeds.Length < 150) return;
        // Each figure came up, or the comparison says nothing of it.
        string[] all = ["contacts", "contradicted", "credited units", "decided", "disputed", "escalated",
            "first", "first contacts", "handed off", "no session", "pending", "points", "ratings", "rejected",
            "reopened", "reported", "reversed", "sessions", "settled", "wait", "OverCap units", "Reopened listed"];
        Assert.Empty(all.Except(seen));
    }

    [Fact]
    public void Q3_series_are_what_a_scan_over_all_entries_finds_in_random_histories()
    {
        foreach (var seed in Seeds)
        {
            var journal = Played(seed, out var state);
            var scan = new Scan(journal);
            foreach (var one in (TenantState[])[state, TenantState.Restore(state.Snapshot())])
                foreach (var group in Enum.GetValues<SeriesGroup>())
                    foreach (var byHour in (bool[])[true, false])
                        Same(scan.Points(byHour, group), Points(one, byHour, group), seed);
        }
    }

    // With end customers, hand-offs of activities, and ratings, which histories have not by themselves.
    private static List<byte[]> Played(int seed, out TenantState state)
    {
        var history = HistoryGenerator.Generate(seed);
        var tenant = new RealTenant();
        tenant.Run(history.Create, history.Start);
        foreach (var step in history.Steps)
            if (step.Command is { } command) tenant.Run(With(command), step.Now, step.Label);
        state = tenant.State;
        return tenant.Journal;
    }

    private static Command With(Command command) => command switch
    {
        Command.ReportOutcome report => report with { Customer = Of(report) % 4 },
        Command.ReportActivity activity =>
            activity with { Customer = Of(activity) % 4, HandedOff = Of(activity) % 5 == 0 },
        Command.ReportFact { IsVerdict: true } fact => fact with { Csat = (byte)(1 + Of(fact) % 5) },
        _ => command,
    };

    private static ulong Of(Command.Event e) => (ulong)(e.Id.Key % 1_000);

    private static void Same(List<string> expected, List<string> actual, int seed) => Assert.True(
        expected.SequenceEqual(actual), $"seed {seed}: a scan finds [{string.Join(", ", expected.Except(actual))}], "
            + $"counted is [{string.Join(", ", actual.Except(expected))}]");

    private static List<string> Points(TenantState state, bool byHour, SeriesGroup group) =>
        [.. (state.SeriesKept?.Read(byHour, int.MinValue, int.MaxValue, group) ?? [])
            .SelectMany(point => point.Cells.Select(one =>
                $"{point.At} {one.Value} {one.Cell.Reported} {one.Cell.Settled} {one.Cell.Listed}"))
            .Order(StringComparer.Ordinal)];

    private static List<string> Lines(TenantState state)
    {
        var lines = new List<string>();
        foreach (var book in state.Books)
        {
            if (state.QualityOf(book) is not { } period) continue;
            Add("all", period.All);
            foreach (var (type, tallies) in period.Types) Add(type, tallies);

            void Add(string what, Tallies of)
            {
                foreach (var (name, value) in Named(of))
                    if (value != 0) lines.Add($"{book.Period.Id:O} {what} {name}={value}");
            }
        }
        lines.Sort(StringComparer.Ordinal);
        return [.. lines.OrderBy(line => line.Split('=')[0], StringComparer.Ordinal)];
    }

    private static IEnumerable<(string Name, Int128 Value)> Named(Tallies of)
    {
        yield return ("reported", of[Mark.Reported]);
        yield return ("pending", of[Mark.Pending]);
        yield return ("settled", of[Mark.Settled]);
        yield return ("escalated", of[Mark.Escalated]);
        yield return ("reopened", of[Mark.Reopened]);
        yield return ("disputed", of[Mark.Disputed]);
        yield return ("contacts", of[Mark.Contacts]);
        yield return ("first contacts", of[Mark.FirstContacts]);
        yield return ("no session", of[Mark.NoSession]);
        yield return ("decided", of[Mark.Decided]);
        yield return ("rejected", of[Mark.BuyerRejected]);
        yield return ("reversed", of[Mark.RecordsReversed]);
        yield return ("contradicted", of[Mark.Contradicted]);
        yield return ("sessions", of[Mark.Sessions] + of[Mark.Lone]);
        yield return ("handed off", of[Mark.HandedOffSessions] + of[Mark.LoneHandedOff]);
        yield return ("ratings", of[Mark.Csat]);
        yield return ("points", of[Mark.CsatPoints]);
        yield return ("first", of[Mark.FirstOutcomes]);
        yield return ("wait", of[Mark.FirstOutcomeWait]);
        foreach (var (reason, sum) in of.Forgiven ?? [])
        {
            var name = reason == Reason.None ? "credited" : reason.ToString();
            yield return ($"{name} units", sum.Units);
            yield return ($"{name} listed", sum.Micros);
        }
    }
}
