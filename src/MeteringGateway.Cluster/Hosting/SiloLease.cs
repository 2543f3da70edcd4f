using System.Diagnostics;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// The right to answer from memory. An append that comes too late is refused by the store; a check is not written, so a silo that
/// was taken for dead without its knowledge (paused, or cut off) could go on answering checks from what it knew. It may do so only
/// for <see cref="ClusterSettings.Lease"/> after it last read, in the store, that it belongs to the cluster (A1).
/// </summary>
internal sealed class SiloLease(IMembershipTable members, ILocalSiloDetails silo, ClusterSettings settings, ILogger<SiloLease> log) : BackgroundService
{
    private readonly Lock gate = new();
    private TaskCompletionSource renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long until;

    public bool IsHeld => Stopwatch.GetTimestamp() < Volatile.Read(ref until);

    /// <summary>Completes when the lease is held.</summary>
    /// <exception cref="TenantUnavailableException">It could not be renewed in time.</exception>
    public ValueTask Held() => IsHeld ? default : new(Wait());

    private async Task Wait()
    {
        var began = Stopwatch.GetTimestamp();
        while (!IsHeld)
        {
            Task next;
            lock (gate) next = renewed.Task;
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

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.Lease / 4);
        do
        {
            // From before the question: whatever happens while it is on its way shortens the lease.
            var asked = Stopwatch.GetTimestamp();
            if (await BelongsToTheCluster()) Renew(asked);
        }
        while (await Next(timer, stoppingToken));
    }

    private static async Task<bool> Next(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> BelongsToTheCluster()
    {
        try
        {
            var row = await members.ReadRow(silo.SiloAddress);
            return row.TryGet(silo.SiloAddress)?.Item1.Status is SiloStatus.Joining or SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping;
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
        Volatile.Write(ref until, asked + (long)(settings.Lease.TotalSeconds * Stopwatch.Frequency));
        lock (gate) (waiting, renewed) = (renewed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        waiting.TrySetResult();
    }
}
