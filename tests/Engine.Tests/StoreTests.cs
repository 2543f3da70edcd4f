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

/// <summary>Over what a killed process leaves: its files as they are, with all that waited in them.</summary>
public sealed class SqliteStoreKilledBehaviourTests : StoreBehaviour
{
    private readonly string _root = Directory.CreateTempSubdirectory("metering").FullName;
    private int _killed;

    protected override IStore Open() => SqliteStore.Open(Path.Combine(_root, $"{_killed}"));

    protected override async Task Close(IStore store)
    {
        var before = Path.Combine(_root, $"{_killed++}");
        StoreDamage.Kill(before, Path.Combine(_root, $"{_killed}"));
        await store.DisposeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
