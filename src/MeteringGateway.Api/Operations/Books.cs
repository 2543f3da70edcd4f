using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Plans;

namespace MeteringGateway.Api.Operations;

/// <summary>
/// What a process keeps in memory of the documents that configure the gateway. Alone with its store, it knows all of
/// them.
/// </summary>
internal class Books(KeyRing keys, PlanBook plans)
{
    /// <summary>Other processes write documents too.</summary>
    public virtual bool AreShared => false;

    /// <param name="adminKey">The settings' key of the administrator; null for one that is stored, or made.</param>
    /// <param name="show">Told the key that was made.</param>
    public virtual async Task Load(IStore store, string? adminKey, Action<string> show, CancellationToken cancellation)
    {
        await plans.Load(store, cancellation);
        await keys.Load(store, adminKey, show, cancellation);
    }

    /// <summary>Returns when everything that was stored before the call is known here.</summary>
    public virtual Task CatchUp(CancellationToken cancellation) => Task.CompletedTask;
}
