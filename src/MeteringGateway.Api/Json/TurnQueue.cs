using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Json;

/// <summary>One at a time, in the order in which they came; so many may wait, and whoever is more is told so.</summary>
internal sealed class TurnQueue : IDisposable
{
    /// <summary>Who has the turn, and who waits for it, about (N4).</summary>
    public const int Most = 1_000;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private int _here;

    public bool IsIdle => Volatile.Read(ref _here) == 0;

    /// <summary>Returns when it is the caller's turn, who then calls <see cref="Leave"/>.</summary>
    /// <exception cref="ProblemException">503 <c>busy</c>: too many wait; thrown at once.</exception>
    public Task Enter(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _here) >= Most) throw new ProblemException(Problem.Busy());
        return Wait(cancellation);
    }

    /// <summary>The same for one who is never told to come again.</summary>
    public async Task Wait(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _here);
        try
        {
            await _turn.WaitAsync(cancellation);
        }
        catch
        {
            Interlocked.Decrement(ref _here);
            throw;
        }
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _here);
        _turn.Release();
    }

    public void Dispose() => _turn.Dispose();
}
