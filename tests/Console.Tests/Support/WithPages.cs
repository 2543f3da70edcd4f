using MeteringGateway.ConsolePages;

namespace MeteringGateway.Console.Tests.Support;

/// <summary>One product with pages for all tests of a class; each test has tenants of its own.</summary>
public sealed class WithPages : IAsyncLifetime
{
    public Gateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Edition.Maps = app => app.MapConsole();
        Gateway = await Gateway.Start();
    }

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}
