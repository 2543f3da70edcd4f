using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Who reads signals: none is missed, and nobody is slowed (S1).</summary>
public sealed class SignalReaderTests
{
    private const string Acme = "acme";

    [Fact]
    public async Task A_tenant_whose_signals_are_read_stays_in_memory()
    {
        await using var engine =
            await TestEngine.Start(options: new EngineOptions { IdleAfter = TimeSpan.FromMinutes(1) });
        foreach (var tenant in (string[])[Acme, "idle"])
            await engine.Tenants.Execute(tenant, Make.Tenant(Make.Terms(cap: 1)));
        using var reader = (await engine.Tenants.Signals(Acme, null))!;
        engine.Time.Advance(TimeSpan.FromMinutes(5));
        await TestEngine.Until(() => engine.Tenants.TenantsLoaded == 1);

        await engine.Tenants.Execute(Acme, Make.Report("a"));

        Assert.Equal(SignalAction.Pause, (await reader.Signals.ReadAsync()).Signal.Action);
    }

    [Fact]
    public async Task S1_a_reader_that_does_not_keep_up_is_closed_and_slows_nobody()
    {
        await using var engine = await TestEngine.Start(options: new EngineOptions { SignalBuffer = 2 });
        await engine.Tenants.Execute(Acme, Make.Tenant());
        using var slow = (await engine.Tenants.Signals(Acme, null))!;
        using var quick = (await engine.Tenants.Signals(Acme, null))!;

        for (var i = 0; i < 3; i++)
        {
            await engine.Tenants.Execute(Acme,
                i % 2 == 0 ? new Command.Pause(AtLimit.Pause, "by hand") : new Command.Resume());
            await quick.Signals.ReadAsync();
        }

        var last = new List<ToldSignal> { await slow.Signals.ReadAsync(), await slow.Signals.ReadAsync() }[^1].Signal;
        await Assert.ThrowsAsync<SlowReaderException>(() => slow.Signals.Completion);
        using var again = (await engine.Tenants.Signals(Acme, last.Sequence))!;
        Assert.Equal(SignalAction.Pause, (await again.Signals.ReadAsync()).Signal.Action);
    }

    [Fact]
    public async Task S1_readers_that_join_at_any_moment_miss_nothing_and_see_nothing_twice()
    {
        await using var engine = await TestEngine.Start(options: new EngineOptions { SignalBuffer = 1000 });
        await engine.Tenants.Execute(Acme, Make.Tenant());
        var readers = new List<SignalReader>();
        var joining = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++) readers.Add((await engine.Tenants.Signals(Acme, 0))!);
        });
        for (var i = 0; i < 200; i++)
            await engine.Tenants.Execute(Acme,
                i % 2 == 0 ? new Command.Pause(AtLimit.Pause, "by hand") : new Command.Resume());
        await joining;

        foreach (var reader in readers)
        {
            var seen = new List<long>();
            while (seen.Count < 200) seen.Add((await reader.Signals.ReadAsync()).Signal.Sequence);
            Assert.Equal(Enumerable.Range(0, 200).Select(i => 3L + 2 * i), seen); // each after its own entry
            Assert.False(reader.Signals.TryRead(out _));
            reader.Dispose();
        }
    }
}
