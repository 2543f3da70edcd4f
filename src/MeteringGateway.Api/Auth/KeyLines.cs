namespace MeteringGateway.Api.Auth;

/// <summary>
/// Which requests of one key have a line in the log: in a minute the first hundred, and then those at each power of ten,
/// so that whoever asks a million times fills nothing.
/// </summary>
internal sealed class KeyLines
{
    private const int Each = 100;
    private long _minute;
    private long _requests;

    /// <summary>Counts one; null: it has no line. Above a hundred the line is about how many they are.</summary>
    public long? Next(TimeProvider clock)
    {
        var minute = clock.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute;
        if (Interlocked.Exchange(ref _minute, minute) != minute) Interlocked.Exchange(ref _requests, 0);
        var requests = Interlocked.Increment(ref _requests);
        return requests <= Each || IsPowerOfTen(requests) ? requests : null;
    }

    public static bool IsOne(long requests) => requests <= Each;

    private static bool IsPowerOfTen(long number)
    {
        while (number > 1 && number % 10 == 0) number /= 10;
        return number == 1;
    }
}
