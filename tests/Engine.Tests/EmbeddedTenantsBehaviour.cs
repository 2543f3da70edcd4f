namespace MeteringGateway.Engine.Tests;

public sealed class EmbeddedTenantsBehaviour : TenantsBehaviour
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;
    private SqliteStore _store = null!;
    private LocalTenants _engine = null!;

    protected override async Task<ITenants> Open()
    {
        _store = SqliteStore.Open(_directory);
        _engine = new LocalTenants(_store, new EngineOptions(), FakeTime.At("2026-11-21T09:30:00Z"));
        await _engine.StartAsync();
        return _engine;
    }

    protected override async Task Close()
    {
        await _engine.DisposeAsync();
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
