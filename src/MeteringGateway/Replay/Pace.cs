using System.Diagnostics;
using MeteringGateway.Core;

namespace MeteringGateway.Replay;

/// <summary>
/// Replays event time: an event is due when as much time has passed since the first, divided by the speed.
/// </summary>
internal sealed class Pace(double? speed)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private Instant? _first;

    public bool MustWait(EventLine line) => Left(line) > TimeSpan.Zero;

    public async Task Wait(EventLine line, CancellationToken cancellation)
    {
        // A delay is at most 49 days; a slow replay of a year's events waits in parts.
        while (Left(line) is var left && left > TimeSpan.Zero)
            await Task.Delay(left < TimeSpan.FromDays(1) ? left : TimeSpan.FromDays(1), cancellation);
    }

    private TimeSpan Left(EventLine line)
    {
        if (speed is not { } times || line.Time is not { } time) return TimeSpan.Zero;
        _first ??= time;
        return (time - _first.Value) / times - Stopwatch.GetElapsedTime(_started);
    }
}
