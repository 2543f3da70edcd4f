namespace MeteringGateway.Api.Json;

/// <summary>
/// Turns in which what is configured is changed: a precondition and its change belong together. Dispose what comes back
/// to end a turn.
/// </summary>
internal interface ITurns
{
    /// <summary>Waits for the turn of <paramref name="thing"/>.</summary>
    ValueTask<IAsyncDisposable> Take(string thing, CancellationToken cancellation);

    /// <summary>
    /// Waits for the turn of whoever sends webhooks. What was told before it goes by what the webhooks were before, and
    /// what comes after by what they are then.
    /// </summary>
    ValueTask<IAsyncDisposable> TakeWebhooks(CancellationToken cancellation);
}
