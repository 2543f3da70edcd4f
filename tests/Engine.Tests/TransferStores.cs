namespace MeteringGateway.Engine.Tests;

public sealed class SqliteTransferTests : TransferBehaviour
{
    private readonly string _target = Directory.CreateTempSubdirectory("metering").FullName;

    protected override IStore OpenTarget() => SqliteStore.Open(_target);

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_target, recursive: true);
    }
}

public sealed class MemoryTransferTests : TransferBehaviour
{
    protected override IStore OpenTarget() => new MemoryStore();
}
