using System.Collections.Concurrent;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// Turns that are held from elsewhere: each is ended by its ticket, or by time when its holder is heard of no more.
/// </summary>
internal sealed class Tickets(TimeSpan longest)
{
    /// <summary>How long a turn is waited for where it is given: well within the time for an answer.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Guid, IAsyncDisposable> _held = new();

    public Guid Hold(IAsyncDisposable turn)
    {
        var ticket = Guid.NewGuid();
        _held[ticket] = turn;
        _ = EndLater(ticket);
        return ticket;
    }

    public ValueTask End(Guid ticket) => _held.TryRemove(ticket, out var turn) ? turn.DisposeAsync() : default;

    private async Task EndLater(Guid ticket)
    {
        await Task.Delay(longest);
        await End(ticket);
    }
}
