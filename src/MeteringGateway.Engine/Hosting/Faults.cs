using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Engine;

/// <summary>
/// Tenants in which something of ours failed, or of which what is stored cannot be read (N4). Such a tenant alone is
/// unavailable, and it is loaded again only when a wait is over that doubles with each failure: whoever asks in
/// between, timers included, costs nobody anything. It is logged once, until it answers again.
/// </summary>
internal sealed class Faults(LocalTenants engine, ILogger log)
{
    public static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    /// <summary>A failure so long after the last one is a first one.</summary>
    private static readonly TimeSpan Forgiven = 2 * LongestWait;

    private readonly ConcurrentDictionary<string, Fault> _faults = new(StringComparer.Ordinal);

    /// <summary>Tenants that are unavailable.</summary>
    public int Count => _faults.IsEmpty ? 0 : _faults.Values.Count(fault => fault.Failing);

    /// <summary>What a caller is told as long as the tenant is not to be tried; null: it may be.</summary>
    public TenantFailedException? Of(string tenant) =>
        !_faults.IsEmpty && _faults.TryGetValue(tenant, out var fault) && fault is { Failing: true }
            && engine.Now.UnixMilliseconds is var now && now < fault.Until
            ? new TenantFailedException(tenant, TimeSpan.FromMilliseconds(fault.Until - now)) : null;

    /// <summary>It failed, now.</summary>
    public TenantFailedException Add(string tenant, Exception why)
    {
        if (why is TenantFailedException known) return known;
        if (engine.StopsFor(why)) return new TenantFailedException(tenant, FirstWait, why);
        var now = engine.Now.UnixMilliseconds;
        var had = _faults.GetValueOrDefault(tenant);
        var times = had is null || now - had.Last > Forgiven.TotalMilliseconds ? 1 : had.Times + 1;
        var wait = Math.Min(FirstWait.TotalMilliseconds * Math.Pow(2, times - 1), LongestWait.TotalMilliseconds);
        _faults[tenant] = new Fault(times, now, now + (long)wait, Failing: true);
        if (had is not { Failing: true })
            log.LogError(why, "Tenant {Tenant} failed and is unavailable; what it was asked is not kept", tenant);
        return new TenantFailedException(tenant, TimeSpan.FromMilliseconds(wait), why);
    }

    /// <summary>It answered.</summary>
    public void Answered(string tenant)
    {
        if (_faults.IsEmpty || !_faults.TryGetValue(tenant, out var fault) || !fault.Failing) return;
        if (_faults.TryUpdate(tenant, fault with { Failing = false }, fault))
            log.LogInformation("Tenant {Tenant} answers again", tenant);
    }

    public void Forget()
    {
        var before = engine.Now.UnixMilliseconds - (long)Forgiven.TotalMilliseconds;
        foreach (var (tenant, fault) in _faults)
            if (!fault.Failing && fault.Last < before) _faults.TryRemove(new(tenant, fault));
    }

    /// <param name="Last">Unix milliseconds of the last failure.</param>
    /// <param name="Until">Unix milliseconds before which it is not tried again.</param>
    private sealed record Fault(int Times, long Last, long Until, bool Failing);
}
