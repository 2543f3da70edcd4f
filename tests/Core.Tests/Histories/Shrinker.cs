namespace MeteringGateway.Core.Tests.Histories;

/// <summary>Drops steps as long as the history still fails in the same way.</summary>
internal static class Shrinker
{
    public static (History History, Verdict Verdict) Shrink(History history, Verdict verdict,
        Func<History, Verdict> play)
    {
        history = history with { Steps = [.. history.Steps.Take(verdict.Step + 1)] };
        for (var chunk = Math.Max(1, history.Steps.Count / 2); chunk >= 1; chunk = chunk == 1 ? 0 : chunk / 2)
            for (var again = true; again;)
                again = DropOnce(ref history, ref verdict, chunk, play);
        return (history, verdict);
    }

    private static bool DropOnce(ref History history, ref Verdict verdict, int chunk,
        Func<History, Verdict> play)
    {
        var dropped = false;
        for (var at = history.Steps.Count - chunk; at >= 0; at -= chunk)
        {
            var smaller = history with { Steps = [.. history.Steps.Take(at), .. history.Steps.Skip(at + chunk)] };
            var outcome = play(smaller);
            if (!outcome.Failed || outcome.Kind != verdict.Kind) continue;
            (history, verdict, dropped) =
                (smaller with { Steps = [.. smaller.Steps.Take(outcome.Step + 1)] }, outcome, true);
            at = Math.Min(at, history.Steps.Count);
        }
        return dropped;
    }
}
