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
        const int first = 1_000; // buffers that all share have their size then
        await Create(tenants, terms, 0, first);

        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Create(tenants, terms, first, count);
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / count;

        Assert.Equal(first + count, tenants.TenantsLoaded);
        Assert.True(each < 1024, $"{each} bytes a tenant");
    }

    private static async Task Create(LocalTenants tenants, Terms terms, int from, int count)
    {
        foreach (var some in Enumerable.Range(from, count).Chunk(100))
            await Task.WhenAll(some.Select(i => tenants.Execute($"tenant-{i}", Make.Tenant(terms)).AsTask()));
    }
}
