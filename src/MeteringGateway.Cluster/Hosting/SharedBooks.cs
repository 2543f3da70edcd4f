using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// Plans, keys and webhooks as all silos have written them. What another silo wrote is read when somebody needs to
/// know, and at the latest after <see cref="ClusterSettings.BooksPoll"/>.
/// </summary>
internal sealed class SharedBooks(KeyRing keys, PlanBook plans, WebhookBook webhooks, RedisStore store)
    : Books(keys, plans), IDisposable
{
    private readonly KeyRing _keys = keys;
    private readonly PlanBook _plans = plans;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private Task? _next;
    private long _stamp;

    public override bool AreShared => true;

    public override async Task Load(IStore store, string? adminKey, Action<string> show, CancellationToken cancellation)
    {
        await CatchUp(cancellation);
        // Silos that start at the same time would each make one.
        if (adminKey is null && !_keys.HasAdministrator)
            throw new StoreException("There is no administrator yet: set Metering:AdminKey, the same on every silo.");
        await base.Load(store, adminKey, show, cancellation);
    }

    /// <summary>
    /// Whoever comes while the store is being asked shares the next question: it is asked after all of them came.
    /// </summary>
    public override Task CatchUp(CancellationToken cancellation)
    {
        lock (_gate) return (_next ??= Task.Run(Ask, CancellationToken.None)).WaitAsync(cancellation);
    }

    private async Task Ask()
    {
        await _turn.WaitAsync();
        try
        {
            lock (_gate) _next = null;
            var (newest, written) = await store.DocumentsAfter(_stamp, CancellationToken.None);
            foreach (var document in written) Take(document);
            if (written.Any(document => document.Kind == WebhookBook.Kind))
                await webhooks.Load(store, CancellationToken.None);
            _stamp = newest;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private void Take(Document document)
    {
        switch (document.Kind)
        {
            case KeyRing.Kind: _keys.Take(document); break;
            case PlanBook.PlanKind or PlanBook.TermsKind: _plans.Take(document); break;
        }
    }
}
