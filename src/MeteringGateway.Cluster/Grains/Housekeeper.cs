using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using Orleans.Concurrency;

namespace MeteringGateway.Cluster.Grains;

/// <summary>
/// What is done once in the cluster, by one silo at a time: tenants that something is due for are woken, webhooks
/// are sent, and topics of Kafka are written to.
/// </summary>
[Alias("metering.housekeeper")]
internal interface IHousekeeperGrain : IGrainWithIntegerKey
{
    const int TheOne = 0;

    /// <summary>Sees to it that it is there; what it does, it does by itself.</summary>
    [Alias("start")]
    Task Start();

    /// <summary>Something was told: webhooks may have to be sent.</summary>
    [Alias("outbox-grew"), OneWay]
    Task OutboxGrew();

    /// <summary>Takes the turn in which webhooks change; see <see cref="ITurnGrain.Take"/>.</summary>
    /// <returns>A ticket that ends it, which ends by itself after ten seconds; none: too many wait.</returns>
    [Alias("take-webhooks"), ResponseTimeout("00:01:00")]
    Task<Guid> TakeWebhooks();

    [Alias("end-webhooks")]
    Task EndWebhooks(Guid ticket);
}

/// <summary>
/// Every silo asks for it each second, which begins it on another silo when its own has died. If two of it run for a
/// moment, a tenant is woken twice, which changes nothing, and a receiver may get an alert twice with the same id, as
/// it may anyway.
/// </summary>
[Reentrant, GrainType("housekeeper")]
internal sealed class Housekeeper(
    IStore store, ITenants tenants, Books books, IGrainFactory grains, IServiceProvider services, TimeProvider clock,
    IHostApplicationLifetime lifetime, ILogger<Housekeeper> log) : Grain, IHousekeeperGrain
{
    private readonly Dispatcher _webhooks = ActivatorUtilities.CreateInstance<Dispatcher>(services);
    private readonly List<IDoneOnce> _others = [.. services.GetServices<IDoneOnce>()];
    private readonly Tickets _tickets = new(TimeSpan.FromSeconds(10));
    private bool _waking;

    /// <summary>What fails while its silo ends is done by the next housekeeper, and nobody's trouble.</summary>
    private bool IsEnding => lifetime.ApplicationStopping.IsCancellationRequested;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await books.CatchUp(cancellationToken);
        await _webhooks.Start(store, tenants, cancellationToken);
        foreach (var one in _others) await one.Start(store, tenants, cancellationToken);
        this.RegisterGrainTimer(WakeDue,
            new GrainTimerCreationOptions(TimeSpan.Zero, TimeSpan.FromSeconds(1)) { Interleave = true,
                KeepAlive = true });
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _webhooks.DisposeAsync();
        foreach (var one in _others) await one.DisposeAsync();
    }

    public Task Start() => Task.CompletedTask;

    public Task OutboxGrew()
    {
        _webhooks.Wake();
        return Task.CompletedTask;
    }

    public async Task<Guid> TakeWebhooks()
    {
        using var waited = new CancellationTokenSource(Tickets.LongestWait);
        try
        {
            return _tickets.Hold(await _webhooks.Turn(waited.Token));
        }
        catch (ProblemException)
        {
            return Guid.Empty; // too many wait
        }
    }

    public async Task EndWebhooks(Guid ticket)
    {
        await books.CatchUp(CancellationToken.None);
        await _tickets.End(ticket);
    }

    /// <summary>
    /// Wakes every tenant that the store says is overdue. Those in memory look after themselves, to the millisecond;
    /// this is for the others, to the second.
    /// </summary>
    private async Task WakeDue(CancellationToken cancellation)
    {
        if (_waking) return;
        _waking = true;
        try
        {
            await Waking.All(store, () => Instant.From(clock.GetUtcNow()), Wake, cancellation);
        }
        catch (Exception failure) when (failure is StoreException or OperationCanceledException)
        {
            if (!IsEnding) log.LogWarning(failure, "What is due cannot be read");
        }
        finally
        {
            _waking = false;
        }
    }

    private async Task Wake(string tenant)
    {
        try
        {
            await grains.GetGrain<ITenantGrain>(tenant).Wake(); // not by the grain's own: it is not in its context here
        }
        catch (TenantFailedException)
        {
            // The silo where it lives has said why, once; until its wait is over it is not tried.
        }
#pragma warning disable CA1031 // One tenant's trouble is not another's; it is tried again in a second.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            if (!IsEnding) log.LogWarning(failure, "Tenant {Tenant} could not be woken", tenant);
        }
    }
}
