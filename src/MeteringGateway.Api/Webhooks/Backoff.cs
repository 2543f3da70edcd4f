namespace MeteringGateway.Api.Webhooks;

/// <summary>When a delivery is tried again.</summary>
internal static class Backoff
{
    /// <summary>However long it has waited its turn, it is tried so often.</summary>
    private const int LeastTries = 5;

    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10),
        TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(6),
    ];

    /// <summary>Null: never, it is given up.</summary>
    /// <param name="tries">Attempts so far, all failed; 1 or more.</param>
    /// <param name="asked">What the receiver asked for in Retry-After.</param>
    public static Instant? Next(int tries, Instant now, Instant giveUpAt, TimeSpan? asked)
    {
        if (now >= giveUpAt && tries >= LeastTries) return null;
        var longest = Delays[^1];
        var delay = Delays[Math.Min(tries, Delays.Length) - 1];
        // Up to a quarter more, so that what failed together does not come back together.
        delay *= 1 + Random.Shared.NextDouble() / 4;
        if (asked > delay) delay = asked < longest ? asked.Value : longest;
        var next = now + delay;
        return now < giveUpAt ? Instant.Min(next, giveUpAt) : next;
    }
}
