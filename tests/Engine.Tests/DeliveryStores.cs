namespace MeteringGateway.Engine.Tests;

public sealed class MemoryDeliveryTests : DeliveryBehaviour
{
    protected override IStore Open() => new MemoryStore();
}

public sealed class SqliteDeliveryTests : DeliveryBehaviour
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering").FullName;

    protected override IStore Open() => SqliteStore.Open(_directory);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
