using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>A real Redis under two silos refuses to write: it is full, or a replica.</summary>
public sealed class FullRedisTests : IAsyncLifetime, IDisposable
{
    private readonly HttpClient _client = new();
    private RedisServer _redis = null!;
    private SiloCluster _cluster = null!;
    private ConnectionMultiplexer _admin = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.Run();
        _cluster = await SiloCluster.Start(_redis, "full", null, size: 2);
        _admin = await ConnectionMultiplexer.ConnectAsync(_redis.ConnectionString + ",allowAdmin=true");
    }

    public async Task DisposeAsync()
    {
        await _admin.DisposeAsync();
        await _cluster.DisposeAsync();
        await _redis.DisposeAsync();
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task What_a_full_Redis_does_not_take_is_refused_as_not_done_and_goes_on_when_there_is_room()
    {
        await _cluster.Tenants.Execute("acme", Make.Tenant());
        await _admin.GetServers()[0].ConfigSetAsync("maxmemory", "1");

        for (var i = 0; i < 3; i++)
            await Assert.ThrowsAsync<StoreFullException>(async () =>
                await _cluster.Tenants.Execute("acme", Make.Report("o1")));
        Assert.NotNull(await _cluster.Tenants.Check("acme", Make.One));
        // A silo whose lease is late on a busy machine says that, for as long as it is.
        await Until(async () => (await Task.WhenAll(_cluster.Addresses.Select(Health))).Any(one =>
            one.Contains("\"status\":\"degraded\"", StringComparison.Ordinal)
            && one.Contains("\"reason\":\"the store has no room\"", StringComparison.Ordinal)));

        await _admin.GetServers()[0].ConfigSetAsync("maxmemory", "0");
        await Until(async () => await Reported());
        Assert.Equal(1, (await _cluster.Tenants.Usage("acme", null))!.OutcomeTypes.Single().Reported);
        await Until(async () => (await Task.WhenAll(_cluster.Addresses.Select(Health)))
            .All(one => one.Contains("\"status\":\"ready\"", StringComparison.Ordinal)));
    }

    private async Task<bool> Reported()
    {
        try
        {
            await _cluster.Tenants.Execute("acme", Make.Report("o1"));
            return true;
        }
        catch (StoreFullException)
        {
            return false; // one command a second tries
        }
    }

    private async Task<string> Health(Uri silo)
    {
        using var answer = await _client.GetAsync(new Uri(silo, "/health"));
        return await answer.Content.ReadAsStringAsync();
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition()) await Task.Delay(100, patience.Token);
    }
}
