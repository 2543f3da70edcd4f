using System.Collections.Concurrent;
using System.Net;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Auth;

/// <summary>
/// Requests without a valid key, by the address that they come from, minute by minute. Beyond the limit they are
/// answered 429 instead of 401; a valid key from the same address is let in all the same. The log has a line for an
/// address and minute when they begin, and one when the limit is reached.
/// </summary>
/// <param name="most">A minute for an address; 0 is no limit.</param>
internal sealed class Strangers(int most, TimeProvider clock, ILogger log)
{
    /// <summary>Of addresses that are remembered; when there are more, counting begins anew.</summary>
    private const int MostAddresses = 10_000;

    private readonly ConcurrentDictionary<IPAddress, int> _failed = new();
    private long _minute;

    /// <summary>Counts one; not null when the address has had too many.</summary>
    public Problem? Note(IPAddress? address)
    {
        address ??= IPAddress.None;
        var now = clock.GetUtcNow();
        var minute = now.UtcTicks / TimeSpan.TicksPerMinute;
        if (Interlocked.Exchange(ref _minute, minute) != minute || _failed.Count >= MostAddresses) _failed.Clear();
        var failed = _failed.AddOrUpdate(address, 1,
            static (_, before) => before == int.MaxValue ? before : before + 1);
        if (failed == 1) log.LogWarning("A request from {Address} had no valid key", address);
        if (most <= 0 || failed <= most) return null;
        if (failed == most + 1)
            log.LogWarning("More than {Most} requests from {Address} in a minute had no valid key", most, address);
        return Problem.Throttled(TimeSpan.FromMinutes(1) - TimeSpan.FromTicks(now.UtcTicks % TimeSpan.TicksPerMinute));
    }
}
