using System.Text;
using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using StackExchange.Redis;

namespace MeteringGateway.Cluster.Tests;

/// <summary>Who was erased is in no key of the store's Redis, whatever kind of key it is (D2).</summary>
[Collection(SharedRedis.Name)]
public sealed class RedisErasureTests(RedisServer server)
{
    private static readonly string[] Planted = ["planted-jane-doe", "planted-address", "planted-note"];

    [Fact]
    public async Task Nothing_of_an_end_customer_is_left_under_any_key_D2()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString);
        var prefix = Guid.NewGuid().ToString("N");
        var store = SharedRedis.Store(redis, prefix);
        var time = new FakeTime(TestEngine.Begin.ToDateTimeOffset());
        await using (var tenants = new LocalTenants(store, new EngineOptions { IdleSnapshotEntries = 1 }, time))
        {
            await tenants.StartAsync();
            var clock = new TestClock(TestEngine.Begin, FollowEvents: false);
            foreach (var tenant in (string[])["acme", "zoo"])
            {
                await tenants.Execute(tenant, Make.Tenant(Make.Terms(cap: 60, warnAt: 50), clock));
                for (var i = 0; i < 40; i++)
                    await tenants.Execute(tenant, Make.Report($"o{i}") with
                    {
                        Detail = new Detail(Encoding.UTF8.GetBytes($$$"""
                            {"end_customer":"{{{Planted[0]}}}","source_url":"https://desk.example/{{{Planted[1]}}}",
                             "metadata":{"note":"{{{Planted[2]}}}"}}
                            """), [1], Planted[0]),
                    });
                await tenants.Execute(tenant, Make.Report("other") with { Detail = Make.Detail("somebody-else") });
                // They leave memory for the archive, and a snapshot is made.
                await tenants.Execute(tenant, new Command.AdvanceClock(Instant.Parse("2027-02-20T00:00:00Z")));
            }
            Assert.Equal(Planted, await Found(redis, prefix));
            Assert.Equal(40, (await tenants.Erase("zoo", Planted[0], ErasureTests.Admin)).Events);
            Assert.Equal(Planted, await Found(redis, prefix)); // another tenant's
            Assert.Equal(40, (await tenants.Erase("acme", Planted[0], ErasureTests.Admin)).Events);
            Assert.Empty(await Found(redis, prefix));
        }
        Assert.Empty(await Found(redis, prefix));
        Assert.Contains(await Values(redis, prefix), value => value.AsSpan().IndexOf("somebody-else"u8) >= 0);
    }

    [Fact]
    public async Task A_Redis_that_is_killed_while_a_person_is_erased_has_noted_what_is_gone_D2()
    {
        const int events = 4_500;
        await using var server = await RedisServer.Run();
        await using var redis = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString);
        var store = SharedRedis.Store(redis, "metering");
        var options = new EngineOptions { IdleSnapshotEntries = 1 };
        var tenants = new LocalTenants(store, options, new FakeTime(TestEngine.Begin.ToDateTimeOffset()));
        await tenants.StartAsync();
        await ErasureTests.Fill(tenants, events);
        var erasing = tenants.Erase(ErasureTests.Acme, ErasureTests.Person, ErasureTests.Admin).AsTask();
        while (await redis.GetDatabase().HashLengthAsync("metering:d:acme") == events) await Task.Yield();
        server.Kill();
        await Assert.ThrowsAnyAsync<Exception>(() => erasing);
        await server.Start();
        // As of a process that is gone: what it may still have under way is refused by the fence.
        await using var next = new LocalTenants(store, options, new FakeTime(TestEngine.Begin.ToDateTimeOffset()));
        await next.StartAsync();

        var left = (await store.DetailsOf(ErasureTests.Acme, ErasureTests.Person, default)).Count;
        Assert.InRange(left, 0, events - 1);
        Assert.Equal(events - left, await ErasureTests.Noted(store));
        Assert.Equal(left, (await next.Erase(ErasureTests.Acme, ErasureTests.Person, ErasureTests.Admin)).Events);
        Assert.Equal(events, await ErasureTests.Noted(store));
        Assert.Equal(0, await redis.GetDatabase().HashLengthAsync("metering:d:acme"));
    }

    private static async Task<string[]> Found(ConnectionMultiplexer redis, string prefix)
    {
        var all = await Values(redis, prefix);
        return [.. Planted.Where(text =>
            all.Exists(value => value.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0))];
    }

    /// <summary>Every key's name and all that is under it. As they are: a dump of them may be compressed.</summary>
    private static async Task<List<byte[]>> Values(ConnectionMultiplexer redis, string prefix)
    {
        var (db, values) = (redis.GetDatabase(), new List<byte[]>());
        await foreach (var key in redis.GetServers().Single().KeysAsync(pattern: prefix + "*"))
        {
            values.Add((byte[])key!);
            RedisValue[] under = await db.KeyTypeAsync(key) switch
            {
                RedisType.String => [await db.StringGetAsync(key)],
                RedisType.Hash => [.. (await db.HashGetAllAsync(key))
                    .SelectMany(one => (RedisValue[])[one.Name, one.Value])],
                RedisType.SortedSet => await db.SortedSetRangeByRankAsync(key),
                RedisType.Set => await db.SetMembersAsync(key),
                RedisType.List => await db.ListRangeAsync(key),
                RedisType.Stream => [.. (await db.StreamRangeAsync(key)).SelectMany(one => one.Values)
                    .SelectMany(one => (RedisValue[])[one.Name, one.Value])],
                var other => throw new InvalidOperationException($"{key} is a {other}"),
            };
            values.AddRange(under.Select(value => (byte[])value!));
        }
        return values;
    }
}
