using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// What is shown of tenants by name to those who run the gateway: of so many at most, as whoever stores figures keeps
/// each for good. Read when somebody asks, apart from what anybody else waits for; what was read stands until the next
/// time.
/// </summary>
internal sealed class Watch(LocalTenants engine, IStore store) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private HashSet<string> _watched = new(StringComparer.Ordinal);

    /// <summary>How many tenants the store has in each <see cref="LimitState"/>; empty: not known.</summary>
    public IReadOnlyList<long> ByState { get; private set; } = [];

    /// <summary>The most severe of those that are near or at a limit, in memory or not.</summary>
    public IReadOnlyList<TenantInNeed> InNeed { get; private set; } = [];

    /// <summary>Tenants in this process's memory.</summary>
    public IReadOnlyList<(string Tenant, WatchedFigure Figure)> Tenants { get; private set; } = [];

    public void Dispose() => _one.Dispose();

    /// <summary>What cannot be read is not shown: what is wrong is told elsewhere.</summary>
    public async Task Refresh(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var most = engine.Options.WatchedTenants;
            ByState = await store.TenantsByState(cancellation);
            InNeed = most == 0 ? [] : await store.Attention(null, null, most, cancellation);
            Tenants = await Look(most, cancellation);
        }
        catch (Exception failure) when (failure is StoreException or StoreFailedException or TenantFailedException
            or TenantUnavailableException or LostFenceException or OperationCanceledException)
        {
            (ByState, InNeed, Tenants) = ([], [], []);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Those that were shown stay as long as they are in memory, so that figures are not torn; for the rest of
    /// the places, whoever was asked something last.</summary>
    private async Task<IReadOnlyList<(string, WatchedFigure)>> Look(int most, CancellationToken cancellation)
    {
        var chosen = engine.Hosts.OrderByDescending(host => _watched.Contains(host.Id))
            .ThenByDescending(host => host.LastUsed).Take(most).ToList();
        _watched = chosen.Select(host => host.Id).ToHashSet(StringComparer.Ordinal);
        var seen = new List<(string, WatchedFigure)>(chosen.Count);
        foreach (var host in chosen)
        {
            var looked = await host.InTurn(Lane.Bulk, isShort: false, engine.Now,
                static (host, now) => host.Look(now), cancellation);
            await looked.Seen.WaitAsync(cancellation);
            if (looked.Value is { } figure) seen.Add((host.Id, figure));
        }
        return seen;
    }
}
