namespace MeteringGateway.Sdk;

/// <summary>What the gateway says is wrong (RFC 9457).</summary>
/// <param name="Status">HTTP's.</param>
/// <param name="Code">Stable, and what a caller should branch on: <c>unknown_tenant</c>, <c>forbidden</c>, ...</param>
/// <param name="Detail">For people.</param>
/// <param name="Errors">Of bad input: where and why.</param>
public sealed record Problem(int Status, string Code, string? Detail = null,
    IReadOnlyList<ProblemError>? Errors = null);

/// <summary>One thing that is wrong with what was sent.</summary>
/// <param name="Pointer">RFC 6901, into the request's JSON; empty for the whole.</param>
/// <param name="Detail">For people.</param>
public sealed record ProblemError(string Pointer, string Detail);

/// <summary>The gateway refused what was asked, and will refuse it again.</summary>
public class MeteringException : Exception
{
    /// <param name="problem">What it said.</param>
    public MeteringException(Problem problem) : base(Words(problem)) => Problem = problem;

    private protected MeteringException(Problem problem, Exception? cause) : base(Words(problem), cause) =>
        Problem = problem;

    /// <summary>What the gateway said.</summary>
    public Problem Problem { get; }

    /// <summary>Stable, and what a caller should branch on.</summary>
    public string Code => Problem.Code;

    private static string Words(Problem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        var errors = problem.Errors is { Count: > 0 } all
            ? ": " + string.Join("; ", all.Take(5).Select(error => $"{error.Pointer} {error.Detail}")) : "";
        return $"{problem.Code} ({problem.Status}): {problem.Detail}{errors}";
    }
}

/// <summary>
/// There was no answer, or none that says whether it was done, however often it was asked: ask again later, with the
/// same event ids or Idempotency-Key.
/// </summary>
public sealed class MeteringUnavailableException : MeteringException
{
    internal MeteringUnavailableException(Problem problem, Exception? cause) : base(problem, cause)
    {
    }
}
