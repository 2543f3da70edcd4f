using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>A store has one cluster.</summary>
public sealed class OneClusterTests(RedisServer redis) : Xunit.IClassFixture<RedisServer>
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    [Xunit.Fact]
    public async Task A_silo_with_another_cluster_id_does_not_start_and_is_told_both()
    {
        var service = Guid.NewGuid().ToString("N");
        await using var cluster = await SiloCluster.Start(redis, service, null, size: 1);

        var refused = await Assert.ThrowsAsync<StoreException>(() => SiloCluster.Start(redis, service,
            new Dictionary<string, string?> { ["Metering:Cluster:ClusterId"] = "blue" }, size: 1));

        Assert.Contains($"ClusterId is '{service}', this silo's 'blue'", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"ServiceId of both is '{service}'", refused.Message, StringComparison.Ordinal);
        await cluster.Join(); // the same one goes on
    }

    [Xunit.Fact]
    public async Task One_that_came_in_spite_of_that_is_seen_and_one_that_has_gone_is_forgotten()
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        var store = new RedisStore(connection, Guid.NewGuid().ToString("N"), NullLogger<RedisStore>.Instance);

        Assert.Null(await store.OtherCluster("blue", Silence, isStart: true, default));
        Assert.Equal("blue", await store.OtherCluster("green", Silence, isStart: true, default));
        Assert.Null(await store.OtherCluster("blue", Silence, isStart: false, default)); // green has not begun
        Assert.Equal("blue", await store.OtherCluster("green", Silence, isStart: false, default));
        Assert.Equal("green", await store.OtherCluster("blue", Silence, isStart: false, default));

        Assert.Null(await store.OtherCluster("green", TimeSpan.FromMilliseconds(-1), isStart: true, default));
        Assert.Null(await store.OtherCluster("green", Silence, isStart: false, default)); // blue has gone
    }

    [Xunit.Theory]
    [Xunit.InlineData("I have been told I am dead, so this silo will stop! Reason: the table\n S1 Active",
        "I have been told I am dead, so this silo will stop")]
    [Xunit.InlineData("It broke\r\nthere", "It broke")]
    [Xunit.InlineData("It broke.", "It broke.")]
    public void Why_a_silo_ends_is_one_sentence(string context, string says) =>
        Assert.Equal(says, SiloDeath.FirstSentence(context));
}
