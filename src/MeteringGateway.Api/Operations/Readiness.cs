using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Operations;

/// <summary>Whether the product can answer. It starts unready, becomes ready once, and after a failure is never ready again.</summary>
internal sealed class Readiness
{
    private volatile Problem? problem = NotReady("recovery is under way");
    private volatile Problem? draining;
    private volatile bool failed;

    /// <summary>Null when ready; otherwise what every call is answered.</summary>
    public Problem? Problem => problem;

    /// <summary>As <see cref="Problem"/>, and also not null when no new callers should come, though those who do are answered.</summary>
    public Problem? Health => problem ?? draining;

    public bool HasFailed => failed;

    /// <summary>The process is about to stop.</summary>
    public void Drain() => draining = NotReady("shutting down");

    public void Ready()
    {
        if (!failed) problem = null;
    }

    /// <param name="reason">For whoever asks; without paths or secrets.</param>
    public void Fail(string reason)
    {
        failed = true;
        problem = NotReady(reason);
    }

    private static Problem NotReady(string reason) =>
        new(StatusCodes.Status503ServiceUnavailable, "not_ready", $"Not ready: {reason}.") { RetryAfter = 1 };
}
