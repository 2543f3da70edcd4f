using Microsoft.Extensions.Hosting;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Operations;

/// <summary>Opens, recovers, watches and closes the journal and the tenants on it.</summary>
internal sealed class EmbeddedHost(
    EngineOptions options, MeteringSettings settings, Books books, Dispatcher webhooks, Readiness readiness, AdminKeyDisplay display,
    TimeProvider clock, ILoggerFactory logs, IHostApplicationLifetime lifetime) : BackgroundService
{
    private readonly ILogger log = logs.CreateLogger<EmbeddedHost>();
    private SqliteStore? store;
    private LocalTenants? tenants;

    public ITenants Tenants => tenants ?? throw new InvalidOperationException("asked for tenants before they were there");

    public IStore Store => store ?? throw new InvalidOperationException("asked for the store before it was there");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the server must not wait for recovery
        try
        {
            store = SqliteStore.Open(options.DataDirectory);
            tenants = new LocalTenants(store, options, clock, logs.CreateLogger<LocalTenants>());
            await books.Load(store, settings.AdminKey, display.Show, stoppingToken);
            tenants.OutboxGrew += webhooks.Wake;
            await tenants.StartAsync(stoppingToken);
            await webhooks.Start(store, tenants, stoppingToken);
            readiness.Ready();
            await tenants.Failed.WaitAsync(stoppingToken);
            Fail("the store has failed", null);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; what was open is closed below.
        }
#pragma warning disable CA1031 // Whatever it was, without a journal there is nothing to serve: it is said, and the process ends.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Fail("the journal could not be opened or recovered", failure);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await webhooks.DisposeAsync();
        if (tenants is not null) await tenants.DisposeAsync();
        if (store is not null) await store.DisposeAsync();
    }

    private void Fail(string reason, Exception? failure)
    {
        readiness.Fail(reason);
        Environment.ExitCode = 1;
        if (failure is null) log.LogCritical("Stopping: {Reason}", reason);
        else log.LogCritical(failure, "Stopping: {Reason}", reason);
        lifetime.ApplicationStarted.Register(lifetime.StopApplication); // a host that is still starting would take it for a broken start
    }
}
