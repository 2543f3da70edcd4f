namespace MeteringGateway.Api.Tests.Support;

/// <summary>One product for all tests of a class; each test has tenants of its own.</summary>
public sealed class Started : IAsyncLifetime
{
    public Gateway Gateway { get; private set; } = null!;

    public async Task InitializeAsync() => Gateway = await Gateway.Start();

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}
