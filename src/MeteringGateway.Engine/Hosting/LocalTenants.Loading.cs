namespace MeteringGateway.Engine;

public sealed partial class LocalTenants
{
    /// <summary>
    /// The tenant's host, loaded if it is not in memory. Null: there is no such tenant, and none is to be made.
    /// </summary>
    private ValueTask<TenantHost?> Find(string tenant, bool make, CancellationToken cancellation) =>
        _hosts.TryGetValue(tenant, out var host) && !host.IsRetired ? new(host)
        : Faults.Of(tenant) is { } failing ? throw failing
        : Load(tenant, make, cancellation);

    private async ValueTask<TenantHost?> Load(string tenant, bool make, CancellationToken cancellation)
    {
        for (;;)
        {
            // One at a time for each tenant: nobody adds a host while another reads what it was made from.
            var mine = new Lazy<Task<TenantHost?>>(() =>
                Task.Run(() => LoadAlone(tenant, make), CancellationToken.None));
            var loading = _loading.GetOrAdd(tenant, mine);
            try
            {
                var host = await loading.Value.WaitAsync(cancellation);
                if (host is not null || loading == mine || !make) return host;
            }
            finally
            {
                if (loading.Value.IsCompleted) _loading.TryRemove(new(tenant, loading));
            }
        }
    }

    private async Task<TenantHost?> LoadAlone(string tenant, bool make)
    {
        if (_hosts.TryGetValue(tenant, out var host))
        {
            if (!host.IsRetired) return host;
            // What was kept of it is read again only when it is on disk, or lost.
            var seen = await host.InTurn(Lane.People, isShort: true, 0, static (host, _) => host.Outstanding());
            await seen.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Remove(host);
        }
        var recovered = await Recover(tenant);
        if (recovered is null && !make) return null;
        Interlocked.Add(ref _replayed, recovered?.TailEntries ?? 0);
        host = new TenantHost(this, tenant, recovered ?? Recovered.New(tenant));
        host.Reschedule(); // nobody else has it yet
        _hosts[tenant] = host;
        return host;
    }

    private async Task<Recovered?> Recover(string tenant)
    {
        try
        {
            return await Recovery.Load(_store, tenant, _log, CancellationToken.None);
        }
        catch (Exception fault) when (fault is not (StoreException or StoreFailedException or ObjectDisposedException))
        {
            throw Faults.Add(tenant, fault);
        }
    }

    /// <summary>
    /// Ends the tenant's stay in this process: what it has taken is written, and a snapshot where loading it would take
    /// long. Without one that lives here it does nothing.
    /// </summary>
    public async Task Release(string tenant)
    {
        if (!_hosts.TryGetValue(tenant, out var host)) return;
        try
        {
            var left = await host.InTurn(Lane.Bulk, isShort: false, Options.IdleSnapshotEntries,
                static (host, entries) => host.Leave(entries));
            if (await IsStored(left.Seen) && left.Value is not null) await Snapshots.Save(tenant, left.Value);
        }
        finally
        {
            Remove(host);
        }
    }
}
