namespace MeteringGateway.Api.Auth;

/// <summary>
/// Requests a second, and as many at once, without a lock: one number says when the bucket will be full again (the
/// generic cell rate algorithm).
/// </summary>
internal sealed class TokenBucket
{
    private long _fullAt; // in ticks of the clock

    /// <summary>Takes one; false when there is none, with the time until there will be.</summary>
    public bool TryTake(int perSecond, TimeProvider clock, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        if (perSecond <= 0) return true;
        var now = clock.GetTimestamp();
        var second = clock.TimestampFrequency;
        var one = Math.Max(1, second / perSecond);
        while (true)
        {
            var before = Volatile.Read(ref _fullAt);
            var after = Math.Max(before, now) + one;
            if (after - now > second)
            {
                wait = TimeSpan.FromSeconds((double)(after - now - second) / second);
                return false;
            }
            if (Interlocked.CompareExchange(ref _fullAt, after, before) == before) return true;
        }
    }
}
