using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// Whether the product can answer. It starts unready, becomes ready once, and after a failure is never ready again.
/// </summary>
internal sealed class Readiness
{
    private volatile Problem? _problem = NotReady("recovery is under way");
    private volatile Problem? _draining;
    private volatile bool _failed;
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it is ready for the first time, or has failed.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Null when ready; otherwise what every call is answered.</summary>
    public Problem? Problem => _problem;

    /// <summary>
    /// As <see cref="Problem"/>, and also not null when no new callers should come, though those who do are answered.
    /// </summary>
    public Problem? Health => _problem ?? _draining ?? (Doubt?.Invoke() is { } reason ? NotReady(reason) : null);

    /// <summary>Asked whether new callers should come at this moment: null, or why they should not.</summary>
    public Func<string?>? Doubt { get; set; }

    /// <summary>The process is about to stop.</summary>
    public void Drain() => _draining = NotReady("shutting down");

    public void Ready()
    {
        if (!_failed) _problem = null;
        _settled.TrySetResult();
    }

    /// <param name="reason">For whoever asks; without paths or secrets.</param>
    /// <returns>False: it had failed before.</returns>
    public bool Fail(string reason)
    {
        var isFirst = !_failed;
        _failed = true;
        _problem = NotReady(reason);
        _settled.TrySetResult();
        return isFirst;
    }

    private static Problem NotReady(string reason) =>
        new(StatusCodes.Status503ServiceUnavailable, "not_ready", $"Not ready: {reason}.") { RetryAfter = 1 };
}
