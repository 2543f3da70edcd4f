using MeteringGateway.Api.Json;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Operations;

/// <summary>Turns within this process, which is the only one.</summary>
internal sealed class LocalTurns(Dispatcher webhooks) : ITurns
{
    // A queue is here as long as somebody is in it. None is shared: who waits for one thing waits for no other.
    private readonly Dictionary<string, TurnQueue> _queues = new(StringComparer.Ordinal);

    public async ValueTask<IAsyncDisposable> Take(string thing, CancellationToken cancellation)
    {
        try
        {
            await Enter(thing, cancellation);
            return new EndOfTurn(this, thing);
        }
        catch
        {
            ForgetIdle(thing);
            throw;
        }
    }

    public async ValueTask<IAsyncDisposable> TakeWebhooks(CancellationToken cancellation) =>
        await webhooks.Turn(cancellation);

    private Task Enter(string thing, CancellationToken cancellation)
    {
        lock (_queues)
        {
            if (!_queues.TryGetValue(thing, out var queue)) _queues[thing] = queue = new TurnQueue();
            return queue.Enter(cancellation);
        }
    }

    private void ForgetIdle(string thing)
    {
        lock (_queues)
            if (_queues.TryGetValue(thing, out var queue) && queue.IsIdle) _queues.Remove(thing);
    }

    private sealed class EndOfTurn(LocalTurns turns, string thing) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            lock (turns._queues) turns._queues[thing].Leave();
            turns.ForgetIdle(thing);
            return default;
        }
    }
}
