using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;
using Orleans.Concurrency;

namespace MeteringGateway.Cluster.Grains;

/// <summary>One at a time changes a thing that is configured; the key is the thing.</summary>
[Alias("metering.turn")]
internal interface ITurnGrain : IGrainWithStringKey
{
    /// <summary>
    /// The answer is waited for longer than any caller waits: of one who has gone, it says which turn to end. If it
    /// were lost, each of these turns would hold up the others for its ten seconds.
    /// </summary>
    /// <returns>A ticket that ends the turn, which ends by itself after ten seconds; none: too many wait.</returns>
    [Alias("take"), ResponseTimeout("00:01:00")]
    Task<Guid> Take();

    [Alias("end")]
    Task End(Guid ticket);
}

/// <summary>
/// If its silo dies, two may have the turn for a moment; what they store has versions that are written once, so one of
/// them is told that it came too late.
/// </summary>
[Reentrant, GrainType("turn")]
internal sealed class TurnGrain : Grain, ITurnGrain, IDisposable
{
    private readonly TurnQueue _turn = new();
    private readonly Tickets _tickets = new(TimeSpan.FromSeconds(10));

    public async Task<Guid> Take()
    {
        using var waited = new CancellationTokenSource(Tickets.LongestWait);
        try
        {
            await _turn.Enter(waited.Token);
            return _tickets.Hold(new Ended(_turn));
        }
        catch (ProblemException)
        {
            return Guid.Empty;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("others have the turn");
        }
    }

    public Task End(Guid ticket) => _tickets.End(ticket).AsTask();

    public void Dispose() => _turn.Dispose();

    private sealed class Ended(TurnQueue turn) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            turn.Leave();
            return default;
        }
    }
}
