using MeteringGateway.Cluster.Grains;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Every silo has its share of the tenants.</summary>
[Collection(SharedRedis.Name)]
public sealed class BalancerTests(RedisServer redis)
{
    [Xunit.Theory]
    [InlineData("30")]
    [InlineData("10 10 10")]
    [InlineData("6 5 5")]
    [InlineData("1 0 0")]
    [InlineData("110 100 101")]
    [InlineData("0 0")]
    public void Nobody_moves_where_little_would_be_gained(string counts) => Assert.Equal(counts, AfterMoves(counts));

    [Xunit.Theory]
    [InlineData("18 10 2", "10 10 10")]
    [InlineData("17 8 5", "10 10 10")]
    [InlineData("30 0 0", "10 10 10")]
    [InlineData("0 31 0", "10 11 10")]
    [InlineData("20 20 0 0 0", "8 8 8 8 8")]
    [InlineData("2 0", "1 1")]
    [InlineData("50000 50000 0", "33334 33333 33333")]
    public void The_moves_of_all_silos_together_leave_each_its_share(string counts, string after) =>
        Assert.Equal(after, AfterMoves(counts));

    [Xunit.Fact]
    public void A_silo_that_is_on_its_way_out_sends_nobody_by_this() =>
        Assert.Empty(Balancer.Moves(new Dictionary<SiloAddress, int> { [Silo(0)] = 30, [Silo(1)] = 0 }, Silo(2)));

    /// <summary>Each silo works out its own moves, from the same counts.</summary>
    private static string AfterMoves(string text)
    {
        var counts = text.Split(' ').Select((count, i) => (Silo(i), int.Parse(count)))
            .ToDictionary(one => one.Item1, one => one.Item2);
        var after = new SortedDictionary<SiloAddress, int>(counts);
        foreach (var from in counts.Keys)
            foreach (var (to, count) in Balancer.Moves(counts, from))
            {
                after[from] -= count;
                after[to] += count;
            }
        return string.Join(' ', after.Values);
    }

    private static SiloAddress Silo(int number) => SiloAddress.New(IPAddress.Loopback, 11111 + number, 1);

    [Fact]
    public async Task A_silo_that_joins_gets_its_share_and_nothing_is_lost_meanwhile()
    {
        const int tenants = 30;
        var settings = new Dictionary<string, string?> { ["Metering:Cluster:BalanceEvery"] = "00:00:01" };
        await using var cluster = await SiloCluster.Start(redis, Guid.NewGuid().ToString("N"), settings, size: 2);
        var callers = cluster.Tenants;
        string[] ids = [.. Enumerable.Range(0, tenants).Select(i => $"t{i}")];
        foreach (var id in ids) await callers.Execute(id, Make.Tenant(Make.Terms(cap: 1_000_000)));
        var (reports, stop) = (new int[tenants], false);
        var load = Enumerable.Range(0, tenants).Select(i => Task.Run(async () =>
        {
            for (; !Volatile.Read(ref stop); reports[i]++)
            {
                Assert.IsType<Answer.Accepted>(await callers.Execute(ids[i], Make.Report($"o{reports[i]}")));
                Assert.Equal(DecisionKind.Allow, (await callers.Check(ids[i], Make.One))!.Kind);
            }
        })).ToList();

        await cluster.Join();
        await Until(() => cluster.Silos.All(silo => Here(silo) == tenants / 3), load);
        Volatile.Write(ref stop, true);
        await Task.WhenAll(load);

        for (var i = 0; i < tenants; i++)
        {
            var usage = (await callers.Usage(ids[i], null))!;
            Assert.Equal((reports[i], reports[i]),
                (usage.OutcomeTypes.Single().Reported, usage.Caps.Single().Exposure.Value));
        }
    }

    private static int Here(WebApplication silo) => silo.Services.GetRequiredService<Stays>().All.Count();

    private static async Task Until(Func<bool> condition, IReadOnlyList<Task> beside)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            foreach (var broken in beside.Where(task => task.IsFaulted)) await broken;
            await Task.Delay(10);
        }
    }
}
