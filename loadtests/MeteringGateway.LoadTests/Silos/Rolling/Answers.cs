using System.Collections.Concurrent;
using System.Globalization;

namespace MeteringGateway.LoadTests.Silos.Rolling;

/// <summary>How requests of a kind were answered, and how long they took from when they were due.</summary>
internal sealed class Answers
{
    private readonly ConcurrentDictionary<(string Kind, string Answer), int> _counts = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<double>> _seconds = new(StringComparer.Ordinal);

    /// <param name="answer">The status, with the problem's code where it is none of 2xx; or why there was none.</param>
    public void Add(string kind, string answer, double seconds)
    {
        _counts.AddOrUpdate((kind, answer), 1, (_, count) => count + 1);
        _seconds.GetOrAdd(kind, _ => []).Enqueue(seconds);
    }

    public int Total => _counts.Values.Sum();

    /// <summary>Answers that are neither 2xx nor a 503 that says to send the same again.</summary>
    public IEnumerable<string> Unexpected => _counts.Keys
        .Where(one => !one.Answer.StartsWith('2') && one.Answer != "503 unavailable")
        .Select(one => string.Create(CultureInfo.InvariantCulture, $"{_counts[one]} x {one.Kind}: {one.Answer}"));

    public IEnumerable<string> Lines() => _seconds.Order(Comparer<KeyValuePair<string, ConcurrentQueue<double>>>
        .Create((a, b) => string.CompareOrdinal(a.Key, b.Key))).Select(kind =>
        {
            var sorted = kind.Value.Order().ToArray();
            double At(double share) => 1000 * sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
            var counts = string.Join(", ", _counts.Where(one => one.Key.Kind == kind.Key)
                .OrderBy(one => one.Key.Answer, StringComparer.Ordinal)
                .Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key.Answer}: {one.Value:N0}")));
            return string.Create(CultureInfo.InvariantCulture,
                $"{kind.Key}: {counts}; ms from when it was due: median {At(0.5):0.0}, p99 {At(0.99):0.0}, worst {At(1):0}");
        });
}
