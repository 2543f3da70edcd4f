using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// Plans, keys and webhooks as all silos have written them. What another silo wrote is read when somebody needs to know, and at
/// the latest after <see cref="ClusterSettings.BooksPoll"/>.
/// </summary>
internal sealed class SharedBooks(KeyRing keys, PlanBook plans, WebhookBook webhooks, RedisStore store) : Books(keys, plans), IDisposable
{
    private readonly KeyRing keys = keys;
    private readonly PlanBook plans = plans;
    private readonly SemaphoreSlim turn = new(1, 1);
    private long stamp;

    public override bool AreShared => true;

    public override async Task Load(IStore store, string? adminKey, Action<string> show, CancellationToken cancellation)
    {
        await CatchUp(cancellation);
        // Silos that start at the same time would each make one.
        if (adminKey is null && !keys.HasAdministrator) throw new StoreException("There is no administrator yet: set Metering:AdminKey, the same on every silo.");
        await base.Load(store, adminKey, show, cancellation);
    }

    public override async Task CatchUp(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            var (newest, written) = await store.DocumentsAfter(stamp, cancellation);
            foreach (var document in written) Take(document);
            if (written.Any(document => document.Kind == WebhookBook.Kind)) await webhooks.Load(store, cancellation);
            stamp = newest;
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    private void Take(Document document)
    {
        switch (document.Kind)
        {
            case KeyRing.Kind: keys.Take(document); break;
            case PlanBook.PlanKind or PlanBook.TermsKind: plans.Take(document); break;
        }
    }
}
