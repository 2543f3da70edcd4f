using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Nothing leaves before it is durable, and what was said stays true.</summary>
public sealed class DurabilityTests
{
    private const string Acme = "acme";

    [Fact]
    public async Task No_answer_view_signal_or_figure_leaves_before_its_flush()
    {
        await using var engine = await TestEngine.Start();
        using var gate = new Gate(engine.Store);
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
        using var reader = (await engine.Tenants.Signals(Acme, null))!;
        await engine.Tenants.Check(Acme, Make.One);

        gate.Close();
        var report = engine.Tenants.Execute(Acme, Make.Report("a")).AsTask();
        await gate.Arrived();
        var duplicate = engine.Tenants.Execute(Acme, Make.Report("a")).AsTask();
        var usage = engine.Tenants.Usage(Acme, null).AsTask();
        var replay = engine.Tenants.Signals(Acme, 0).AsTask();

        Assert.All((Task[])[report, duplicate, usage, replay], task => Assert.False(task.IsCompleted));
        Assert.Equal((DecisionKind.Allow, 1), Decided(await engine.Tenants.Check(Acme, Make.One)));
        Assert.False(reader.Signals.TryRead(out _));

        gate.Open();
        var answer = Assert.IsType<Answer.Accepted>(await report);
        Assert.Equal((DecisionKind.Pause, 0), Decided(await engine.Tenants.Check(Acme, Make.One)));
        Assert.True(Assert.IsType<Answer.Accepted>(await duplicate).Duplicate);
        Assert.Equal(answer.Sequence, (await usage)!.Sequence);
        Assert.Equal(SignalAction.Pause, (await reader.Signals.ReadAsync()).Signal.Action);
        using var replayed = (await replay)!;
        Assert.True(replayed.Signals.TryRead(out _));
    }

    [Fact]
    public async Task What_waits_while_a_flush_runs_is_written_by_the_next_one()
    {
        await using var engine = await TestEngine.Start();
        using var gate = new Gate(engine.Store);
        await engine.Tenants.Execute("a", Make.Tenant());
        await engine.Tenants.Execute("b", Make.Tenant());
        var before = engine.Store.Appends;

        gate.Close();
        var first = engine.Tenants.Execute("a", Make.Report("first")).AsTask();
        await gate.Arrived();
        var rest = Enumerable.Range(0, 100)
            .Select(i => engine.Tenants.Execute(i % 2 == 0 ? "a" : "b", Make.Report($"r{i}")).AsTask()).ToList();
        gate.Open();
        await Task.WhenAll([first, .. rest]);

        Assert.Equal(2, engine.Store.Appends - before);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_failed_flush_nothing_is_answered_any_more(bool written)
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant());
        await engine.Tenants.Execute(Acme, Make.Report("kept"));
        using var reader = (await engine.Tenants.Signals(Acme, null))!;
        engine.Store.Fault = _ => written ? Fault.WrittenButFailed : Fault.Lost;

        await Assert.ThrowsAsync<StoreFailedException>(async () =>
            await engine.Tenants.Execute(Acme, Make.Report("unknown")));
        await Assert.ThrowsAsync<StoreFailedException>(async () =>
            await engine.Tenants.Execute(Acme, Make.Report("later")));
        await Assert.ThrowsAsync<StoreFailedException>(async () => await engine.Tenants.Check(Acme, Make.One));
        await Assert.ThrowsAsync<StoreFailedException>(async () => await engine.Tenants.Usage(Acme, null));
        await Assert.ThrowsAsync<StoreFailedException>(() => reader.Signals.Completion);
        Assert.Contains("failed", await engine.Tenants.Failed, StringComparison.Ordinal);
        Assert.False(engine.Tenants.IsReady);

        await using var next = await engine.Crash();
        Assert.True(Assert.IsType<Answer.Accepted>(await next.Tenants.Execute(Acme, Make.Report("kept"))).Duplicate);
        Assert.Equal(written,
            Assert.IsType<Answer.Accepted>(await next.Tenants.Execute(Acme, Make.Report("unknown"))).Duplicate);
        Assert.False(Assert.IsType<Answer.Accepted>(await next.Tenants.Execute(Acme, Make.Report("later"))).Duplicate);
    }

    [Fact]
    public async Task A_full_disk_refuses_what_it_has_no_room_for_and_goes_on_when_there_is_some()
    {
        var directory = Directory.CreateTempSubdirectory("metering").FullName;
        var acknowledged = new List<string>();
        var time = new FakeTime(TestEngine.Begin.ToDateTimeOffset());
        await using (var store = SqliteStore.Open(directory))
        await using (var engine = new LocalTenants(store, new EngineOptions(), time))
        {
            await engine.StartAsync();
            await engine.Execute(Acme, Make.Tenant());
            const int Few = TenantHost.WholeSlice; // in one turn, however slow the machine
            async Task Report(string name)
            {
                await engine.Execute(Acme, [.. Enumerable.Range(0, Few).Select(j => Make.Report($"{name}-{j}"))]);
                acknowledged.AddRange(Enumerable.Range(0, Few).Select(j => $"{name}-{j}"));
            }
            store.Execute("PRAGMA max_page_count=60");
            await Assert.ThrowsAsync<StoreFullException>(async () =>
            {
                for (var i = 0; ; i++) await Report($"before-{i}");
            });

            // It is alive, answers from what is durable, and refuses without trying until a second has passed.
            Assert.Equal("the store has no room", engine.Trouble);
            Assert.Null(engine.Failure);
            Assert.Equal(acknowledged.Count, (await engine.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
            Assert.Equal(DecisionKind.Allow, (await engine.Check(Acme, Make.One))!.Kind);
            await Assert.ThrowsAsync<StoreFullException>(() => Report("full"));
            store.Execute("PRAGMA max_page_count=100000");
            await Assert.ThrowsAsync<StoreFullException>(() => Report("full"));

            time.Advance(TimeSpan.FromSeconds(1));
            // Whoever sends all again begins with what is there: that finds out nothing, and holds up nobody.
            for (var again = 0; again < 3; again++)
                Assert.True(((Answer.Accepted)await engine.Execute(Acme, Make.Report(acknowledged[again]))).Duplicate);
            Assert.Equal("the store has no room", engine.Trouble);
            await Report("after");
            Assert.Null(engine.Trouble);
            await Report("more");
        }

        await using var reopened = SqliteStore.Open(directory);
        await using var next = new LocalTenants(reopened, new EngineOptions(), time);
        await next.StartAsync();
        var answers = await next.Execute(Acme, [.. acknowledged.Select(id => Make.Report(id))]);
        Assert.All(answers, answer => Assert.True(Assert.IsType<Answer.Accepted>(answer).Duplicate));
        Assert.Equal(acknowledged.Count, (await next.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
    }

    [Fact]
    public async Task Who_stops_waiting_does_not_stop_what_was_queued()
    {
        await using var engine = await TestEngine.Start();
        using var gate = new Gate(engine.Store);
        await engine.Tenants.Execute(Acme, Make.Tenant());
        using var impatience = new CancellationTokenSource();

        gate.Close();
        var report = engine.Tenants.Execute(Acme, Make.Report("a"), impatience.Token).AsTask();
        await gate.Arrived();
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => report);
        gate.Open();

        Assert.True(Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Acme, Make.Report("a"))).Duplicate);
    }

    [Fact]
    public async Task When_too_much_waits_for_the_disk_callers_wait_before_their_turn()
    {
        await using var engine = await TestEngine.Start(options: new EngineOptions { QueueEntries = 10 });
        using var gate = new Gate(engine.Store);
        await engine.Tenants.Execute(Acme, Make.Tenant());

        gate.Close();
        var first = engine.Tenants.Execute(Acme, Make.Report("first")).AsTask();
        await gate.Arrived();
        var rest = Enumerable.Range(0, 100).Select(i => engine.Tenants.Execute(Acme, Make.Report($"r{i}")).AsTask())
            .ToList();
        Assert.Equal(10, engine.Tenants.QueueDepth);
        gate.Open();
        await Task.WhenAll([first, .. rest]);

        Assert.Equal(0, engine.Tenants.QueueDepth);
        Assert.Equal(101, (await engine.Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
    }

    [Fact]
    public async Task N4_what_is_stored_beside_entries_counts_too_while_it_waits()
    {
        await using var engine = await TestEngine.Start(options: new EngineOptions { QueueBytes = 2_000 });
        using var gate = new Gate(engine.Store);
        await engine.Tenants.Execute(Acme, Make.Tenant());

        gate.Close();
        var first = engine.Tenants.Execute(Acme, Make.Report("first")).AsTask();
        await gate.Arrived();
        var large = engine.Tenants.Execute(Acme,
            Make.Report("large") with { Detail = Make.Detail(new string('x', 2_000)) }).AsTask();
        var depth = engine.Tenants.QueueDepth;
        var next = engine.Tenants.Execute(Acme, Make.Report("next")).AsTask();
        Assert.Equal(depth, engine.Tenants.QueueDepth); // it waits before its turn
        gate.Open();
        await Task.WhenAll(first, large, next);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task F7_own_terms_and_their_document_are_both_there_or_neither(bool lost)
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant());
        var dear = Make.Terms() with { OutcomeTypes = [new OutcomeType { Id = Make.Type, Price = Amount.Parse("7") }] };
        var set = new Command.SetTerms([new Setting.Plan(new PlanRef("basic", 1), dear)])
        {
            Own = new Command.OwnTerms("terms", 1, "key", [1, 2, 3]),
        };
        engine.Store.Fault = _ => lost ? Fault.Lost : Fault.WrittenButFailed; // nobody was told either way
        await Assert.ThrowsAsync<StoreFailedException>(async () => await engine.Tenants.Execute(Acme, set));

        await using var next = await engine.Crash();
        Assert.Equal(Amount.Parse(lost ? "0.99" : "7"), (await next.Tenants.Tenant(Acme))!.Terms.OutcomeTypes[0].Price);
        Assert.Equal(lost ? 0 : 1, (await next.Store.Documents("terms", default)).Count);
        var refused = set with { Plans = [new Setting.Plan(new PlanRef("other", 1), dear)],
            Own = set.Own with { Version = 9 } };
        Assert.IsType<Answer.Refused>(await next.Tenants.Execute(Acme, refused));
        Assert.Equal(lost ? 0 : 1, (await next.Store.Documents("terms", default)).Count);
    }

    [Fact]
    public async Task A_key_whose_command_still_runs_says_so_and_a_key_lives_24_hours()
    {
        await using var engine = await TestEngine.Start();
        using var gate = new Gate(engine.Store);
        await engine.Tenants.Execute(Acme, Make.Tenant());
        var key = new IdempotencyKey("k", [1]);
        using var impatience = new CancellationTokenSource();

        gate.Close();
        var first = engine.Tenants.ExecuteOnce(Acme, Make.Reserve(1), key, impatience.Token).AsTask();
        await gate.Arrived();
        Assert.IsType<Once.StillRunning>(await engine.Tenants.ExecuteOnce(Acme, Make.Reserve(1), key));
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.IsType<Once.StillRunning>(await engine.Tenants.ExecuteOnce(Acme, Make.Reserve(1), key));
        gate.Open();

        await TestEngine.Until(() => engine.Tenants.ExecuteOnce(Acme, Make.Reserve(1), key)
            .AsTask().Result is Once.Answered { Replayed: true });
        engine.Time.Advance(TimeSpan.FromHours(24));
        Assert.False(
            Assert.IsType<Once.Answered>(await engine.Tenants.ExecuteOnce(Acme, Make.Reserve(1), key)).Replayed);
    }

    [Fact]
    public async Task A_turn_that_breaks_off_leaves_nothing_and_the_tenant_goes_on()
    {
        var broken = false;
        Period Calendar(string zone, int anchor, Instant time, Instant? first) =>
            broken ? throw new TimeZoneNotFoundException("gone") : IanaCalendar.PeriodOf(zone, anchor, time, first);
        await using var engine = await TestEngine.Start(calendar: Calendar);
        await engine.Tenants.Execute(Acme, Make.Tenant(clock: new TestClock(TestEngine.Begin, false)));
        await engine.Tenants.Execute(Acme, Make.Report("a"));
        broken = true;

        await Assert.ThrowsAsync<TenantFailedException>(async () => await engine.Tenants.Execute(
            Acme, [Make.Report("b"), new Command.AdvanceClock(TestEngine.Begin + TimeSpan.FromDays(30))]));
        broken = false;
        engine.Time.Jump(Faults.FirstWait);

        var answers = await engine.Tenants.Execute(Acme, [Make.Report("a"), Make.Report("b"), Make.Report("c")]);
        Assert.Equal([true, false, false], answers.Select(answer => Assert.IsType<Answer.Accepted>(answer).Duplicate));
        Assert.Equal(TestEngine.Begin, (await engine.Tenants.Tenant(Acme))!.Now);
    }

    [Fact]
    public async Task A_shutdown_writes_what_waits_and_refuses_what_comes_after()
    {
        var engine = await TestEngine.Start(options: new EngineOptions { IdleSnapshotEntries = 1 });
        using var gate = new Gate(engine.Store);
        await engine.Tenants.Execute(Acme, Make.Tenant());

        gate.Close();
        var report = engine.Tenants.Execute(Acme, Make.Report("a")).AsTask();
        await gate.Arrived();
        var shutdown = engine.DisposeAsync().AsTask();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
            await engine.Tenants.Execute(Acme, Make.Report("b")));
        gate.Open();
        await shutdown;

        Assert.IsType<Answer.Accepted>(await report);
        Assert.Equal(1, engine.Store.SnapshotsSaved);
        await using var next = await TestEngine.Start(engine.Store);
        Assert.Equal(1, (await next.Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
        Assert.Equal(0, next.Tenants.EntriesReplayed);
    }

    private static (DecisionKind, long?) Decided(Decision? decision) => (decision!.Kind, decision.Remaining);
}
