using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>The index of those in need: written with the entries, and read without a tenant.</summary>
public sealed class AttentionTests
{
    [Fact]
    public async Task To_find_those_in_need_nobody_is_woken()
    {
        await using var engine = await Full();
        await using var next = await engine.Restart();
        Assert.Equal([new TenantInNeed("acme", LimitState.Paused)], await next.Tenants.Attention(null, null, 10));
        Assert.Equal(0, next.Tenants.TenantsLoaded);
    }

    [Fact]
    public async Task Whoever_watches_sees_who_is_in_memory_and_keeps_nobody_there()
    {
        await using var engine =
            await TestEngine.Start(options: new EngineOptions { IdleAfter = TimeSpan.FromMinutes(1) });
        await engine.Tenants.Execute("acme", Make.Tenant(Make.Terms(cap: 1)));
        await engine.Tenants.Execute("acme", Make.Report("a"));
        engine.Time.Advance(TimeSpan.FromSeconds(50));
        await engine.Tenants.Watch.Refresh(default);
        Assert.Equal("acme", Assert.Single(engine.Tenants.Watch.Tenants).Tenant);
        engine.Time.Advance(TimeSpan.FromSeconds(40));
        await TestEngine.Until(() => engine.Tenants.TenantsLoaded == 0);
        await engine.Tenants.Watch.Refresh(default);
        Assert.Empty(engine.Tenants.Watch.Tenants);
        Assert.Equal(new TenantInNeed("acme", LimitState.Paused), Assert.Single(engine.Tenants.Watch.InNeed));
        Assert.Equal([0L, 0, 1, 0], engine.Tenants.Watch.ByState);
    }

    [Fact]
    public async Task After_a_crash_the_index_says_what_the_entries_say()
    {
        await using var engine = await Full();
        engine.Store.Fault = _ => Fault.Lost;
        await Assert.ThrowsAsync<StoreFailedException>(async () =>
            await engine.Tenants.Execute("acme", new Command.RemoveCap("monthly")));
        await using var next = await engine.Crash();
        Assert.Single(await next.Tenants.Attention(null, null, 10));
        await next.Tenants.Execute("acme", new Command.RemoveCap("monthly"));
        Assert.Empty(await next.Tenants.Attention(null, null, 10));
    }

    [Fact]
    public async Task A_database_without_the_index_gets_it_and_fills_it_as_tenants_are_written()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using (var store = SqliteStore.Open(directory))
        {
            await using var tenants = new LocalTenants(store, new EngineOptions());
            await tenants.StartAsync();
            await tenants.Execute("acme", Make.Tenant(Make.Terms(cap: 1)));
            await tenants.Execute("acme", Make.Report("a"));
        }
        StoreDamage.MakeOlder(directory,
            "DROP INDEX tenants_severity; ALTER TABLE tenants DROP COLUMN severity; PRAGMA user_version=2;");
        await using (var store = SqliteStore.Open(directory))
        {
            await using var tenants = new LocalTenants(store, new EngineOptions());
            await tenants.StartAsync();
            Assert.Empty(await tenants.Attention(null, null, 10));
            await tenants.Execute("acme", Make.Report("b"));
            Assert.Single(await tenants.Attention(null, null, 10));
        }
        Directory.Delete(directory, recursive: true);
    }

    private static async Task<TestEngine> Full()
    {
        var engine = await TestEngine.Start();
        await engine.Tenants.Execute("acme", Make.Tenant(Make.Terms(cap: 1)));
        await engine.Tenants.Execute("acme", Make.Report("a"));
        return engine;
    }
}
