using MeteringGateway.Api.Json;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Operations;

/// <summary>Turns within this process, which is the only one.</summary>
internal sealed class LocalTurns(Dispatcher webhooks) : ITurns
{
    // Striped: two things may share a turn, one thing never has two.
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    public async ValueTask<IAsyncDisposable> Take(string thing, CancellationToken cancellation)
    {
        var turn = _turns[(uint)string.GetHashCode(thing, StringComparison.Ordinal) % (uint)_turns.Length];
        await turn.WaitAsync(cancellation);
        return new EndOfTurn(turn);
    }

    public async ValueTask<IAsyncDisposable> TakeWebhooks(CancellationToken cancellation) =>
        await webhooks.Turn(cancellation);

    private sealed class EndOfTurn(SemaphoreSlim turn) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            turn.Release();
            return default;
        }
    }
}
