using System.Diagnostics;
using System.Globalization;
using MeteringGateway.Core;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// Decisions in process, with nothing written: reports through a tenant's turn against the same keys through a
/// dictionary. Both see the same strings, each new, and begin empty. A report hashes that of the event with
/// SHA-256, which elsewhere its reader does; its command was made before, as the string was.
/// </summary>
public static class DecisionsRow
{
    private const int Events = 100_000;
    private static readonly Instant Start = Instant.Parse("2026-11-01T00:00:00.000Z");

    public static Row Measure(Options options)
    {
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var i = options.First; i < options.Pairs; i++)
        {
            var keys = Enumerable.Range(0, Events)
                .Select(n => string.Create(CultureInfo.InvariantCulture, $"e{i + 2}-{n:D10}")).ToArray();
            var decided = 0d;
            if (i % 2 == 0) decided = Decide(keys);
            var looked = LookUp(keys);
            if (i % 2 != 0) decided = Decide(keys);
            if (i < 0) continue;
            ours.Add(decided);
            theirs.Add(looked);
        }
        return new Row("decisions/s in process", "the same keys through Dictionary lookup + add", 0.15, 0.4, 0.7,
            [.. ours.Zip(theirs, (o, t) => o / t)],
        [
            string.Create(CultureInfo.InvariantCulture,
                $"reports through a turn: {Statistics.Median(ours):N0} a second; dictionary: {Statistics.Median(theirs):N0} a second; {Events:N0} new keys each time"),
        ]);
    }

    private static double Decide(string[] keys)
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
        var commands = Array.ConvertAll(keys, key =>
            new Command.ReportOutcome(new EventId("/load", key), null, "support.resolution",
                key) { Fingerprint = (ulong)key.GetHashCode(StringComparison.Ordinal) });
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

    private static double LookUp(string[] keys)
    {
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        Settle();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < keys.Length; i++)
        {
            if (!seen.TryGetValue(keys[i], out _)) seen.Add(keys[i], i);
        }
        return keys.Length / Stopwatch.GetElapsedTime(started).TotalSeconds;
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
