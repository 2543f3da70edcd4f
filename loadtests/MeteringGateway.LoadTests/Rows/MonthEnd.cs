using System.Globalization;
using MeteringGateway.Core;

namespace MeteringGateway.LoadTests.Rows;

/// <summary>
/// A month's end of one large tenant in process, turn by turn: which of its turns are the longest. Half of its outcomes
/// have a session of their own, and the month after it is as large, so that the second closing forgets what the first
/// had to remember.
/// </summary>
internal static class MonthEnd
{
    private const int Shown = 3;
    private static readonly Instant Start = Instant.Parse("2026-11-01T00:00:00.000Z");

    public static void Run(int outcomes, TextWriter output)
    {
        var state = new TenantState();
        var taken = new List<Entry>();
        var terms = new Terms
        {
            Currency = "USD",
            OutcomeTypes = [new OutcomeType { Id = "support.resolution", Price = Amount.Parse("0.99") }],
        };
        Turn.Run(state, new Command.Create("big", new PlanRef("big", 1), terms, "UTC", 1, null), Start, Month, taken);
        for (var month = 0; month < 2; month++)
        {
            var begins = Month("UTC", 1, Start + TimeSpan.FromDays(31 * month), null).Start;
            for (var i = 0; i < outcomes; i++)
            {
                taken.Clear();
                Turn.Run(state, new Command.ReportOutcome(new EventId("/load", $"m{month}-{i}"), null,
                    "support.resolution", $"m{month}-{i}") { Session = i % 2 == 0 ? null : $"s{month}-{i}" },
                    begins + TimeSpan.FromMilliseconds(2_000_000_000d * i / outcomes), Month, taken);
            }
            End(state, begins + TimeSpan.FromDays(37), output);
        }
    }

    private static void End(TenantState state, Instant now, TextWriter output)
    {
        GC.Collect();
        var (turns, pauses) = (new List<(double Ms, double Mib, string What)>(), GC.GetTotalPauseDuration());
        foreach (var command in (Command[])[new Command.Tick(), new Command.Archive()])
        {
            Answer answer;
            do
            {
                var (began, had, taken) = (Cpu(), GC.GetAllocatedBytesForCurrentThread(), new List<Entry>());
                answer = Turn.Run(state, command, now, Month, taken);
                turns.Add(((Cpu() - began) * 1e3, (GC.GetAllocatedBytesForCurrentThread() - had) / 1048576d,
                    string.Join(" ", taken.GroupBy(entry => entry.GetType().Name)
                        .Select(kind => $"{kind.Count()} {kind.Key}"))));
                state.TakeDeparted();
            }
            while (answer is Answer.Unfinished);
        }
        output.WriteLine(FormattableString.Invariant(
            $"{turns.Count:N0} turns, {turns.Sum(one => one.Ms):N0} ms of CPU, {turns.Sum(one => one.Mib):N0} MiB"));
        output.WriteLine(FormattableString.Invariant(
            $"pauses of the collector {(GC.GetTotalPauseDuration() - pauses).TotalMilliseconds:N0} ms; the longest:"));
        foreach (var (ms, mib, what) in turns.OrderByDescending(turn => turn.Ms).Take(Shown))
            output.WriteLine(FormattableString.Invariant($"  {ms:0.0} ms, {mib:0.0} MiB: {what}"));
    }

    /// <summary>Seconds that this thread has run: on a busy machine the clock says little.</summary>
    private static double Cpu() =>
        double.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1e9;

    private static Period Month(string zone, int anchorDay, Instant time, Instant? first)
    {
        var month = DateTime.UnixEpoch.AddMilliseconds((first ?? time).UnixMilliseconds);
        var (begins, days) = (new DateOnly(month.Year, month.Month, 1), DateTime.DaysInMonth(month.Year, month.Month));
        var start = Start + (begins.ToDateTime(default) - new DateTime(2026, 11, 1));
        return new(begins, start, start + TimeSpan.FromDays(days),
            [.. Enumerable.Range(0, days).Select(day => day * 24 * 60)]);
    }
}
