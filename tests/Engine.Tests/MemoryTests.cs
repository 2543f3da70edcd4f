using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Measures the heap, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    public async Task Ten_thousand_idle_tenants_cost_under_a_kibibyte_each()
    {
        const int count = 10_000;
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        await using var store = SqliteStore.Open(directory);
        await using var tenants = new LocalTenants(store, new EngineOptions(),
            new FakeTime(TestEngine.Begin.ToDateTimeOffset()));
        await tenants.StartAsync();
        var terms = Make.Terms(cap: 1000);
        await Create(tenants, terms, 0, 1);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Create(tenants, terms, 1, count);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;

        Assert.Equal(count + 1, tenants.TenantsLoaded);
        Assert.True(each < 1024, $"{each} bytes a tenant");
    }

    private static async Task Create(LocalTenants tenants, Terms terms, int from, int count)
    {
        foreach (var some in Enumerable.Range(from, count).Chunk(100))
            await Task.WhenAll(some.Select(i => tenants.Execute($"tenant-{i}", Make.Tenant(terms)).AsTask()));
    }
}
