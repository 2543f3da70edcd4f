using System.Collections.Concurrent;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>A replay takes long: whose it is, and who waits (N4).</summary>
[Collection(nameof(MemoryTests))] // threads that do what takes long are the process's: nobody else's work is before it
public sealed class PreviewTests
{
    [Fact]
    public async Task C1_a_tenants_preview_keeps_nobody_elses_out_N4()
    {
        await using var engine = await TestEngine.Start();
        string[] all = ["a", "b", "c", "d"];
        foreach (var tenant in all) await engine.Tenants.Execute(tenant, Make.Tenant());
        var (slow, slower) = (new TaskCompletionSource(), new TaskCompletionSource());
        var reads = new ConcurrentDictionary<string, bool>();
        engine.Store.BeforeRead = tenant =>
        {
            reads[tenant] = true;
            return tenant == "a" ? slower.Task : tenant == "b" ? slow.Task : Task.CompletedTask;
        };

        var first = Preview("a");
        await TestEngine.Until(() => reads.ContainsKey("a"));
        for (var again = 0; again < 3; again++)
            Assert.True((await Preview("a"))!.Busy);
        Assert.NotNull(await Preview("c")); // whatever "a" does
        var second = Preview("b");
        await TestEngine.Until(() => reads.ContainsKey("b"));
        Task<CapPreview?>[] others = [Preview("c"), Preview("d")]; // they wait for a place, and are not refused
        slow.SetResult();
        Assert.All(await Task.WhenAll(others), Assert.NotNull);
        Assert.NotNull(await second);
        Assert.False(first.IsCompleted);
        slower.SetResult();
        Assert.NotNull(await first);
        Assert.NotNull(await Preview("a"));

        async Task<CapPreview?> Preview(string tenant) => await engine.Tenants.PreviewCaps(tenant, []);
    }

    [Fact]
    public async Task C1_a_preview_that_takes_too_long_is_given_up_and_who_waits_for_longer_is_told_to_come_again_N4()
    {
        await using var engine = await TestEngine.Start();
        string[] all = ["a", "b", "c", "d"];
        foreach (var tenant in all) await engine.Tenants.Execute(tenant, Make.Tenant());
        var (slow, slower) = (new TaskCompletionSource(), new TaskCompletionSource());
        var reads = new ConcurrentDictionary<string, bool>();
        engine.Store.BeforeRead = tenant =>
        {
            reads[tenant] = true;
            return tenant == "a" ? slow.Task : tenant == "b" ? slower.Task : Task.CompletedTask;
        };
        var (first, second) = (Preview("a"), Preview("b"));
        await TestEngine.Until(() => reads.Count == 2);
        engine.Time.Advance(TimeSpan.FromSeconds(9));
        var third = Preview("c");
        engine.Time.Advance(TimeSpan.FromSeconds(1));
        slow.SetResult(); // what was read comes too late
        Assert.Equal((true, false, 0), Of(await first));
        Assert.Equal((false, false, 1), Of(await third));

        engine.Store.BeforeRead = tenant =>
        {
            reads[$"{tenant} again"] = true;
            return tenant == "a" ? slower.Task : Task.CompletedTask;
        };
        var again = Preview("a");
        await TestEngine.Until(() => reads.ContainsKey("a again"));
        var waits = Preview("d");
        while (!waits.IsCompleted)
        {
            engine.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.Equal((false, true, 0), Of(await waits));
        slower.SetResult();
        Assert.Equal((true, false, 0), Of(await second));
        Assert.Equal((true, false, 0), Of(await again));
        Assert.Equal((false, false, 1), Of(await Preview("d")));

        async Task<CapPreview?> Preview(string tenant) => await engine.Tenants.PreviewCaps(tenant, []);

        static (bool, bool, int) Of(CapPreview? preview) =>
            (preview!.GivenUp, preview.Busy, preview.Periods.Length);
    }

    [Fact]
    public async Task C1_who_goes_leaves_their_place_to_others_N4()
    {
        await using var engine = await TestEngine.Start();
        string[] all = ["a", "b", "c"];
        foreach (var tenant in all) await engine.Tenants.Execute(tenant, Make.Tenant());
        var never = new TaskCompletionSource();
        var reads = new ConcurrentDictionary<string, bool>();
        engine.Store.BeforeRead = tenant =>
        {
            reads[tenant] = true;
            return tenant == "c" ? Task.CompletedTask : never.Task;
        };
        using var gone = new CancellationTokenSource();
        var first = engine.Tenants.PreviewCaps("a", []).AsTask();
        var second = engine.Tenants.PreviewCaps("b", []).AsTask();
        await TestEngine.Until(() => reads.Count == 2);
        var third = engine.Tenants.PreviewCaps("c", [], gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
        never.SetResult();
        await Task.WhenAll(first, second);
        Assert.NotNull(await engine.Tenants.PreviewCaps("c", []));
    }
}
