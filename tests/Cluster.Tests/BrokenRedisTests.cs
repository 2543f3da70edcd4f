using System.Globalization;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Silos whose Redis Cluster loses a master, and silos that are cut off from their Redis.</summary>
public sealed class BrokenRedisTests : IDisposable
{
    private static readonly string[] Tenants = [.. Enumerable.Range(0, 12).Select(i => $"t{i}")];
    private readonly HttpClient _client = new();

    public BrokenRedisTests() => _client.DefaultRequestHeaders.Authorization = new("Bearer", SiloCluster.AdminKey);

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Silos_over_a_Redis_Cluster_go_on_when_a_master_dies_with_all_that_was_acknowledged_D2()
    {
        await using var redis = await RedisCluster.Run(replicas: 1);
        await using var silos = await SiloCluster.Start(redis.Masters[0], "many", new Dictionary<string, string?>
        {
            ["Metering:Cluster:Redis"] = redis.ConnectionString,
            ["Metering:Cluster:Replicas"] = "1",
            ["Metering:KeyDirectory"] = Path.Combine(Path.GetTempPath(), "metering-tests-keys"),
        }, size: 2);
        foreach (var tenant in Tenants) await silos.Tenants.Execute(tenant, Make.Tenant());
        await ReportAll(silos, "before");
        await Put(silos, "/v1/plans/p", """{"currency":"USD","outcome_types":[{"id":"a.b","price":"1.00"}]}""");
        await Put(silos, "/v1/webhooks/w", """{"url":"https://example.com/","events":["*"],"tenants":"*"}""");

        // The one that has the books, and some of the tenants.
        var master = await redis.OwnerOf(Shards.Slot("books"));
        master.Kill();
        await redis.Promoted(redis.Replicas[redis.Masters.ToList().IndexOf(master)], master);
        await master.Start();

        await ReportAll(silos, "before"); // known again, each of them
        await ReportAll(silos, "after");
        foreach (var tenant in Tenants)
            Assert.Equal(2, (await silos.Tenants.Usage(tenant, null))!.OutcomeTypes.Single().Reported);
        await Put(silos, "/v1/plans/q", """{"currency":"USD","outcome_types":[{"id":"a.b","price":"1.00"}]}""");
        foreach (var silo in silos.Addresses)
        {
            Assert.Equal(Tenants.Order(StringComparer.Ordinal), (await Get(silo, "/v1/tenants"))["data"]!.AsArray()
                .Select(tenant => (string)tenant!["id"]!));
            Assert.Equal(2, (await Get(silo, "/v1/plans"))["data"]!.AsArray().Count);
            Assert.Equal("enabled", (string?)(await Get(silo, "/v1/webhooks/w"))["state"]);
            Assert.Empty((await Get(silo, "/v1/attention"))["data"]!.AsArray());
        }
    }

    [Fact]
    public async Task Health_says_that_one_of_several_masters_is_gone_until_it_is_back()
    {
        await using var redis = await RedisCluster.Run();
        foreach (var one in redis.Masters)
            await RedisCluster.Ask(one.Port, "CONFIG", "SET", "cluster-require-full-coverage", "no");
        await using var silos = await SiloCluster.Start(redis.Masters[0], "one-gone", new Dictionary<string, string?>
        {
            ["Metering:Cluster:Redis"] = redis.ConnectionString,
        }, size: 1);
        await Until(async () => $"{(await Health())["status"]}" == "ready");

        var books = await redis.OwnerOf(Shards.Slot("books"));
        var other = redis.Masters.First(master => master != books);
        other.Kill();
        await Until(async () => $"{(await Health())["reason"]}" == "1 of 3 masters of Redis cannot be reached");

        await other.Start();
        await Until(async () => $"{(await Health())["status"]}" == "ready");

        // Of a silo that is not ready, which one may be for a moment, it is a problem.
        async Task<JsonNode> Health()
        {
            using var answer = await _client.GetAsync(new Uri(silos.Addresses[0], "/health"));
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        }
    }

    [Fact]
    public async Task A_silo_that_is_cut_off_from_Redis_answers_nothing_and_goes_on_when_it_is_not()
    {
        await using var redis = await RedisServer.Run();
        await using var passage = new Passage(redis.Port);
        await using var well = await SiloCluster.Start(redis, "cut", null, size: 1);
        await using var ill = await SiloCluster.Start(redis, "cut", new Dictionary<string, string?>
        {
            ["Metering:Cluster:Redis"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{passage.Port}"),
            ["Metering:Cluster:Patience"] = "00:00:02",
        }, size: 1);
        foreach (var tenant in Tenants) await ill.Tenants.Execute(tenant, Make.Tenant());
        await ReportAll(ill, "before");

        passage.Block();
        await Until(async () => (await Status(ill, "/health/ready")) == HttpStatusCode.ServiceUnavailable);
        foreach (var tenant in Tenants)
        {
            // It may have lived on the other one, which answers for it as ever.
            try
            {
                await ill.Tenants.Execute(tenant, Make.Report("after"));
            }
            catch (TenantUnavailableException)
            {
                // Whether it was done is not known.
            }
        }
        Assert.Equal(HttpStatusCode.OK, await Status(well, "/health/ready"));
        passage.Open();

        await Until(async () => (await Status(ill, "/health/ready")) == HttpStatusCode.OK);
        await ReportAll(ill, "after");
        await ReportAll(well, "after");
        foreach (var tenant in Tenants)
            Assert.Equal(2, (await well.Tenants.Usage(tenant, null))!.OutcomeTypes.Single().Reported);
    }

    /// <summary>The same of every tenant, again until it is done.</summary>
    private static Task ReportAll(SiloCluster silos, string id) => Task.WhenAll(Tenants.Select(tenant =>
        Until(async () =>
        {
            try
            {
                await silos.Tenants.Execute(tenant, Make.Report(id));
                return true;
            }
            catch (TenantUnavailableException)
            {
                return false;
            }
        })));

    private async Task Put(SiloCluster silos, string path, string body) => await Until(async () =>
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await _client.PutAsync(new Uri(silos.Addresses[0], path), content);
        Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.ServiceUnavailable,
            await answer.Content.ReadAsStringAsync());
        return answer.IsSuccessStatusCode;
    });

    private async Task<JsonNode> Get(Uri silo, string path)
    {
        using var answer = await _client.GetAsync(new Uri(silo, path));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return JsonNode.Parse(text)!;
    }

    private async Task<HttpStatusCode> Status(SiloCluster silos, string path)
    {
        using var answer = await _client.GetAsync(new Uri(silos.Addresses[0], path));
        return answer.StatusCode;
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (!await condition()) await Task.Delay(100, patience.Token);
    }
}
