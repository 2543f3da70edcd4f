using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>What a reader of signals begins with, and the alerts that were raised (S6, S7).</summary>
public abstract partial class TenantsBehaviour
{
    [Fact]
    public async Task A_fresh_reader_of_signals_is_told_the_keys_that_stop_or_warn_S6()
    {
        await Create(cap: 2, warnAt: 50);
        using (var nothing = (await Tenants.Signals(Acme, null))!) Assert.Empty(nothing.Start.Keys!);
        for (var i = 0; i < 2; i++) await Tenants.Execute(Acme, Make.Report($"a{i}"));
        await Tenants.Execute(Acme, new Command.Pause(AtLimit.Pause, "by hand"));

        using var fresh = (await Tenants.Signals(Acme, null))!;
        Assert.Equal([("tenant", LimitState.Paused), ("cap:monthly", LimitState.Paused)],
            fresh.Start.Keys!.Value.Select(key => (key.Key, key.State)));
        Assert.Equal([new Stop(StopOn.Any), new Stop(StopOn.Outcome)],
            fresh.Start.Keys!.Value.SelectMany(key => key.Stops!.Value));

        await Tenants.Execute(Acme, new Command.Resume());
        var resumed = Assert.Single(await Take(fresh, 1));
        Assert.Equal(("tenant", SignalAction.Resume), (resumed.Key, resumed.Action));
        Assert.Empty(resumed.Stops!);
        using var after = (await Tenants.Signals(Acme, resumed.Sequence))!;
        Assert.Null(after.Start.Keys);
        using var again = (await Tenants.Signals(Acme, null))!;
        Assert.Equal("cap:monthly", Assert.Single(again.Start.Keys!.Value).Key);
    }

    [Fact]
    public async Task A_reader_that_is_ahead_of_the_journal_begins_anew_S6()
    {
        await Create(cap: 1);
        await Tenants.Execute(Acme, Make.Report("a"));
        using var ahead = (await Tenants.Signals(Acme, 1_000_000))!;
        Assert.Equal("cap:monthly", Assert.Single(ahead.Start.Keys!.Value).Key);
        Assert.True(ahead.Start.Sequence < 1_000_000);
    }

    [Fact]
    public async Task A_tenant_that_is_closed_is_told_of_and_needs_nobody_S6()
    {
        await Create(cap: 1);
        await Tenants.Execute(Acme, Make.Report("a"));
        Assert.Equal([new TenantInNeed(Acme, LimitState.Paused)], await Tenants.Attention(null, null, 10));
        using var reader = (await Tenants.Signals(Acme, null))!;
        await Tenants.Execute(Acme, new Command.Close());

        var told = Assert.Single(await Take(reader, 1));
        Assert.Equal(("tenant", SignalAction.Pause, DecisionReason.TenantClosed), (told.Key, told.Action, told.Reason));
        using var fresh = (await Tenants.Signals(Acme, null))!;
        Assert.Equal(Told(told), Told(Assert.Single(fresh.Start.Keys!.Value)));
        Assert.Empty(await Tenants.Attention(null, null, 10));
        Assert.Equal(LimitState.Paused, (await Tenants.Tenant(Acme))!.State);
        Assert.Equal((DecisionKind.Pause, DecisionReason.TenantClosed), Why(await Tenants.Check(Acme, Make.One)));
        var recorded = Assert.IsType<Answer.Decided>(await Tenants.Execute(Acme, new Command.RecordCheck(Make.One)));
        Assert.Equal((DecisionKind.Pause, DecisionReason.TenantClosed), Why(recorded.Decision));
        var reserved = Assert.IsType<Answer.Reserved>(
            await Tenants.Execute(Acme, new Command.Reserve(Make.One, TimeSpan.FromMinutes(1), AllowPartial: true)));
        Assert.Equal((DecisionKind.Pause, DecisionReason.TenantClosed), Why(reserved.Decision));
        Assert.Null(reserved.Reservation);
    }

    [Fact]
    public async Task Alerts_are_listed_newest_first_by_period_and_page_S7()
    {
        await Create(cap: 4, warnAt: 50);
        for (var i = 0; i < 4; i++) await Tenants.Execute(Acme, Make.Report($"a{i}"));
        await Tenants.Execute(Acme, new Command.AdvanceClock(Start + TimeSpan.FromDays(60)));
        for (var i = 0; i < 2; i++) await Tenants.Execute(Acme, Make.Report($"b{i}"));

        var november = (await Tenants.Alerts(Acme, DateOnly.Parse("2026-11-01"), null, 10))!;
        Assert.Equal([(2, Alerts.CapReached, 4), (1, Alerts.ThresholdCrossed, 2)],
            november.Select(alert => ((int)alert.Number, alert.Type, (int)alert.Level!.Value.Value)));
        Assert.Equal([3, 2], (await Tenants.Alerts(Acme, null, null, 2))!.Select(alert => (int)alert.Number));
        Assert.Equal([1], (await Tenants.Alerts(Acme, null, 2, 2))!.Select(alert => (int)alert.Number));
        Assert.Empty((await Tenants.Alerts(Acme, DateOnly.Parse("2026-12-01"), null, 10))!);
        Assert.Null(await Tenants.Alerts(Acme, DateOnly.Parse("2020-01-01"), null, 10));
        Assert.Null(await Tenants.Alerts("nobody", null, null, 10));
    }

    private static string Told(Signal signal) =>
        $"{signal with { Stops = null }} {string.Join("; ", signal.Stops!.Value)}";

    private static (DecisionKind, DecisionReason) Why(Decision? decision) => (decision!.Kind, decision.Reason);
}
