using MeteringGateway.Core.Tests.Oracles;
using MeteringGateway.Core.Tests.Signals;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>What agents are told (S1, S6).</summary>
internal sealed partial class Duel
{
    // Within a turn the order between keys is not said; for one key it is.
    private string? Signals(Seen before)
    {
        var expected = _oracle.Signals.Skip(before.Signals).OrderBy(signal => signal.Key, StringComparer.Ordinal)
            .ToList();
        var actual = _real.Taken.OfType<Entry.StateChanged>().Select(entry => entry.ToSignal(0))
            .OrderBy(signal => signal.Key, StringComparer.Ordinal).ToList();
        if (Same("signals", expected.Select(Text), actual.Select(Text)) is { } difference) return difference;
        foreach (var (should, was) in expected.Zip(actual))
        {
            var stopped = should.Askable.Where(subject => Runtime.Refuses(was, subject)).ToList();
            if (!stopped.SequenceEqual(should.Stops))
                return $"stops of {should.Key}: missing [{string.Join("; ", should.Stops.Except(stopped))}], too many [{string.Join("; ", stopped.Except(should.Stops))}]";
        }
        return null;
    }

    private static string Text(ExpectedSignal signal) =>
        $"{signal.Key} {signal.Action} {signal.State} {signal.Reason} {signal.Handoff}";

    private static string Text(Signal signal) =>
        $"{signal.Key} {signal.Action} {signal.State} {signal.Reason} {signal.Handoff}";
}
