namespace MeteringGateway.Api.Auth;

/// <summary>
/// Requests a second, and as many at once, without a lock: one number says when the bucket will be full again (the
/// generic cell rate algorithm).
/// </summary>
/// <param name="family">What counts there too; null for a key that is of none.</param>
internal sealed class TokenBucket(TokenBucket? family = null)
{
    private long _fullAt; // in ticks of the clock

    /// <summary>
    /// Takes so many; false when there is none, with the time until there will be. Whoever takes more than a second's
    /// share at once is in debt, and waits for longer afterwards.
    /// </summary>
    public bool TryTake(int perSecond, TimeProvider clock, out TimeSpan wait, int many = 1)
    {
        wait = TimeSpan.Zero;
        if (perSecond <= 0) return true;
        var one = Math.Max(1, clock.TimestampFrequency / perSecond);
        if (!TryTake(one, many, clock, out wait)) return false;
        if (family is null) return true;
        var most = (int)Math.Min(int.MaxValue, (long)perSecond * Shares.OfFamily);
        if (family.TryTake(most, clock, out wait, many)) return true;
        Interlocked.Add(ref _fullAt, -one * many);
        return false;
    }

    private bool TryTake(long one, int many, TimeProvider clock, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        var now = clock.GetTimestamp();
        var second = clock.TimestampFrequency;
        while (true)
        {
            var before = Volatile.Read(ref _fullAt);
            var from = Math.Max(before, now);
            if (from + one - now > second)
            {
                wait = TimeSpan.FromSeconds((double)(from + one - now - second) / second);
                return false;
            }
            if (Interlocked.CompareExchange(ref _fullAt, from + (one * many), before) == before) return true;
        }
    }
}
