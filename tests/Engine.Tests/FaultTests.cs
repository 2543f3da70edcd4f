using System.Buffers;
using MeteringGateway.Core;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Engine.Tests;

/// <summary>N4: what fails in one tenant is that tenant's.</summary>
public sealed class FaultTests
{
    private const string Old = "old";
    private const string Sound = "sound";
    private bool _broken;
    private Exception _fault = new InvalidOperationException("no such zone");

    [Fact]
    public async Task N4_a_turn_that_fails_makes_its_tenant_unavailable_and_no_other()
    {
        var log = new Recorded();
        await using var engine = await Started(log);
        engine.Time.Jump(TimeSpan.FromDays(20)); // a month ends
        _broken = true;

        var failed = await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await engine.Tenants.Execute(Old, Make.Report("a")));
        Assert.Equal("no such zone", failed.InnerException!.Message);
        Assert.Equal(Faults.FirstWait, failed.RetryAfter);
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Sound, Make.Report("a")));
        Assert.NotNull(await engine.Tenants.Usage(Sound, null));
        Assert.Equal((1, true), (engine.Tenants.Failing, engine.Tenants.IsReady));

        _broken = false;
        engine.Time.Jump(Faults.FirstWait);
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Old, Make.Report("a")));
        Assert.Equal(0, engine.Tenants.Failing);
        Assert.Single(log.Errors);
    }

    [Fact]
    public async Task N4_a_tenant_that_fails_is_tried_again_after_a_wait_that_doubles_and_never_in_between()
    {
        var log = new Recorded();
        await using var engine = await Started(log);
        engine.Time.Jump(TimeSpan.FromDays(20));
        _broken = true;
        var waits = new List<TimeSpan>();
        for (var i = 0; i < 12; i++)
        {
            var failed = await Fails(engine);
            waits.Add(failed.RetryAfter);
            var loaded = engine.Tenants.EntriesReplayed;
            for (var again = 0; again < 50; again++)
                Assert.InRange((await Fails(engine)).RetryAfter.Ticks, 1, failed.RetryAfter.Ticks);
            Assert.Equal(loaded, engine.Tenants.EntriesReplayed);
            engine.Time.Jump(failed.RetryAfter);
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300], waits.Select(wait => wait.TotalSeconds));
        Assert.Single(log.Errors);
    }

    [Fact]
    public async Task A_flush_that_takes_long_is_a_line_of_the_log_and_others_are_none()
    {
        var log = new Recorded();
        await using var engine = await TestEngine.Start(log: log);
        await engine.Tenants.Execute(Sound, Make.Tenant());
        Assert.Empty(log.Warnings);
        engine.Store.Fault = _ =>
        {
            engine.Time.Jump(TimeSpan.FromSeconds(2.5));
            return Fault.None;
        };
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Sound, Make.Report("a")));
        Assert.Matches("^A flush of [0-9]+ entries took 2.5 s$", Assert.Single(log.Warnings));
    }

    [Fact]
    public async Task Memory_that_has_run_out_is_no_fault_of_a_tenant_and_ends_the_process()
    {
        var log = new Recorded();
        await using var engine = await Started(log);
        engine.Time.Jump(TimeSpan.FromDays(20));
        (_broken, _fault) = (true, Spent());

        await Assert.ThrowsAnyAsync<Exception>(async () => await engine.Tenants.Execute(Old, Make.Report("a")));

        Assert.Equal((0, false), (engine.Tenants.Failing, engine.Tenants.IsReady));
        Assert.True(engine.Tenants.Failed.IsCompleted);
        Assert.Equal(LocalTenants.NoMemory, await engine.Tenants.Failed);
        await Assert.ThrowsAsync<StoreFailedException>(async () =>
            await engine.Tenants.Execute(Sound, Make.Report("a")));
        Assert.StartsWith(LocalTenants.NoMemory, Assert.Single(log.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task N4_timers_wake_what_is_due_and_leave_alone_what_fails()
    {
        await using var engine = await Started(new Recorded());
        await engine.Tenants.Execute(Sound, Make.Report("a"));
        _broken = true;
        engine.Time.Jump(TimeSpan.FromDays(20));
        var (before, loaded) = (engine.Store.DurableSequence(Sound), engine.Tenants.EntriesReplayed);

        for (var second = 0; second < 60; second++)
        {
            engine.Time.Advance(TimeSpan.FromSeconds(1));
            await TestEngine.Until(() => engine.Store.DurableSequence(Sound) > before && engine.Tenants.Failing == 1);
        }
        // One entry to fold, at 1, 2, 4, ... seconds: not every second.
        Assert.InRange(engine.Tenants.EntriesReplayed - loaded, 0, 7);
    }

    [Fact]
    public async Task N1_a_view_that_cannot_be_made_is_no_failure_of_the_store()
    {
        var store = new MemoryStore();
        await Write(store, Old, Created(), Held(100_000));
        await using var engine = await TestEngine.Start(store);
        await engine.Tenants.Execute(Sound, Make.Tenant());
        Assert.NotNull(await engine.Tenants.Tenant(Old));
        engine.Tenants.Loaded(Old)!.Asked(); // as a check does, so that the flush makes a view

        await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await engine.Tenants.Execute(Old, new Command.Pause(AtLimit.Pause, "by hand")));

        Assert.Equal(2, store.DurableSequence(Old)); // none of it was kept
        Assert.True(engine.Tenants.IsReady);
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Sound, Make.Report("a")));
        await Assert.ThrowsAsync<TenantFailedException>(async () => await engine.Tenants.Check(Old, Make.One));
        engine.Time.Jump(Faults.FirstWait);
        await Assert.ThrowsAsync<TenantFailedException>(async () => await engine.Tenants.Check(Old, Make.One));
    }

    [Fact]
    public async Task N4_a_large_batch_yields_to_others_of_its_tenant()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Old, Make.Tenant());
        var batch = Enumerable.Range(0, 20_000).Select(i => (Command)Make.Report($"r{i}")).ToList();
        var all = engine.Tenants.Execute(Old, batch).AsTask();
        var one = await engine.Tenants.Execute(Old, Make.Report("one"));

        Assert.IsType<Answer.Accepted>(one);
        Assert.All(await all, answer => Assert.False(Assert.IsType<Answer.Accepted>(answer).Duplicate));
        Assert.InRange(one.Sequence, 2, 20_000); // not behind all of it
        Assert.Equal(20_001, (await engine.Tenants.Usage(Old, null))!.OutcomeTypes.Single().Reported);
    }

    private static async Task<TenantFailedException> Fails(TestEngine engine) =>
        await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await engine.Tenants.Execute(Old, Make.Report("a")));

    /// <summary>As the runtime throws it for what no machine can hold.</summary>
    private static OutOfMemoryException Spent() =>
        Assert.Throws<OutOfMemoryException>(() => new string('x', int.MaxValue));

    private async Task<TestEngine> Started(Recorded log)
    {
        Period Calendar(string zone, int anchor, Instant at, Instant? first) => _broken && zone == "Etc/UTC"
            ? throw _fault : IanaCalendar.PeriodOf(zone, anchor, at, first);
        var engine = await TestEngine.Start(calendar: Calendar, log: log);
        await engine.Tenants.Execute(Old, Make.Tenant(zone: "Etc/UTC"));
        await engine.Tenants.Execute(Sound, Make.Tenant());
        return engine;
    }

    // As a version without the bound could have journalled it.
    private static async Task Write(MemoryStore store, string tenant, params Entry[] entries)
    {
        using var block = new BlockWriter();
        var (first, hash) = (Chain.Genesis(tenant), Chain.Genesis(tenant));
        foreach (var entry in entries)
        {
            var bytes = new ArrayBufferWriter<byte>();
            EntryCodec.Write(bytes, entry);
            block.Add(bytes.WrittenSpan);
            Chain.Next(hash, bytes.WrittenSpan, hash);
        }
        var batch = new TenantBatch(tenant, first, 1, entries.Length, block.Written, hash, null, [], [], [], []);
        await store.Append([batch], default);
    }

    private static Entry.TenantCreated Created()
    {
        var terms = Make.Terms() with { OutcomeTypes = [new OutcomeType { Id = Make.Type, IncludedUnits = 5,
            Price = Amount.Parse("100000000.00") }] };
        return new Entry.TenantCreated("Old", "UTC", 1, null, new PlanRef("p", 1), terms,
            IanaCalendar.PeriodOf("UTC", 1, TestEngine.Begin, null)) { At = TestEngine.Begin };
    }

    private static Entry.ReservationMade Held(long units)
    {
        var period = IanaCalendar.PeriodOf("UTC", 1, TestEngine.Begin, null);
        var allowed = new Decision(DecisionKind.Allow, DecisionReason.Ok, null, null, Funding.Included, Amount.Zero,
            null, null, period.Id, 1);
        return new Entry.ReservationMade("r2", Make.Ask(units).Subject, units, TestEngine.Begin + TimeSpan.FromHours(1),
            period.Id, period.DayOf(TestEngine.Begin), allowed) { At = TestEngine.Begin };
    }

    private sealed class Recorded : ILogger<LocalTenants>
    {
        public List<string> Errors { get; } = [];
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel < LogLevel.Warning) return;
            lock (Errors) (logLevel < LogLevel.Error ? Warnings : Errors).Add(formatter(state, exception));
        }
    }
}
