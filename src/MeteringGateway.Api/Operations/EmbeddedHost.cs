using Microsoft.Extensions.Hosting;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Operations;

/// <summary>Opens, recovers, watches and closes the journal and the tenants on it.</summary>
internal sealed class EmbeddedHost(
    MeteringSettings settings, Books books, Dispatcher webhooks, IEnumerable<IDoneOnce> once, Readiness readiness,
    AdminKeyDisplay display, Trails trails,
    TimeProvider clock, ILoggerFactory logs, IHostApplicationLifetime lifetime) : BackgroundService
{
    private readonly List<IDoneOnce> _once = [webhooks, .. once];
    private readonly ILogger _log = logs.CreateLogger<EmbeddedHost>();
    private IStore? _store;
    private LocalTenants? _tenants;

    public ITenants Tenants =>
        _tenants ?? throw new InvalidOperationException("asked for tenants before they were there");

    public IStore Store => _store ?? throw new InvalidOperationException("asked for the store before it was there");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the server must not wait for recovery
        try
        {
            var store = SqliteStore.Open(settings.DataDirectory);
            _store = settings.Journal.Over(store);
            store.Warn = text => _log.LogWarning("{Text}", text);
            if (store.IsOpenToOthers)
                _log.LogWarning("Other users may enter the data directory {Directory}: chmod 700",
                    Path.GetFullPath(settings.DataDirectory));
            _tenants = new LocalTenants(_store, settings.ForEngine(), clock, logs.CreateLogger<LocalTenants>(),
                trails: trails);
            await books.Load(_store, settings.AdminKey, display.Show, stoppingToken);
            _tenants.OutboxGrew += webhooks.Wake;
            await _tenants.StartAsync(stoppingToken);
            foreach (var one in _once) await one.Start(_store, _tenants, stoppingToken);
            readiness.Ready();
            var why = await _tenants.Failed.WaitAsync(stoppingToken);
            Fail(why == LocalTenants.NoMemory ? "memory has run out" : "the store has failed", null);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; what was open is closed below.
        }
#pragma warning disable CA1031 // Whatever it was, there is nothing to serve: it is said, and the process ends.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Fail("the journal could not be opened or recovered", failure);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        foreach (var one in _once) await one.DisposeAsync();
        if (_tenants is not null) await _tenants.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
    }

    private void Fail(string reason, Exception? failure)
    {
        readiness.Fail(reason);
        Environment.ExitCode = 1;
        if (failure is null) _log.LogCritical("Stopping: {Reason}", reason);
        else _log.LogCritical(failure, "Stopping: {Reason}", reason);
        // a host that is still starting would take it for a broken start
        lifetime.ApplicationStarted.Register(lifetime.StopApplication);
    }
}
