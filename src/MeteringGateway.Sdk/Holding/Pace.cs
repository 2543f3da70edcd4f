namespace MeteringGateway.Sdk.Holding;

/// <summary>How many units the next slice has: what is needed in a while at the present pace, within bounds.</summary>
/// <param name="units">Of one decision; a slice has a multiple of it.</param>
internal sealed class Pace(AllowanceOptions options, int units, TimeProvider clock)
{
    private const int Growth = 4;
    private const int Share = 8;

    private long _size = options.SmallestSlice;

    /// <param name="slice">The one that is being used up; null: none is.</param>
    /// <param name="remaining">Units that are left for everybody, as far as is known; null: nothing binds.</param>
    public int Next(Slice? slice, long? remaining)
    {
        if (slice is not null)
        {
            var seconds = Math.Max(clock.GetElapsedTime(slice.Began).TotalSeconds, 0.001);
            var used = slice.Quantity - slice.Left;
            // A quarter of its time: the next one is asked for when half of it is used.
            var wanted = used / seconds * options.SliceTime.TotalSeconds / 4;
            _size = (long)Math.Min(wanted, _size * (double)Growth);
        }
        var most = (long)options.LargestSlice;
        // What little is left is shared with others.
        if (remaining is { } left) most = Math.Min(most, Math.Max(options.SmallestSlice, left / Share));
        _size = Math.Clamp(_size, options.SmallestSlice, most);
        return (int)Math.Min(100_000 / units * (long)units, Math.Max(1, (_size + units - 1) / units) * units);
    }
}
