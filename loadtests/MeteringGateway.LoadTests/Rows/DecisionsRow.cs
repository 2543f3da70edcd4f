using System.Diagnostics;
using System.Globalization;
using MeteringGateway.Core;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Decisions in process, with nothing written: reports through a tenant's turn against the same keys through
/// dictionaries. An outcome has three, each looked for and kept: its event's id, its own, and its session's name; all
/// of them are new, and both sides see the same strings and begin empty. A report hashes the event's id with SHA-256,
/// which elsewhere its reader does; its command was made before, as the strings were.
/// </summary>
public static class DecisionsRow
{
    private const int Events = 100_000;
    private static readonly Instant Start = Instant.Parse("2026-11-01T00:00:00.000Z");

    public static Row Measure(Options options)
    {
        var (ours, theirs, byOne) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = options.First; i < options.Pairs; i++)
        {
            var (events, outcomes, sessions) = (Keys('e', i), Keys('o', i), Keys('s', i));
            var decided = 0d;
            if (i % 2 == 0) decided = Decide(events, outcomes, sessions);
            var looked = LookUp(events, outcomes, sessions);
            var once = LookUp(events);
            if (i % 2 != 0) decided = Decide(events, outcomes, sessions);
            if (i < 0) continue;
            ours.Add(decided);
            theirs.Add(looked);
            byOne.Add(once);
        }
        return new Row("decisions/s in process", "the same keys through Dictionary lookup + add", 0.15, 0.4, 0.7,
            [.. ours.Zip(theirs, (o, t) => o / t)],
        [
            string.Create(CultureInfo.InvariantCulture, $"reports through a turn: {Statistics.Median(ours):N0} a "
                + $"second; dictionaries of events' ids, outcomes' ids and sessions: {Statistics.Median(theirs):N0} a "
                + $"second; {Events:N0} reports each time"),
            string.Create(CultureInfo.InvariantCulture, $"against one dictionary, of events' ids alone: "
                + $"{Statistics.Median([.. ours.Zip(byOne, (o, t) => o / t)]):0.00} "
                + $"({Statistics.Median(byOne):N0} a second)"),
        ]);
    }

    private static string[] Keys(char of, int sample) => [.. Enumerable.Range(0, Events)
        .Select(n => string.Create(CultureInfo.InvariantCulture, $"{of}{sample + 2}-{n:D10}"))];

    private static double Decide(string[] events, string[] outcomes, string[] sessions)
    {
        var state = new TenantState();
        var taken = new List<Entry>();
        var terms = new Terms
        {
            Currency = "USD",
            OutcomeTypes = [new OutcomeType { Id = "support.resolution", Price = Amount.Parse("0.99") }],
            Caps = [new Cap { Id = "monthly", Limit = 100_000_000_000 }],
        };
        Turn.Run(state, new Command.Create("load", new PlanRef("load", 1), terms, "UTC", 1, null), Start, Month, taken);
        var commands = events.Select((id, i) =>
            new Command.ReportOutcome(new EventId("/load", id), null, "support.resolution", outcomes[i])
            {
                Session = sessions[i], Fingerprint = (ulong)id.GetHashCode(StringComparison.Ordinal),
            }).ToArray();
        Settle();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < commands.Length; i++)
        {
            taken.Clear();
            if (Turn.Run(state, commands[i], Start + TimeSpan.FromMilliseconds(i), Month,
                taken) is not Answer.Accepted { Duplicate: false })
                throw new InvalidOperationException("a new event was not accepted");
        }
        return commands.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <param name="keys">Of each dictionary.</param>
    private static double LookUp(params string[][] keys)
    {
        var seen = Array.ConvertAll(keys, _ => new Dictionary<string, long>(StringComparer.Ordinal));
        Settle();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Events; i++)
            for (var k = 0; k < seen.Length; k++)
                if (!seen[k].TryGetValue(keys[k][i], out _)) seen[k].Add(keys[k][i], i);
        return Events / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>What the sample before left behind is not collected at this one's cost.</summary>
    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private static Period Month(string zone, int anchorDay, Instant time, Instant? first) =>
        new(new DateOnly(2026, 11, 1), Start, Start + TimeSpan.FromDays(30),
            [.. Enumerable.Range(0, 30).Select(day => day * 24 * 60)]);
}
