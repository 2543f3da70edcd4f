using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>What wakes tenants that the store says something is due for.</summary>
public static class Waking
{
    private const int Page = 1000;
    private const int AtOnce = 64;

    /// <summary>
    /// Wakes each of them once. One that cannot be woken stays where it was, ahead of others that came to be due
    /// later, and keeps none of them from its turn, however many there are like it.
    /// </summary>
    /// <param name="wake">Throws nothing but for the cancellation.</param>
    public static async Task All(IStore store, Func<Instant> now, Func<string, Task> wake,
        CancellationToken cancellation)
    {
        var woken = new HashSet<string>(StringComparer.Ordinal);
        var stayed = new HashSet<string>(StringComparer.Ordinal);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
        for (;;)
        {
            var (most, before) = (Page + stayed.Count, stayed.Count);
            var due = await store.Due(now(), most, cancellation);
            var next = new List<string>();
            foreach (var tenant in due)
                if (woken.Add(tenant.Tenant)) next.Add(tenant.Tenant);
                else stayed.Add(tenant.Tenant);
            await Parallel.ForEachAsync(next, options, async (tenant, _) => await wake(tenant));
            if (due.Count < most || (next.Count == 0 && stayed.Count == before)) return;
        }
    }
}
