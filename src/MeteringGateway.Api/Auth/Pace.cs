using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Auth;

/// <summary>
/// Holds a key to its events a second (N4). A request is refused while the key is in debt; a stream is read more
/// slowly.
/// </summary>
internal sealed class Pace(Principal caller, MeteringLimits limits, TimeProvider clock)
{
    /// <summary>Null: they may be taken, and are counted.</summary>
    public Problem? Refuse(int events) =>
        caller.Events.TryTake(limits.EventsPerSecond, clock, out var wait, events) ? null : Problem.Throttled(wait);

    public async ValueTask Wait(int events, CancellationToken cancellation)
    {
        while (!caller.Events.TryTake(limits.EventsPerSecond, clock, out var wait, events))
            await Task.Delay(wait, clock, cancellation);
    }
}
