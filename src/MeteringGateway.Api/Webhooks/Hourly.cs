namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// So many an hour of each of many. It is kept in memory: whoever starts anew counts from the beginning.
/// </summary>
/// <param name="most">In any hour; 1 or more.</param>
internal sealed class Hourly(int most)
{
    private const int Swept = 1_000;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Instant>> _taken = new(StringComparer.Ordinal);
    private int _sweepAt = Swept;

    /// <summary>How long until one more may be; zero: now.</summary>
    public TimeSpan Wait(string of, Instant now)
    {
        lock (_gate)
        {
            if (!_taken.TryGetValue(of, out var times)) return TimeSpan.Zero;
            times.RemoveAll(at => at + Hour <= now);
            return times.Count < most ? TimeSpan.Zero : times[0] + Hour - now;
        }
    }

    public void Take(string of, Instant now)
    {
        lock (_gate)
        {
            if (!_taken.TryGetValue(of, out var times)) _taken[of] = times = [];
            times.Add(now);
            if (_taken.Count < _sweepAt) return;
            foreach (var (key, old) in _taken.ToList())
                if (old.TrueForAll(one => one + Hour <= now)) _taken.Remove(key);
            _sweepAt = Math.Max(Swept, 2 * _taken.Count);
        }
    }

    /// <summary>One that was taken is not, after all.</summary>
    public void GiveBack(string of)
    {
        lock (_gate)
            if (_taken.TryGetValue(of, out var times) && times.Count > 0) times.RemoveAt(times.Count - 1);
    }
}
