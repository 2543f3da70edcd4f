using MeteringGateway.Cluster.Tests.Support;
using MeteringGateway.Cluster.Wire;
using MeteringGateway.Core;
using MeteringGateway.Engine;
using MeteringGateway.Engine.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace MeteringGateway.Cluster.Tests;

/// <summary>What silos do together beyond what one machine does.</summary>
[Collection(SharedRedis.Name)]
public sealed class SiloTests(RedisServer redis)
{
    private static readonly Instant Noon = Instant.Parse("2026-11-21T12:00:00Z");
    private readonly string _service = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_silo_that_is_told_to_stop_hands_its_tenants_over_and_no_caller_elsewhere_notices()
    {
        await using var cluster = await SiloCluster.Start(redis, _service);
        var others = Rotation.Of(
            [.. cluster.Silos.Skip(1).Select(silo => silo.Services.GetRequiredService<ITenants>())]);
        string[] tenants = [.. Enumerable.Range(0, 12).Select(i => $"t{i}")];
        foreach (var tenant in tenants) await cluster.Tenants.Execute(tenant, Make.Tenant(Make.Terms(cap: 10)));

        var stopping = cluster.Silos[0].StopAsync();
        for (var i = 0; i < 15; i++)
            foreach (var tenant in tenants)
                Assert.IsType<Answer.Accepted>(await others.Execute(tenant, Make.Report($"o{i}")));
        await stopping;

        foreach (var tenant in tenants)
        {
            var usage = await others.Usage(tenant, null);
            Assert.Equal((15, 10), (usage!.OutcomeTypes.Single().Reported, usage.Caps.Single().Exposure.Value));
        }
    }

    [Fact]
    public async Task S2_a_stream_of_signals_survives_the_end_of_the_tenants_silo()
    {
        await using var cluster = await SiloCluster.Start(redis, _service);
        await cluster.Tenants.Execute("acme", Make.Tenant(Make.Terms(cap: 1, window: TimeSpan.FromHours(1))));
        var home = cluster.Silos.First(silo => silo.Services.GetRequiredService<LocalTenants>().TenantsLoaded > 0);
        var other = cluster.Silos.First(silo => silo != home).Services.GetRequiredService<ITenants>();
        using var reader = (await other.Signals("acme", null))!;
        await other.Execute("acme", Make.Report("a"));
        Assert.Equal(SignalAction.Pause, (await Next(reader)).Action);

        await home.StopAsync();
        await other.Execute("acme", Make.Fact("r", "a", FactKind.Reopened));

        Assert.Equal(SignalAction.Resume, (await Next(reader)).Action);
    }

    private static async Task<Signal> Next(SignalReader reader)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return (await reader.Signals.ReadAsync(patience.Token)).Signal;
    }

    [Fact]
    public async Task T5_what_falls_due_for_tenants_that_nobody_asks_for_happens_all_the_same()
    {
        var clock = new FakeClock();
        await using (var before = await SiloCluster.Start(redis, _service, clock: clock, size: 1))
        {
            await before.Tenants.Execute("acme", Make.Tenant(Make.Terms(window: TimeSpan.FromHours(1))));
            await before.Tenants.Execute("acme", Make.Report("a"));
        }
        clock.Advance(TimeSpan.FromHours(2));

        await using var after = await SiloCluster.Start(redis, _service, clock: clock);
        var store = after.Silos[0].Services.GetRequiredService<IStore>();
        await Until(async () => (await store.Due(Noon + TimeSpan.FromHours(2), 10, default)).Count == 0);

        Assert.Equal(OutcomeStatus.Billable, (await after.Tenants.Outcome("acme", "a"))!.Outcome.Status);
    }

    [Fact]
    public async Task A_snapshot_is_kept_by_grain_storage_and_what_came_after_it_is_folded_onto_it()
    {
        byte[]? digest;
        var settings = new Dictionary<string, string?> { ["Metering:SnapshotEntries"] = "50" };
        await using (var before = await SiloCluster.Start(redis, _service, settings, size: 1))
        {
            await before.Tenants.Execute("acme", Make.Tenant());
            for (var i = 0; i < 120; i++) await before.Tenants.Execute("acme", Make.Report($"o{i}"));
            var store = before.Silos[0].Services.GetRequiredService<IStore>();
            await Until(async () => (await store.Load("acme", default))!.Snapshot is not null);
            digest = await before.Silos[0].Services.GetRequiredService<LocalTenants>().Digest("acme");
        }
        await using var after = await SiloCluster.Start(redis, _service, settings, size: 1);
        var stored = (await after.Silos[0].Services.GetRequiredService<IStore>().Load("acme", default))!;
        Assert.InRange(stored.Snapshot!.Sequence, 50, stored.Sequence);
        Assert.Equal(digest, await after.Silos[0].Services.GetRequiredService<LocalTenants>().Digest("acme"));
    }

    [Fact]
    public async Task A_silo_without_an_administrator_says_what_is_missing()
    {
        var settings = new Dictionary<string, string?> { ["Metering:AdminKey"] = null };
        var refused = await Assert.ThrowsAsync<StoreException>(() =>
            SiloCluster.Start(redis, _service, settings, size: 1));
        Assert.Contains("Metering:AdminKey", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_silo_of_another_version_may_say_more_or_less()
    {
        var said = JsonSerializer.Serialize<Answer>(new Answer.Refused(Refusal.UnknownTenant, "there is none"),
            WireTypes.Json);
        var more = said.Insert(said.Length - 1, ",\"Colour\":{\"Deep\":[1,2]}");
        Assert.Equal(JsonSerializer.Deserialize<Answer>(said, WireTypes.Json),
            JsonSerializer.Deserialize<Answer>(more, WireTypes.Json));

        var less = JsonSerializer.Deserialize<Command>(
            """{"$type":"ReportActivity","Id":{"Source":"/x","Id":"a"},"Activity":"ticket"}""", WireTypes.Json);
        Assert.Equal(Dimensions.None, Assert.IsType<Command.ReportActivity>(less).Dimensions);
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
