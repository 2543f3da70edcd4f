using System.Collections.Concurrent;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// The tenants whose activation is on this silo. A check for one of them is answered from its memory without a call of
/// its grain: as long as the activation is valid, so that a tenant leaves before its directory entry goes, and while
/// the silo's lease is held.
/// </summary>
internal sealed class Stays(EngineOptions engine, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, TenantGrain> _here = new(StringComparer.Ordinal);
    /// <summary>
    /// Orleans sees only calls: without one now and then a tenant that is asked all the time would idle out.
    /// </summary>
    private readonly TimeSpan _callEvery = engine.IdleAfter / 4;

    public IEnumerable<TenantGrain> All => _here.Values;

    /// <summary>Whether a check may be answered here without a call; false now and then, so that one comes.</summary>
    public bool MayAnswer(string tenant) =>
        _here.TryGetValue(tenant, out var stay) && stay.CalledAt is not 0 and var called
        && clock.GetElapsedTime(called) < _callEvery;

    public void Begin(string tenant, TenantGrain stay) => _here[tenant] = stay;

    public void End(string tenant, TenantGrain stay) => _here.TryRemove(new(tenant, stay));

    /// <summary>
    /// Somebody else has written to the tenant. If it has another activation, that is the one that the directory knows:
    /// this one ends, and whoever asks next is led there.
    /// </summary>
    public void FenceLost(string tenant)
    {
        if (_here.TryRemove(tenant, out var stay)) stay.Leave();
    }
}
