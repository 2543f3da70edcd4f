using MeteringGateway.Core.Tests.Oracles;
using MeteringGateway.Core.Tests.Scenarios;
using Xunit.Abstractions;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>
/// Short histories of one session and nothing else, so that there can be very many of them: what comes of each outcome
/// is what the oracle says, whatever came late and in whatever order, and is the same when it is judged once more (I4,
/// O2 to O6; 0001, 1 to 12, 26 and 27).
/// METERING_SESSIONS sets how many, METERING_SEED the first, METERING_SEEDS names some.
/// </summary>
public sealed class SessionHistoryTests(ITestOutputHelper output)
{
    [Fact]
    public void What_happens_in_one_session_comes_to_what_the_oracle_says()
    {
        var (silent, differences) = (new Dictionary<string, int>(), new List<string>());
        foreach (var seed in HistoryTests.Seeds("METERING_SESSIONS", 3_000))
        {
            var history = SessionHistory.Generate(seed);
            var verdict = Play(history);
            if (verdict.Ambiguous is { } why) silent[why] = silent.GetValueOrDefault(why) + 1;
            if (!verdict.Failed || differences.Count == 20) continue;
            var (smaller, shown) = Shrinker.Shrink(history, verdict, Play);
            differences.Add($"seed {seed}: {verdict.Difference}\nshrunk to {smaller.Steps.Count} steps: "
                + $"{shown.Difference}\n\n{ScenarioWriter.Write(smaller)}\n");
        }
        foreach (var (why, times) in silent) output.WriteLine($"{times} ended early: {why}");
        Assert.True(differences.Count == 0, string.Join('\n', differences.OrderBy(one => one.Length)));
    }

    private static Verdict Play(History history)
    {
        var (real, oracle) = (new RealTenant(), new Oracle(TestCalendar.Of));
        real.Run(history.Create, history.Start);
        oracle.Run(history.Create, history.Start);
        for (var index = 0; index < history.Steps.Count; index++)
        {
            var step = history.Steps[index];
            try
            {
                var expected = oracle.Run(step.Command!, step.Now);
                var answer = real.Run(step.Command!, step.Now);
                if ((Told(expected, answer) ?? Duel.Outcomes(oracle, real) ?? Again(real, step)) is { } difference)
                    return new Verdict(index, difference, null);
            }
            catch (AmbiguousException why)
            {
                return new Verdict(index, null, why.Message);
            }
            catch (Exception thrown)
            {
                return new Verdict(index, Duel.Thrown(thrown), null);
            }
        }
        return new Verdict(history.Steps.Count, null, null);
    }

    private static string? Told(Expected expected, Answer answer) => (expected, answer) switch
    {
        (Expected.Accepted should, Answer.Accepted taken) when should.Status == taken.Outcome?.Status
            && should.Reason == taken.Outcome?.Reason => null,
        (Expected.Done, Answer.Done) => null,
        (Expected.Refused should, Answer.Refused refused) when should.Code == refused.Code => null,
        _ => $"answer: expected {expected}, was {answer}",
    };

    /// <summary>
    /// 0001, 6: what is judged once more, as after a restart, is judged as before. What the buyer accepts changes
    /// nothing, but has the session judged.
    /// </summary>
    private static string? Again(RealTenant real, Step step)
    {
        var about = step.Command switch
        {
            Command.ReportOutcome report => report.OutcomeId,
            Command.ReportFact fact => fact.OutcomeId,
            _ => "r1",
        };
        var anew = TenantState.Restore(real.State.Snapshot());
        var accepts = EventText.Fingerprinted(
            new Command.ReportFact(new EventId("/buyer", "again"), null, about, FactKind.VerdictAccepted));
        Core.Turn.Run(anew, accepts, step.Now, TestCalendar.Of, []);
        var (before, after) = (Standing(real.State), Standing(anew));
        return before == after ? null : $"judged again: {before}; then {after}";
    }

    private static string Standing(TenantState state) => string.Join(", ",
        state.Outcomes(new OutcomeFilter(), null, 1_000).Outcomes.OrderBy(one => one.Id, StringComparer.Ordinal)
            .Select(one => $"{one.Id} {one.Status} {one.Reason}"));
}
