using Microsoft.Extensions.Logging.Abstractions;

namespace MeteringGateway.Sdk.Tests;

/// <summary>An agent runtime of a gateway under test.</summary>
internal static class Caller
{
    public const string Type = "support.resolution";

    public static MeteringOptions Options(Uri address, string key) => new() { Address = address, Key = key };

    public static async Task<MeteringClient> Agent(this Gateway gateway, params string[] tenants) =>
        Client(Options(gateway.Address, await gateway.Key("agent", tenants)), gateway.Clock);

    public static MeteringClient Client(MeteringOptions options, TimeProvider? clock = null,
        HttpMessageHandler? wire = null) =>
        new(new HttpClient(wire ?? new SocketsHttpHandler()) { Timeout = Timeout.InfiniteTimeSpan }, options, clock,
            NullLogger<MeteringClient>.Instance);

    public static OutcomeReport Report(string tenant, string id) => new(tenant, Type) { Id = id };

    /// <summary>Waits until it is so; a test that waits in vain fails by its name.</summary>
    public static async Task Until(Func<bool> isSo, Func<string> what)
    {
        for (var began = Environment.TickCount64; !isSo(); await Task.Delay(5))
            Assert.True(Environment.TickCount64 - began < 30_000, $"never: {what()}");
    }
}
