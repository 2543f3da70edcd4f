using System.Globalization;
using MeteringGateway.LoadTests;

namespace MeteringGateway.Kafka.Tests;

/// <summary>Silos share the partitions of one group, and one of them writes to topics.</summary>
public sealed class SiloTests
{
    private static readonly string[] Tenants = ["acme", "bank", "zoo"];

    [FactIfInstalled("redis-server")]
    public async Task A_silo_that_joins_one_that_leaves_and_one_that_dies_lose_and_double_nothing()
    {
        using var redis = new RedisServer(cores: null);
        await using var bed = await Bed.StartOver(brokers => Silo(redis, brokers));
        var sent = 0;
        Send();
        var first = bed.Gateway;

        using (var second = Silo(redis, bed.Brokers))
        {
            await Counted();
            Send();
            await Counted();
            Send();
            Assert.Equal(0, second.Process.Stop());
        }
        await Counted();
        bed.Gateway = Silo(redis, bed.Brokers);
        Send();
        first.Process.KillHard();
        first.Dispose();
        Send();
        await Counted();

        var told = await bed.Read("metering.outcomes", Tenants.Length * sent);
        Assert.Equal(Tenants.Length * sent, told.DistinctBy(one => (string?)JsonNode.Parse(one.Message.Value!)!["id"])
            .Select(one => (one.Message.Key, (string?)JsonNode.Parse(one.Message.Value!)!["data"]!["outcome_id"]))
            .Distinct().Count());

        void Send()
        {
            bed.Send(Tenants.SelectMany(tenant => Enumerable.Range(sent, 100).Select(i =>
                ((string?)tenant, (string?)Bed.Report(tenant, $"{tenant}-{i}")))));
            sent += 100;
        }

        async Task Counted()
        {
            foreach (var tenant in Tenants) await bed.Counts(tenant, sent);
        }
    }

    /// <param name="settings">As variables.</param>
    public static GatewayServer Silo(RedisServer redis, Brokers brokers,
        params IEnumerable<(string Name, string Value)> settings) => GatewayServer.Over(ServerProcess.Start(
        null, "dotnet",
        [
            Options.DefaultDll(), "serve", "--urls", "http://127.0.0.1:0", "--redis",
            string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{redis.Process.Port}"),
            "--Metering:Cluster:AdvertisedAddress=127.0.0.1",
            $"--Metering:Cluster:SiloPort={RedisServer.FreePort()}",
            $"--Metering:Kafka:BootstrapServers={brokers.Address}",
            $"--Metering:Kafka:Client:session.timeout.ms={Bed.SessionTimeout}",
            "--Metering:Kafka:Client:heartbeat.interval.ms=200",
        ], new Dictionary<string, string>(settings.Select(one => KeyValuePair.Create(one.Name, one.Value)))
        {
            ["METERING__ADMINKEY"] = GatewayServer.AdminKey,
            ["METERING__LIMITS__REQUESTSPERSECOND"] = "0",
        }));
}
