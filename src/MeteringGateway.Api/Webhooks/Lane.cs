using System.Collections.Concurrent;
using System.Diagnostics;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// What is under way to one receiver: at most one attempt of each tenant, and so many at once. The dispatcher alone
/// uses it; an attempt reports by <paramref name="ended"/>, from any thread.
/// </summary>
/// <param name="webhook">The receiver's key.</param>
/// <param name="carrier">Its own, and disposed with it.</param>
internal sealed class Lane(string webhook, int concurrency, ICarrier carrier, TimeProvider clock, ILogger log,
    Trails trails,
    Action<Lane, IReadOnlyList<Delivery>, Attempt> ended) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Task> _underWay = new(StringComparer.Ordinal);

    public string Webhook => webhook;

    /// <summary>When its deliveries are to be looked at again.</summary>
    public Instant LookAt { get; set; } = Instant.MinValue;

    public bool HasRoom => _underWay.Count < concurrency;

    /// <summary>Deliveries that waited when it was last looked at; counted for mails alone.</summary>
    public int Waiting { get; set; }

    public bool IsUnderWay(string tenant) => _underWay.ContainsKey(tenant);

    public void Send(StoredWebhook to, params IReadOnlyList<Delivery> deliveries)
    {
        // Held back until it is entered below: it may end before.
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _underWay[deliveries[0].Tenant] = Attempt(to, deliveries, entered.Task);
        entered.SetResult();
    }

    /// <summary>The dispatcher has taken note of an attempt: the tenant's next may go.</summary>
    public void Settled(Delivery delivery) => _underWay.TryRemove(delivery.Tenant, out _);

    /// <summary>Breaks off what is under way; nobody is told of it, and what was not ended is sent again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_underWay.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        carrier.Dispose();
        _stop.Dispose();
    }

    private async Task Attempt(StoredWebhook to, IReadOnlyList<Delivery> deliveries, Task entered)
    {
        await entered;
        var delivery = deliveries[0];
        using var span = Tracing.Follow(trails.Of(delivery.Tenant, delivery.Sequence), "webhook", ActivityKind.Client,
            delivery.Tenant);
        span?.SetTag("metering.webhook", webhook).SetTag("metering.alert", delivery.Type);
        Attempt attempt;
        try
        {
            attempt = await carrier.Send(to, deliveries, span?.Id, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // An attempt that nobody took note of would hold its tenant up for good.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            log.LogError(failure, "An attempt to deliver {Delivery} to {Receiver} failed here", delivery.Id,
                webhook);
            attempt = new Attempt(new AttemptWire(Instant.From(clock.GetUtcNow()).ToString(), null, "connection_failed",
                0), null);
        }
        span?.SetTag("http.response.status_code", attempt.Wire.StatusCode);
        if (!attempt.Succeeded) span?.SetStatus(ActivityStatusCode.Error, attempt.Wire.Error);
        ended(this, deliveries, attempt);
    }
}
