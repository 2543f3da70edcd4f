namespace MeteringGateway.Engine.Tests;

public sealed class MemoryStoreTests : StoreBehaviour
{
    private MemoryStore? _store;

    protected override IStore Open() => _store = _store is null ? new MemoryStore() : MemoryStore.AfterCrash(_store);
}

public sealed class SqliteStoreBehaviourTests : StoreBehaviour
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    protected override IStore Open() => SqliteStore.Open(_directory);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
