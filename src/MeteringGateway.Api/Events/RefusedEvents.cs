using System.Collections.Concurrent;
using MeteringGateway.Api.Auth;

namespace MeteringGateway.Api.Events;

/// <summary>
/// Tells the log of events that were refused: of which key, and as what. Nothing that the sender wrote is in it. In a
/// minute a key's refusals with one code are lines at the first of them, the tenth, the hundredth, and so on, so that
/// whoever sends a million has seven.
/// </summary>
internal sealed class RefusedEvents(TimeProvider clock, ILogger<RefusedEvents> log)
{
    private readonly ConcurrentDictionary<(string Key, string Code), long> _refused = new();
    private long _minute;

    public void Note(Principal caller, string code, long events = 1)
    {
        var minute = clock.GetUtcNow().UtcTicks / TimeSpan.TicksPerMinute;
        if (Interlocked.Exchange(ref _minute, minute) != minute) _refused.Clear();
        var all = _refused.AddOrUpdate((caller.Id, code), events, (_, before) => before + events);
        if (Lines(all) > Lines(all - events))
            log.LogWarning("Events by key {Key} ({Role}) were refused as {Code}: {Refused} in this minute", caller.Id,
                caller.Role, code, all);
    }

    private static int Lines(long refused)
    {
        var lines = 0;
        for (; refused > 0; refused /= 10) lines++;
        return lines;
    }
}
