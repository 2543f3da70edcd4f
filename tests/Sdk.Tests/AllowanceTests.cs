namespace MeteringGateway.Sdk.Tests;

/// <summary>Decisions are local, and every cap holds.</summary>
public class AllowanceTests(Started started) : IClassFixture<Started>
{
    private readonly Gateway _gateway = started.Gateway;

    private static string Plan(int cap) => $$$"""
        {"currency":"USD","outcome_types":[{"id":"support.resolution","price":"0.99"}],
         "caps":[{"id":"monthly","limit":{"units":{{{cap}}}},"at_limit":{"action":"handoff","to":"queue:tier1"}}]}
        """;

    private static AllowanceOptions Options(OnUnavailable then = OnUnavailable.Deny, int smallest = 10,
        int largest = 10_000) =>
        new() { OnUnavailable = then, SmallestSlice = smallest, LargestSlice = largest };

    /// <summary>One agent runtime with its gate, on the clock of the gateway.</summary>
    private sealed class Runtime : IAsyncDisposable
    {
        private readonly CancellationTokenSource _ended = new();
        private Task _listening = Task.CompletedTask;
        private FakeClock _clock = null!;

        public Cable Cable { get; } = new();
        public MeteringClient Client { get; private set; } = null!;
        public Gate Gate { get; private set; } = null!;
        public Allowance Allowance { get; private set; } = null!;

        public static async Task<Runtime> Start(Gateway gateway, string tenant, AllowanceOptions options,
            int units = 1)
        {
            var runtime = new Runtime { _clock = gateway.Clock };
            var to = Caller.Options(gateway.Address, await gateway.Key("agent", tenant));
            to.Attempts = 1;
            to.AttemptTimeout = TimeSpan.FromDays(10); // the test's time runs while the gateway answers
            to.SilenceTimeout = TimeSpan.FromDays(10);
            runtime.Client = Caller.Client(to, gateway.Clock, runtime.Cable);
            runtime.Gate = new Gate(gateway.Clock);
            runtime._listening = runtime.Gate.ListenAsync(runtime.Client, [tenant], runtime._ended.Token);
            var question = Question.Outcome(Caller.Type) with { Agent = "bot", Quantity = units };
            await Caller.Until(() => runtime.Gate.Ask(tenant, question).State != GateState.Unknown, () => "ready");
            runtime.Allowance = new Allowance(runtime.Client, runtime.Gate, tenant, question, options, gateway.Clock);
            return runtime;
        }

        public async ValueTask DisposeAsync()
        {
            var stopping = Allowance.DisposeAsync().AsTask();
            // A test that failed leaves permits out.
            if (await Task.WhenAny(stopping, Task.Delay(5_000)) != stopping) _clock.Advance(TimeSpan.FromSeconds(11));
            await stopping;
            await _ended.CancelAsync();
            await Task.WhenAny(_listening);
            Cable.Dispose();
        }
    }

    private async Task<(long Reported, long Reserved)> Usage(string tenant)
    {
        var type = (await _gateway.Admin.Get($"/v1/tenants/{tenant}/usage").Json())["outcome_types"]![0]!;
        return ((long)type["pending"]!, (long)type["reserved"]!);
    }

    // What it would be; the unit goes back.
    private static Permit Decide(Allowance allowance)
    {
        if (allowance.TryDecide(out var permit)) allowance.Return(permit);
        return permit;
    }

    [Fact]
    public async Task A_decision_takes_a_unit_of_a_slice_and_its_report_settles_it_A4()
    {
        await _gateway.Tenant("slice", Plan(100));
        await using var runtime = await Runtime.Start(_gateway, "slice", Options());
        Assert.False(runtime.Allowance.TryDecide(out var none));
        Assert.False(none.MayAct);

        var permit = await runtime.Allowance.DecideAsync();
        Assert.True(permit.MayAct);
        Assert.Equal((0, 10), await Usage("slice"));
        var result = await runtime.Allowance.ReportAsync(permit, Caller.Report("slice", "c-1"));
        Assert.Equal(EventStatus.Accepted, result.Status);
        Assert.Equal((1, 9), await Usage("slice"));
        Assert.Equal("bot", (string?)(await _gateway.Admin.Get("/v1/tenants/slice/outcomes/c-1").Json())["agent"]);

        await runtime.DisposeAsync();
        Assert.Equal((1, 0), await Usage("slice"));
    }

    [Fact]
    public async Task What_was_said_of_a_permit_is_not_said_again()
    {
        await _gateway.Tenant("twice", Plan(100));
        await using var runtime = await Runtime.Start(_gateway, "twice", Options());
        var permit = await runtime.Allowance.DecideAsync();
        var held = runtime.Allowance.Held;

        runtime.Allowance.Return(permit);

        Assert.Equal(held + 1, runtime.Allowance.Held);
        Assert.Throws<InvalidOperationException>(() => runtime.Allowance.Return(permit));
    }

    [Fact]
    public async Task The_last_unit_is_given_away_and_then_people_take_over()
    {
        await _gateway.Tenant("last", Plan(25));
        await using var runtime = await Runtime.Start(_gateway, "last", Options());
        var admitted = 0;
        Permit permit;
        while ((permit = await runtime.Allowance.DecideAsync()).MayAct)
            Assert.Equal(EventStatus.Accepted, (await runtime.Allowance.ReportAsync(permit,
                Caller.Report("last", $"c-{admitted++}"))).Status);

        Assert.Equal((25, "cap_reached", "queue:tier1"), (admitted, permit.Reason, permit.Handoff?.To));
        Assert.Equal((25, 0), await Usage("last"));
    }

    [Fact]
    public async Task Many_runtimes_together_get_exactly_what_the_cap_has_and_none_is_refused_while_units_are_unheld()
    {
        await _gateway.Tenant("many", Plan(500));
        var runtimes = new List<Runtime>();
        for (var i = 0; i < 8; i++)
            runtimes.Add(await Runtime.Start(_gateway, "many", Options(smallest: 3, largest: 40)));
        var admitted = 0;
        // One stops early, holding units: they go back when half of their time is over, and others get them.
        var idle = await runtimes[0].Allowance.DecideAsync();
        runtimes[0].Allowance.Return(idle);
        Assert.True(runtimes[0].Allowance.Held > 0);
        await Task.WhenAll(runtimes.Skip(1).Select(Work));
        Assert.True(admitted < 500);

        _gateway.Clock.Advance(TimeSpan.FromSeconds(31));
        await Caller.Until(() => runtimes[0].Allowance.Held == 0, () => "its time is over");
        // Within one slice's time of when the last unit was held idle, whoever asks again gets what is left.
        for (var waited = 31d; waited + 1.1 <= 60 && admitted < 500; waited += 1.1)
        {
            _gateway.Clock.Advance(TimeSpan.FromSeconds(1.1));
            await Task.WhenAll(runtimes.Skip(1).Select(Work));
        }

        Assert.Equal((500, 0), await Usage("many"));
        Assert.Equal(500, admitted);
        foreach (var runtime in runtimes)
        {
            await Caller.Until(() => runtime.Allowance.TryDecide(out var p) && !p.MayAct, () => "stopped");
            await runtime.DisposeAsync();
        }

        async Task Work(Runtime runtime)
        {
            while (await runtime.Allowance.DecideAsync() is { MayAct: true } permit)
            {
                var result = await runtime.Allowance.ReportAsync(permit, new OutcomeReport("many", Caller.Type));
                Assert.Equal(("pending", null), (result.Outcome!.Status, result.Outcome.Reason));
                Interlocked.Increment(ref admitted);
            }
        }
    }

    [Fact]
    public async Task A_signal_closes_it_at_once_and_what_is_held_goes_back()
    {
        await _gateway.Tenant("signal", Plan(100));
        await using var runtime = await Runtime.Start(_gateway, "signal", Options());
        var outstanding = await runtime.Allowance.DecideAsync();

        await _gateway.Admin.Post("/v1/tenants/signal/pause", """{"action":"pause","reason":"test"}""");
        await Caller.Until(() => Decide(runtime.Allowance).Reason == "tenant_paused", () => "closed");
        Assert.Equal(0, runtime.Allowance.Held);

        // What was promised before is honoured; only then is the rest given back.
        Assert.Equal((0, 10), await Usage("signal"));
        var result = await runtime.Allowance.ReportAsync(outstanding, Caller.Report("signal", "c-1"));
        Assert.Equal("pending", result.Outcome!.Status);
        (long, long) now = default;
        await Caller.Until(() => (now = Usage("signal").GetAwaiter().GetResult()) == (1, 0),
            () => $"given back: {now}");

        await _gateway.Admin.Post("/v1/tenants/signal/resume", "{}");
        await Caller.Until(() => runtime.Gate.Ask("signal", Question.Outcome(Caller.Type)).MayAct, () => "resumed");
        Assert.True((await runtime.Allowance.DecideAsync()).MayAct);
    }

    [Fact]
    public async Task A_slice_is_not_used_beyond_half_of_its_time_and_is_held_while_a_permit_is_out()
    {
        await _gateway.Tenant("old", Plan(100));
        await using var runtime = await Runtime.Start(_gateway, "old", Options());
        var permit = await runtime.Allowance.DecideAsync();

        _gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0, runtime.Allowance.Held);
        await Caller.Until(() => Expiry() == "2026-11-21", () => "held for longer");
        var before = (await _gateway.Admin.Get("/v1/tenants/old/reservations").Json())["data"]![0]!;
        _gateway.Clock.Advance(TimeSpan.FromSeconds(45)); // beyond the minute that it was held for at first
        var result = await runtime.Allowance.ReportAsync(permit, Caller.Report("old", "c-1"));

        Assert.Equal(9, (long)before["remaining"]! - 1);
        Assert.Equal("pending", result.Outcome!.Status);
        (long, long) now = default;
        await Caller.Until(() => (now = Usage("old").GetAwaiter().GetResult()) == (1, 0), () => $"given back: {now}");

        string Expiry()
        {
            var held = _gateway.Admin.Get("/v1/tenants/old/reservations").Json().GetAwaiter().GetResult()["data"]![0]!;
            return DateTimeOffset.Parse((string)held["expires_at"]!) - _gateway.Clock.GetUtcNow()
                >= TimeSpan.FromSeconds(59) ? "2026-11-21" : "";
        }
    }

    [Theory]
    [InlineData(OnUnavailable.Deny, DecisionKind.Pause, false)]
    [InlineData(OnUnavailable.HandOff, DecisionKind.Handoff, false)]
    [InlineData(OnUnavailable.UseHeldUnits, DecisionKind.Pause, true)]
    [InlineData(OnUnavailable.Allow, DecisionKind.Allow, true)]
    public async Task While_the_gateway_is_away_what_the_caller_chose_happens_and_is_counted_and_reported(
        OnUnavailable then, DecisionKind withNothingHeld, bool usesHeld)
    {
        var tenant = $"away-{then}".ToLowerInvariant();
        await _gateway.Tenant(tenant, Plan(100));
        await using var runtime = await Runtime.Start(_gateway, tenant, Options(then, largest: 10));
        runtime.Allowance.Return(await runtime.Allowance.DecideAsync());

        runtime.Cable.Cut();
        await Caller.Until(() => !runtime.Gate.IsLive, () => "deaf");
        Assert.True(runtime.Allowance.TryDecide(out var early) && early is { MayAct: true, IsBlind: false });
        runtime.Allowance.Return(early);
        _gateway.Clock.Advance(TimeSpan.FromSeconds(6));
        await Caller.Until(() => Decide(runtime.Allowance) is { MayAct: false } or { IsBlind: true }, () => "away");

        var decided = Enumerable.Range(0, 12).Select(_ => runtime.Allowance.TryDecide(out var p) ? p : default)
            .ToList();
        Assert.Equal(withNothingHeld, decided[^1].Kind);
        Assert.Equal("unavailable", decided[^1].Reason);
        Assert.Equal(usesHeld, decided[0].MayAct);
        var blind = runtime.Allowance.BlindDecisions;
        Assert.True(usesHeld ? blind >= decided.Count(p => p.MayAct) : blind == 0, $"{blind}");
        Assert.All(decided, p => Assert.Equal(p.MayAct, p.IsBlind));

        runtime.Cable.Mend();
        await Caller.Until(() =>
        {
            _gateway.Clock.Advance(TimeSpan.FromMilliseconds(100));
            return runtime.Gate.IsLive && runtime.Allowance.BlindDecisions == 0;
        }, () => $"back: {runtime.Gate.IsLive}, {runtime.Allowance.BlindDecisions}");
        long reported = -1;
        await Caller.Until(() => (reported = Blind()) == blind, () => $"reported: {reported} of {blind}");
        foreach (var permit in decided) runtime.Allowance.Return(permit);

        long Blind() => _gateway.Admin.Get($"/v1/tenants/{tenant}/usage").Json().GetAwaiter().GetResult()["activities"]!
            .AsArray().Where(a => (string?)a!["id"] == Allowance.BlindActivity).Sum(a => (long)a!["reported"]!);
    }

    [Fact]
    public async Task Slices_grow_with_the_pace_within_bounds_and_shrink_when_little_is_left()
    {
        await _gateway.Tenant("pace", Plan(2000));
        await using var runtime = await Runtime.Start(_gateway, "pace", Options(smallest: 5, largest: 200));
        var largest = 0L;
        for (var i = 0; i < 1500; i++)
        {
            var permit = await runtime.Allowance.DecideAsync();
            Assert.True(permit.MayAct);
            await runtime.Allowance.ReportAsync(permit, new OutcomeReport("pace", Caller.Type));
            largest = Math.Max(largest, runtime.Allowance.Held);
        }

        Assert.InRange(largest, 50, 400); // one that is used, and one that is ready
        Assert.InRange((await Usage("pace")).Reserved, 1, 400);
    }

    [Fact]
    public async Task Decisions_of_several_units_take_them_together_or_not_at_all()
    {
        await _gateway.Tenant("units", Plan(20));
        await using var runtime = await Runtime.Start(_gateway, "units", Options(), units: 7);
        var permits = new List<Permit>();
        Permit last;
        while ((last = await runtime.Allowance.DecideAsync()).MayAct) permits.Add(last);

        Assert.Equal((2, "cap_reached"), (permits.Count, last.Reason));
        foreach (var permit in permits)
            await runtime.Allowance.ReportAsync(permit, new OutcomeReport("units", Caller.Type));
        Assert.Equal(14, (await Usage("units")).Reported);
    }

    [Fact]
    public async Task A_local_decision_allocates_nothing()
    {
        await _gateway.Tenant("bytes", Plan(100_000));
        await using var runtime = await Runtime.Start(_gateway, "bytes", Options(smallest: 20_000, largest: 20_000));
        var permits = new Permit[5000];
        permits[0] = await runtime.Allowance.DecideAsync();
        for (var i = 1; i < 100; i++) runtime.Allowance.TryDecide(out permits[i]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 100; i < permits.Length; i++) runtime.Allowance.TryDecide(out permits[i]);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        foreach (var permit in permits)
        {
            Assert.True(permit.MayAct);
            runtime.Allowance.Return(permit);
        }
    }

    [Fact]
    public async Task What_cannot_be_decided_is_told_to_who_asks()
    {
        await _gateway.Tenant("wrong", Plan(10));
        await using var runtime = await Runtime.Start(_gateway, "wrong", Options());
        await using var other = new Allowance(runtime.Client, runtime.Gate, "wrong", Question.Outcome("no.such"),
            Options(), _gateway.Clock);

        var refused = await Assert.ThrowsAsync<MeteringException>(() => other.DecideAsync().AsTask());

        Assert.Equal("unknown_outcome_type", refused.Code);
        Assert.Throws<ArgumentException>(() => new Allowance(runtime.Client, runtime.Gate, "wrong",
            Question.Outcome(Caller.Type), Options(default)));
        await runtime.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => runtime.Allowance.TryDecide(out _));
    }
}
