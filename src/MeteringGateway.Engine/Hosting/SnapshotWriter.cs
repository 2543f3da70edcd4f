using System.Threading.Channels;

namespace MeteringGateway.Engine;

/// <summary>
/// Stores snapshots beside the flushes, one after the other, each only when the entries that it covers are durable.
/// </summary>
internal sealed class SnapshotWriter(LocalTenants engine, IStore store)
{
    private readonly Channel<TenantHost> _requests =
        Channel.CreateUnbounded<TenantHost>(new UnboundedChannelOptions { SingleReader = true });
    private Task _writing = Task.CompletedTask;

    public void Start() => _writing = Task.Run(Loop);

    public void Request(TenantHost host) => _requests.Writer.TryWrite(host);

    /// <summary>Stores what was requested, and ends.</summary>
    public Task Stop()
    {
        _requests.Writer.TryComplete();
        return _writing;
    }

    public async Task Save(TenantHost host, int entries)
    {
        var taken = await host.InTurn(Lane.Bulk, isShort: false, entries,
            static (host, entries) => host.Snapshot(entries));
        if (taken.Value is null) return;
        try
        {
            await taken.Seen;
        }
        catch (Exception e) when (e is LostFenceException or TenantUnavailableException or StoreFullException)
        {
            return; // of something that is not in the journal
        }
        await Save(host.Id, taken.Value);
    }

    public async Task Save(string tenant, StoredSnapshot snapshot)
    {
        try
        {
            await store.SaveSnapshot(tenant, snapshot, CancellationToken.None);
        }
        catch (StoreFullException e)
        {
            // It would have saved time at the next load, and nothing else.
            engine.Forgo(tenant, e);
        }
        catch (Exception e)
        {
            // A write failed: what the store would do with the next one is not known.
            engine.Stop(new StoreFailedException($"A snapshot could not be stored: {e.Message}", e));
            throw;
        }
    }

    private async Task Loop()
    {
        await foreach (var host in _requests.Reader.ReadAllAsync())
            await engine.Guarded(() => Save(host, 0));
    }
}
