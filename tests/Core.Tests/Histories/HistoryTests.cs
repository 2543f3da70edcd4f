using MeteringGateway.Core.Tests.Scenarios;
using Xunit.Abstractions;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>
/// Random histories go through the product and the oracle (N1 to N3, T1 to T6, I1 to I4, O1 to O9, C1 to C9, F1 to F8,
/// A1 to A5, S1, S2, S4, Q2). METERING_HISTORIES sets how many, METERING_SEED the first; METERING_SEEDS names some, and
/// no others are played. METERING_THREADS plays so many at a time. METERING_CROWDED sets how many there are of those
/// with many outcomes a session, from METERING_SEED on.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private readonly Dictionary<string, int> _silent = [];
    private readonly Dictionary<string, (List<int> Seeds, History History, Verdict Verdict)> _failures = [];
    private readonly Reach _reach = new();
    private long _steps;

    [Fact]
    public void Random_histories_are_answered_and_counted_as_the_oracle_says()
    {
        var seeds = Seeds("METERING_HISTORIES", 2_000);
        Play(seeds, crowded: false);
        if (seeds.Length >= 2_000) Assert.Empty(_reach.Missed());
    }

    [Fact]
    public void Crowded_sessions_are_answered_and_counted_as_the_oracle_says() =>
        Play([.. Enumerable.Range(Setting("METERING_SEED", 1), Setting("METERING_CROWDED", 200))], crowded: true);

    private void Play(int[] seeds, bool crowded)
    {
        Parallel.ForEach(seeds, new ParallelOptions { MaxDegreeOfParallelism = Setting("METERING_THREADS", 1) }, seed =>
        {
            var (history, reach) = (HistoryGenerator.Generate(seed, crowded), new Reach());
            var verdict = Duel.Play(history, reach);
            lock (_failures) Note(history, verdict, reach);
        });
        output.WriteLine($"{seeds.Length} histories, {_steps} commands");
        foreach (var (what, times) in _silent.OrderByDescending(pair => pair.Value))
            output.WriteLine($"{times} ended early: {what}");
        Assert.True(_failures.Count == 0,
            string.Join('\n', _failures.Values.OrderByDescending(kind => kind.Seeds.Count)
            .Select(kind =>
                $"{kind.Seeds.Count} times ({string.Join(' ', kind.Seeds.Order().Take(20))}): {Explain(kind.History, kind.Verdict)}")));
    }

    private void Note(History history, Verdict verdict, Reach reach)
    {
        _reach.Note(reach);
        _steps += verdict.Step;
        if (verdict.Ambiguous is not null)
            _silent[verdict.Ambiguous] = _silent.GetValueOrDefault(verdict.Ambiguous) + 1;
        if (!verdict.Failed) return;
        var known = _failures.TryGetValue(verdict.Kind, out var shortest);
        var keep = known && shortest.Verdict.Step <= verdict.Step;
        _failures[verdict.Kind] =
            ([.. shortest.Seeds ?? [], history.Seed], keep ? shortest.History : history,
                keep ? shortest.Verdict : verdict);
    }

    private static string Explain(History history, Verdict verdict)
    {
        var (smaller, why) = Shrinker.Shrink(history, verdict, one => Duel.Play(one));
        return $"seed {history.Seed}, step {verdict.Step}: {verdict.Difference}\nshrunk to {smaller.Steps.Count} steps: {why.Difference}\n\n{ScenarioWriter.Write(smaller)}\n";
    }

    /// <param name="setting">How many, from METERING_SEED on; METERING_SEEDS names some, and no others.</param>
    internal static int[] Seeds(string setting, int otherwise) =>
        Environment.GetEnvironmentVariable("METERING_SEEDS") is { Length: > 0 } some
        ? [.. some.Split(' ').Select(int.Parse)]
        : [.. Enumerable.Range(Setting("METERING_SEED", 1), Setting(setting, otherwise))];

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
