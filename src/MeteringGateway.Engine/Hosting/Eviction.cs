namespace MeteringGateway.Engine;

/// <summary>
/// Lets tenants that nobody asks for leave memory. What they are due for stays in the store, and wakes them.
/// </summary>
internal sealed class Eviction(LocalTenants engine) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private Task _sweeping = Task.CompletedTask;
    private bool _stopping;

    public void Start()
    {
        var every = TimeSpan.FromTicks(Math.Max(engine.Options.IdleAfter.Ticks / 4, TimeSpan.TicksPerSecond));
        _timer = engine.Time.CreateTimer(_ => Begin(), null, every, every);
    }

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null) await _timer.DisposeAsync();
        Task sweeping;
        lock (_gate) (_stopping, sweeping) = (true, _sweeping);
        await sweeping;
    }

    private void Begin()
    {
        lock (_gate)
            if (!_stopping && _sweeping.IsCompleted)
                _sweeping = Task.Run(() => engine.Guarded(Sweep));
    }

    /// <summary>Evicts what is idle now.</summary>
    public async Task Sweep()
    {
        var before = engine.Now.UnixMilliseconds - (long)engine.Options.IdleAfter.TotalMilliseconds;
        foreach (var host in engine.Hosts)
        {
            host.DropView();
            if (host.LastUsed <= before) await engine.Guarded(() => Evict(host, before));
        }
        engine.Faults.Forget();
        await engine.ExpireKeys();
    }

    private async Task Evict(TenantHost host, long before)
    {
        var evicted = await host.InTurn(Lane.Bulk, isShort: false, (before, engine.Options.IdleSnapshotEntries),
            static (host, when) => host.Evict(when.before, when.IdleSnapshotEntries));
        if (!evicted.IsDone) return;
        engine.Remove(host);
        if (evicted.Value is not null) await engine.Snapshots.Save(host.Id, evicted.Value);
    }
}
