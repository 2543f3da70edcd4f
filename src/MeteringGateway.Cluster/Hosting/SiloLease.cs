using System.Diagnostics;
using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// The right to answer from memory. An append that comes too late is refused by the store; a check is not written, so a
/// silo that was taken for dead without its knowledge (paused, or cut off) could go on answering checks from what it
/// knew. It may do so only for <see cref="ClusterSettings.Lease"/> after it last read, in the store, that it belongs to
/// the cluster (A1).
/// </summary>
internal sealed class SiloLease(IMembershipTable members, ILocalSiloDetails silo, ClusterSettings settings,
    ILogger<SiloLease> log) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Task _renewing = Task.CompletedTask;
    private TaskCompletionSource _renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _until;
    private volatile bool _lost;

    public bool IsHeld => Stopwatch.GetTimestamp() < Volatile.Read(ref _until);

    /// <summary>Completes when the lease is held.</summary>
    /// <exception cref="TenantUnavailableException">It could not be renewed in time.</exception>
    public ValueTask Held() => IsHeld ? default : new(Wait());

    private async Task Wait()
    {
        var began = Stopwatch.GetTimestamp();
        while (!IsHeld)
        {
            if (_lost) throw new TenantUnavailableException("its silo was taken for dead");
            Task next;
            lock (_gate) next = _renewed.Task;
            if (IsHeld) return;
            var left = settings.Patience - Stopwatch.GetElapsedTime(began);
            try
            {
                await next.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1));
            }
            catch (TimeoutException)
            {
                throw new TenantUnavailableException("its silo cannot see that it still belongs to the cluster");
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _renewing = Task.Run(RenewAgainAndAgain, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Only when the silo has gone: a call that waited for a lease until then would hold its tenant here.
    /// </summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public void Dispose() => _stop.Dispose();

    private async Task RenewAgainAndAgain()
    {
        using var timer = new PeriodicTimer(settings.Lease / 4);
        do
        {
            // From before the question: whatever happens while it is on its way shortens the lease.
            var asked = Stopwatch.GetTimestamp();
            if (await BelongsToTheCluster()) Renew(asked);
        }
        while (await timer.WaitForNextTickAsync(_stop.Token));
    }

    private async Task<bool> BelongsToTheCluster()
    {
        try
        {
            var status = (await members.ReadRowAsync(silo.SiloAddress)).TryGet(silo.SiloAddress)?.Item1.Status;
            _lost = status is SiloStatus.Dead; // for good
            return status is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping;
        }
#pragma warning disable CA1031 // Whatever it was, the lease is not renewed, and that shows.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            log.LogWarning(failure, "The members of the cluster cannot be read");
            return false;
        }
    }

    private void Renew(long asked)
    {
        TaskCompletionSource waiting;
        Volatile.Write(ref _until, asked + (long)(settings.Lease.TotalSeconds * Stopwatch.Frequency));
        lock (_gate) (waiting, _renewed) = (_renewed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        waiting.TrySetResult();
    }
}
