namespace MeteringGateway.Api.Webhooks;

/// <summary>How deliveries reach a receiver: over HTTP, or by mail.</summary>
internal interface ICarrier : IDisposable
{
    /// <summary>One attempt.</summary>
    /// <param name="deliveries">Of one tenant, newest first; one, unless the receiver takes several at once.</param>
    /// <param name="trace">The span of this attempt, as W3C writes it; null: it has none.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/>: nobody knows what the receiver has
    /// got.</exception>
    Task<Attempt> Send(StoredWebhook to, IReadOnlyList<Delivery> deliveries, string? trace, CancellationToken stop);
}
