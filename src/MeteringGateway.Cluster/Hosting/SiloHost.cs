using MeteringGateway.Api.Operations;
using MeteringGateway.Cluster.Grains;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// What a silo has beside Orleans: the tenants that live here, and the books. Registered before the silo, so that it is
/// there before the first grain and until after the last.
/// </summary>
internal sealed class SiloHost(
    LocalTenants tenants, Stays stays, Books books, RedisStore store, MeteringSettings settings,
    ClusterSettings cluster, IGrainFactory grains, SiloLease lease, Readiness readiness,
    IHostApplicationLifetime lifetime, ILogger<SiloHost> log) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _leaving = new();
    private static readonly TimeSpan HousekeeperPoll = TimeSpan.FromSeconds(1);
    private const int Worrying = 10; // failures in a row, which is told once
    private Task _polling = Task.CompletedTask;
    private Task _housekeeping = Task.CompletedTask;
    private int _telling;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await Ports.Demand(cluster, cancellationToken);
        await Import.DemandFinished(store, cancellationToken);
        await books.Load(store, settings.AdminKey, _ => { }, cancellationToken);
        tenants.OutboxGrew += TellHousekeeper;
        tenants.FenceLost += stays.FenceLost;
        await tenants.StartAsync(cancellationToken);
        _ = StopWhenFailed();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        _polling = Task.Run(PollBooks, CancellationToken.None);
        _housekeeping = Task.Run(KeepHousekeeper, CancellationToken.None);
        // Who cannot see that it belongs to the cluster answers, if at all, only when it can again.
        readiness.Doubt = () => lease.IsHeld ? null : "it cannot see in Redis that it belongs to the cluster";
        await lease.Held();
        readiness.Ready();
    }

    /// <summary>
    /// Before anything stops: new callers are sent elsewhere, while those who come are still served. Whether there is a
    /// housekeeper is from now on the others' affair: to ask for one would begin it on a silo that goes.
    /// </summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        readiness.Drain();
        await _leaving.CancelAsync();
        await _housekeeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(cluster.DrainDelay, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The silo has gone: its tenants have left, and what they took is written.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _polling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await tenants.DisposeAsync();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _leaving.Dispose();
    }

    private async Task PollBooks()
    {
        using var timer = new PeriodicTimer(cluster.BooksPoll);
        while (await timer.WaitForNextTickAsync(_stop.Token))
            try
            {
                await books.CatchUp(_stop.Token);
            }
#pragma warning disable CA1031 // Whatever it was, it is asked again: this silo must not stay behind for good.
            catch (Exception failure) when (!_stop.IsCancellationRequested)
#pragma warning restore CA1031
            {
                log.LogWarning(failure, "What was changed elsewhere cannot be read");
            }
    }

    /// <summary>
    /// Every silo sees to it that there is a housekeeper: when the one that had it dies, another has it within a second
    /// of that being known.
    /// </summary>
    private async Task KeepHousekeeper()
    {
        using var timer = new PeriodicTimer(HousekeeperPoll);
        var failures = 0;
        do
            try
            {
                await grains.GetGrain<IHousekeeperGrain>(IHousekeeperGrain.TheOne).Start().WaitAsync(_leaving.Token);
                failures = 0;
            }
#pragma warning disable CA1031 // Whatever it was, it is asked again in a second.
            catch (Exception failure) when (!_leaving.IsCancellationRequested)
#pragma warning restore CA1031
            {
                // A few times is what a silo that ends in order looks like from here: it takes some seconds.
                if (++failures == Worrying) log.LogWarning(failure, "The housekeeper does not answer");
            }
        while (await timer.WaitForNextTickAsync(_leaving.Token));
    }

    /// <summary>One call at a time: what grows while it is under way is told by the next.</summary>
    private void TellHousekeeper()
    {
        if (Interlocked.Increment(ref _telling) == 1) _ = Task.Run(Tell);
    }

    private async Task Tell()
    {
        for (var told = 0; told != Interlocked.Add(ref _telling, -told);)
        {
            told = Volatile.Read(ref _telling);
            try
            {
                await grains.GetGrain<IHousekeeperGrain>(IHousekeeperGrain.TheOne).OutboxGrew();
            }
#pragma warning disable CA1031 // It looks by itself when it starts, and is told again by the next alert.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                // It may have been here: the next one finds the alert in the store.
                if (!_leaving.IsCancellationRequested)
                    log.LogWarning(failure, "The housekeeper could not be told of an alert");
            }
        }
    }

    private async Task StopWhenFailed()
    {
        var why = await tenants.Failed;
        readiness.Fail(why == LocalTenants.NoMemory ? "memory has run out" : "the store has failed");
        Environment.ExitCode = 1;
        log.LogCritical("Stopping: {Reason}", why);
        lifetime.StopApplication();
    }
}
