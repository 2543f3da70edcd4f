using MeteringGateway.Core.Tests.Scenarios;
using Xunit.Abstractions;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>
/// Random histories go through the product and the oracle (N1 to N3, T1 to T6, I1 to I4, O1 to O9, C1 to C9, F1 to F8, A1 to A5, S1,
/// S2, S4, Q2). METERING_HISTORIES sets how many, METERING_SEED the first.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    [Fact]
    public void Random_histories_are_answered_and_counted_as_the_oracle_says()
    {
        var (count, first) = (Setting("METERING_HISTORIES", 2_000), Setting("METERING_SEED", 1));
        var silent = new Dictionary<string, int>();
        var failures = new Dictionary<string, (int Count, History History, Verdict Verdict)>();
        var (steps, reach) = (0L, new Reach());
        for (var seed = first; seed < first + count; seed++)
        {
            var history = HistoryGenerator.Generate(seed);
            var verdict = Duel.Play(history, reach);
            steps += verdict.Step;
            if (verdict.Ambiguous is not null) silent[verdict.Ambiguous] = silent.GetValueOrDefault(verdict.Ambiguous) + 1;
            if (!verdict.Failed) continue;
            var known = failures.TryGetValue(verdict.Kind, out var shortest);
            var keep = known && shortest.Verdict.Step <= verdict.Step;
            failures[verdict.Kind] = (shortest.Count + 1, keep ? shortest.History : history, keep ? shortest.Verdict : verdict);
        }
        output.WriteLine($"{count} histories, {steps} commands");
        foreach (var (what, times) in silent.OrderByDescending(pair => pair.Value))
            output.WriteLine($"{times} ended early: {what}");
        Assert.True(failures.Count == 0,
            string.Join('\n', failures.Values.OrderByDescending(kind => kind.Count)
            .Select(kind => $"{kind.Count} times: {Explain(kind.History, kind.Verdict)}")));
        if (count >= 2_000) Assert.Empty(reach.Missed());
    }

    private static string Explain(History history, Verdict verdict)
    {
        var (smaller, why) = Shrinker.Shrink(history, verdict);
        return $"seed {history.Seed}, step {verdict.Step}: {verdict.Difference}\nshrunk to {smaller.Steps.Count} steps: {why.Difference}\n\n{ScenarioWriter.Write(smaller)}\n";
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
