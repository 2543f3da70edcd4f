namespace MeteringGateway.Api.Auth;

/// <summary>
/// One time for all that is done for a request, however many silos and stores are asked on the way: when it is over,
/// what is under way is given up, and the caller is told that the outcome is unknown. An answer that has begun may take
/// as long as its reader does.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private readonly HttpContext _context;
    private readonly CancellationToken _callers;
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenSource _either;
    private readonly TimeSpan _patience;
    private bool _isOver;

    public Deadline(HttpContext context, TimeSpan patience, TimeProvider clock)
    {
        (_context, _callers, _patience) = (context, context.RequestAborted, patience);
        _late = new CancellationTokenSource(patience, clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_callers, _late.Token);
        context.RequestAborted = _either.Token;
        context.Features.Set(this);
        context.Response.OnStarting(static state =>
        {
            ((Deadline)state).Lift();
            return Task.CompletedTask;
        }, this);
    }

    /// <summary>It is over, one way or the other: who is told so can be written to.</summary>
    /// <returns>The failure, or what it came from: there was no more time.</returns>
    public Exception End(Exception failure)
    {
        _context.RequestAborted = _callers;
        return failure is OperationCanceledException && _late.IsCancellationRequested
            ? new TenantUnavailableException($"all that was asked for took longer than {_patience:c}", failure)
            : failure;
    }

    /// <summary>What has no body begins when all of this is over.</summary>
    private void Lift()
    {
        if (!_isOver) _late.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _isOver = true;
        _context.RequestAborted = _callers;
        _either.Dispose();
        _late.Dispose();
    }
}
