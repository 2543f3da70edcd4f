using MeteringGateway.Api.Operations;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// Sees to it that a store has one cluster: two, each with an id of its own, would load the same tenants, refuse each
/// other by the fence all the time, and send webhooks twice. Each says in the store every few seconds that it is there;
/// whoever starts beside another one does not. Registered before all else that a silo starts.
/// </summary>
internal sealed class OneCluster(RedisStore store, ClusterSettings settings, ILogger<OneCluster> log)
    : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3);

    /// <summary>Who was not heard of for so long is not there any more.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private Task _looking = Task.CompletedTask;
    private string? _told;

    /// <exception cref="StoreException">There is another cluster, or Redis does not answer.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (await store.OtherCluster(settings.ClusterId, Silence, isStart: true, cancellationToken) is { } other)
            throw new StoreException(Words(other) + ". Give this silo the same ClusterId, or another ServiceId; after "
                + $"the last silo of '{other}' has ended, wait for {Silence.TotalSeconds:0} s");
        _looking = Task.Run(Look, CancellationToken.None);
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public void Dispose() => _stop.Dispose();

    /// <summary>A silo of a program that does not look may come later.</summary>
    private async Task Look()
    {
        using var timer = new PeriodicTimer(Every);
        while (await timer.WaitForNextTickAsync(_stop.Token))
            try
            {
                var other = await store.OtherCluster(settings.ClusterId, Silence, isStart: false, _stop.Token);
                if (other is not null && other != _told) log.LogError("{Words}", Words(other));
                _told = other;
            }
            catch (StoreException)
            {
                // Whoever needs Redis says that it does not answer.
            }
    }

    private string Words(string other) => $"Another cluster works on the same store: its Metering:Cluster:ClusterId is "
        + $"'{other}', this silo's '{settings.ClusterId}', and the Metering:Cluster:ServiceId of both is "
        + $"'{settings.ServiceId}'";
}
