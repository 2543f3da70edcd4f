using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Reflection;
using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>How tenants come into memory and leave it, and what happens by itself.</summary>
public sealed class HostingTests
{
    private const string Acme = "acme";
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task O4_a_window_closes_at_its_due_time_whether_or_not_anything_arrives()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(window: Hour)));
        await engine.Tenants.Execute(Acme, Make.Report("a"));
        var before = engine.Store.DurableSequence(Acme);

        engine.Time.Advance(Hour);

        await TestEngine.Until(() => engine.Store.DurableSequence(Acme) > before);
        Assert.Equal(OutcomeStatus.Billable, (await engine.Tenants.Outcome(Acme, "a"))!.Outcome.Status);
    }

    [Fact]
    public async Task D1_what_is_shown_of_an_outcome_is_of_one_state_whatever_happens_meanwhile()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(window: Hour)));
        await engine.Tenants.Execute(Acme, Make.Report("a") with { Detail = Make.Detail("u") });
        engine.Store.BeforeDetails = async () => Assert.IsType<Answer.Accepted>(
            await engine.Tenants.Execute(Acme, Make.Fact("f", "a", FactKind.Reopened, TestEngine.Begin)));

        var shown = (await engine.Tenants.Inspect(Acme, "a"))!;
        Assert.Equal(OutcomeStatus.Pending, shown.Row!.Outcome.Status);
        Assert.Equal(shown.Row.Outcome.Sequence, Assert.Single(shown.History).Sequence);
        shown = (await engine.Tenants.Inspect(Acme, "a"))!;
        Assert.Equal(OutcomeStatus.NonBillable, shown.Row!.Outcome.Status);
        Assert.Equal(shown.Row.Outcome.Sequence, shown.History[^1].Sequence);
    }

    [Fact]
    public async Task T1_what_falls_due_all_the_time_is_done_together_and_each_as_of_its_own_time()
    {
        const int Many = 40;
        // The store is not asked meanwhile: what it says is due is ticked as well, and flushed once more.
        await using var engine = await TestEngine.Start(options: new EngineOptions { DuePoll = Hour });
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms()));
        await engine.Tenants.Execute(Acme, [.. Enumerable.Range(0, Many).Select(i =>
            Make.Reserve(1, TimeSpan.FromMilliseconds(1_000 + i)))]);
        var (before, flushes) = (engine.Store.DurableSequence(Acme), 0);
        engine.Store.BeforeDurable = _ => flushes++;

        engine.Time.Advance(TimeSpan.FromSeconds(1));
        await TestEngine.Until(() => engine.Store.DurableSequence(Acme) == before + 1); // the first, when it is due
        await TestEngine.Until(() =>
        {
            engine.Time.Advance(TimeSpan.FromMilliseconds(1)); // a timer that is set meanwhile fires while it moves
            return engine.Store.DurableSequence(Acme) == before + Many;
        });
        Assert.InRange(flushes, 2, 4);
        var entries = (await engine.Tenants.Entries(Acme, before, 1_000))!.Items.Select(item => item.Entry);
        Assert.Equal(Enumerable.Range(0, Many).Select(i => TestEngine.Begin + TimeSpan.FromMilliseconds(1_000 + i)),
            entries.OfType<Entry.ReservationExpired>().Select(ended => ended.At));
    }

    [Fact]
    public async Task O4_a_process_that_was_down_settles_with_the_due_time()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(window: Hour)));
        await engine.Tenants.Execute(Acme, Make.Report("a"));
        engine.Time.Jump(TimeSpan.FromHours(5));

        await using var next = await engine.Crash();

        await TestEngine.Until(() => next.Store.DurableSequence(Acme) == 3); // by itself
        var last = (await next.Tenants.History(Acme, "a"))![^1];
        Assert.Equal(TestEngine.Begin + Hour, last.Entry.At);
    }

    [Fact]
    public async Task T1_a_tenant_whose_time_does_not_go_on_is_stopped_alone_and_never_loops()
    {
        // Its second period has the id of its first.
        static Period Calendar(string zone, int anchor, Instant time, Instant? first) =>
            IanaCalendar.PeriodOf("UTC", anchor, time, first) is var period && zone == "Europe/Berlin"
                ? period with { Id = new DateOnly(2026, 11, 1) } : period;

        await using var engine = await TestEngine.Start(calendar: Calendar);
        await engine.Tenants.Execute("broken", Make.Tenant(Make.Terms()) with { Zone = "Europe/Berlin" });
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms()));
        engine.Time.Jump(TimeSpan.FromDays(20));

        await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await engine.Tenants.Execute("broken", Make.Report("a")));
        await Assert.ThrowsAsync<TenantFailedException>(async () => await engine.Tenants.Tenant("broken"));
        await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await engine.Tenants.Check("broken", Make.One));
        engine.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Acme, Make.Report("a")));
        Assert.Equal(1, engine.Store.DurableSequence("broken"));
    }

    [Fact]
    public async Task T1_what_is_due_is_done_in_bounded_turns_and_others_have_theirs_between()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(window: Hour)));
        await engine.Tenants.Execute("neighbour", Make.Tenant(Make.Terms()));
        await engine.Tenants.Execute(Acme, [.. Enumerable.Range(0, 2_000).Select(i => Make.Report($"a{i}"))]);
        var (sizes, answered) = (new List<int>(), new ConcurrentBag<int>());
        engine.Store.BeforeDurable = batches =>
        {
            foreach (var batch in batches.Where(batch => batch.Tenant == Acme))
            {
                sizes.Add(batch.Count);
                engine.Tenants.Execute("neighbour", Make.Report($"n{sizes.Count}")).AsTask()
                    .ContinueWith(_ => answered.Add(sizes.Count), TaskScheduler.Default);
            }
        };

        engine.Time.Jump(Hour);
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Acme, Make.Report("last")));

        Assert.All(sizes, size => Assert.InRange(size, 1, Turn.MostDue + 1));
        Assert.True(sizes.Count > 7);
        Assert.Contains(answered, at => at < sizes.Count);
        Assert.Equal(2_000, (await engine.Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Settled);
    }

    [Fact]
    public async Task A_turn_ends_after_so_many_entries_and_the_rest_of_the_work_follows()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms()));
        var sizes = new List<int>();
        engine.Store.BeforeDurable = batches => sizes.AddRange(batches.Select(batch => batch.Count));

        var answers = await engine.Tenants.Execute(Acme,
            [.. Enumerable.Range(0, 6_000).Select(i => Make.Report($"a{i}"))]);

        Assert.All(answers, answer => Assert.IsType<Answer.Accepted>(answer));
        Assert.True(sizes.Count >= 2);
        Assert.All(sizes, size => Assert.InRange(size, 1, 5_010));
    }

    [Fact]
    public async Task T1_whoever_only_asks_sees_what_is_due_done_however_much_it_is()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(window: Hour)));
        await engine.Tenants.Execute(Acme, [.. Enumerable.Range(0, 1_000).Select(i => Make.Report($"a{i}"))]);
        engine.Time.Jump(TimeSpan.FromDays(60));

        var usage = await engine.Tenants.Usage(Acme, new DateOnly(2026, 11, 1));

        Assert.Equal((1_000, PeriodStatus.Closed), (usage!.OutcomeTypes.Single().Settled, usage.Status));
        Assert.Equal(new DateOnly(2027, 1, 1), (await engine.Tenants.Check(Acme, Make.One))!.Period);
    }

    [Fact]
    public async Task T1_tenants_that_cannot_be_woken_keep_nobody_behind_them_from_their_turn()
    {
        await using var engine = await TestEngine.Start();
        string[] damaged = [.. Enumerable.Range(0, 1_100).Select(i => $"damaged{i}")];
        string[] whole = [.. Enumerable.Range(0, 20).Select(i => $"whole{i}")];
        foreach (var tenant in damaged.Concat(whole))
        {
            var window = damaged.Contains(tenant) ? Hour : 2 * Hour;
            await engine.Tenants.Execute(tenant, [Make.Tenant(Make.Terms(window: window)), Make.Report("a")]);
        }
        foreach (var tenant in damaged) engine.Store.Corrupt(tenant, block: 0, offset: 20);
        engine.Time.Jump(3 * Hour);

        await using var next = await engine.Crash();

        await TestEngine.Until(() => whole.All(tenant => next.Store.DurableSequence(tenant) == 3));
        Assert.All(damaged, tenant => Assert.Equal(2, next.Store.DurableSequence(tenant)));
    }

    [Fact]
    public async Task An_evicted_tenant_is_woken_by_what_is_due()
    {
        await using var engine =
            await TestEngine.Start(options: new EngineOptions { IdleAfter = TimeSpan.FromMinutes(1) });
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(window: Hour)));
        await engine.Tenants.Execute(Acme, Make.Report("a"));
        await Evict(engine);
        var before = engine.Store.DurableSequence(Acme);

        engine.Time.Advance(Hour);

        await TestEngine.Until(() => engine.Store.DurableSequence(Acme) > before);
    }

    [Fact]
    public async Task T5_a_tenant_on_a_test_clock_is_never_due_in_real_time()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme,
            Make.Tenant(Make.Terms(window: Hour), new TestClock(TestEngine.Begin, false)));
        await engine.Tenants.Execute(Acme, Make.Report("a"));

        engine.Time.Advance(TimeSpan.FromDays(3));

        Assert.Equal(OutcomeStatus.Pending, (await engine.Tenants.Outcome(Acme, "a"))!.Outcome.Status);
        Assert.Empty(await engine.Store.Due(Instant.MaxValue, 10, default));
    }

    [Fact]
    public async Task T1_a_check_does_first_what_is_due()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant(Make.Terms(cap: 1)));
        await engine.Tenants.Execute(Acme, Make.Report("a"));
        Assert.Equal(DecisionKind.Pause, (await engine.Tenants.Check(Acme, Make.One))!.Kind);

        engine.Time.Jump(TimeSpan.FromDays(10)); // no timer has seen it

        var decision = await engine.Tenants.Check(Acme, Make.One);
        Assert.Equal((DecisionKind.Allow, DateOnly.Parse("2026-12-01")), (decision!.Kind, decision.Period));
    }

    [Fact]
    public async Task A_clock_that_jumps_back_changes_nothing_that_was()
    {
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme, Make.Tenant());
        await engine.Tenants.Execute(Acme, Make.Report("a"));
        engine.Time.Jump(-Hour);

        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Acme, Make.Report("b")));
        Assert.Equal(TestEngine.Begin, (await engine.Tenants.Outcome(Acme, "b"))!.Outcome.Time);
    }

    [Fact]
    public async Task An_idle_tenant_leaves_memory_and_comes_back_the_same()
    {
        await using var engine =
            await TestEngine.Start(options: new EngineOptions { IdleAfter = TimeSpan.FromMinutes(1),
                IdleSnapshotEntries = 3 });
        foreach (var tenant in (string[])[Acme, "small"])
            await engine.Tenants.Execute(tenant, Make.Tenant(Make.Terms(cap: 10)));
        await engine.Tenants.Execute(Acme, [Make.Report("a"), Make.Report("b"), Make.Report("c")]);
        var (check, usage) = (await engine.Tenants.Check(Acme, Make.One), await engine.Tenants.Usage(Acme, null));
        await Evict(engine);

        Assert.Equal(1, engine.Store.SnapshotsSaved); // the small one is as quickly folded
        Assert.Equal(check, (await engine.Tenants.Check(Acme, Make.One))! with { At = check!.At });
        Assert.Equal(usage!.Caps.Single(), (await engine.Tenants.Usage(Acme, null))!.Caps.Single());
        Assert.Equal(0, engine.Tenants.EntriesReplayed);
        Assert.NotNull(await engine.Tenants.Check("small", Make.One));
        Assert.Equal(1, engine.Tenants.EntriesReplayed);
    }

    [Fact]
    public async Task Snapshots_are_taken_as_a_tenant_grows_and_shorten_the_next_start()
    {
        await using var engine = await TestEngine.Start(options: new EngineOptions { SnapshotEntries = 50 });
        await engine.Tenants.Execute(Acme, Make.Tenant());
        for (var i = 0; i < 100; i++) await engine.Tenants.Execute(Acme, Make.Report($"r{i}"));
        await TestEngine.Until(() => engine.Store.SnapshotsSaved > 0);

        await using var next = await engine.Crash();

        Assert.Equal(100, (await next.Tenants.Usage(Acme, null))!.OutcomeTypes.Single().Reported);
        Assert.InRange(next.Tenants.EntriesReplayed, 0, 60);
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_read_costs_time_and_nothing_else()
    {
        await using var engine = await TestEngine.Start(options: new EngineOptions { IdleSnapshotEntries = 1 });
        await engine.Tenants.Execute(Acme, [Make.Tenant(), Make.Report("a")]);
        await engine.DisposeAsync();
        engine.Store.ChangeSnapshot(Acme, snapshot => snapshot with { Parts = [[255, 1, 2]] });

        await using var next = await TestEngine.Start(engine.Store);

        Assert.True(Assert.IsType<Answer.Accepted>(await next.Tenants.Execute(Acme, Make.Report("a"))).Duplicate);
        Assert.Equal(2, next.Tenants.EntriesReplayed);
    }

    [Fact]
    public async Task A_damaged_journal_is_named_and_touches_no_other_tenant()
    {
        await using var engine = await TestEngine.Start();
        foreach (var tenant in (string[])[Acme, "sound"]) await engine.Tenants.Execute(tenant, Make.Tenant());
        await engine.Tenants.Execute(Acme, [Make.Report("a"), Make.Report("b")]);
        await using var next = await engine.Crash();
        next.Store.Corrupt(Acme, block: 1, offset: 30);

        var failed = await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await next.Tenants.Check(Acme, Make.One));
        var error = Assert.IsType<JournalCorruptException>(failed.InnerException);

        Assert.Contains("'acme'", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Sequence, 2, 3);
        Assert.NotNull(await next.Tenants.Check("sound", Make.One));
    }

    [Fact]
    public async Task The_instruments_have_the_names_that_are_documented()
    {
        var documented = typeof(Instruments)
            .GetFields(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(field => field.IsLiteral && field.Name != nameof(Instruments.Name))
            .Select(field => (string)field.GetRawConstantValue()!);
        var published = new List<string>();
        var measured = new ConcurrentQueue<(string Name, string Tags)>(); // other tests measure too
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name != Instruments.Name) return;
            published.Add(instrument.Name);
            self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
            measured.Enqueue((instrument.Name,
                string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")))));
        await using var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Acme,
            [Make.Tenant(), Make.Report("a"), Make.Report("a"),
            Make.Report("b", TestEngine.Begin - TimeSpan.FromDays(9))]);
        await engine.Tenants.Check(Acme, Make.One);
        listener.Start();
        listener.RecordObservableInstruments();

        Assert.Equal(documented.Order(), published.Order());
        string[] events = ["accepted", "duplicate", "event_too_old"];
        Assert.All(events, result =>
            Assert.Contains((Instruments.Events, $"type=outcome.reported result={result}"), measured));
        Assert.Contains((Instruments.Decisions, "decision=allow reason=ok"), measured);
        Assert.Contains(measured, item => item.Name == Instruments.TenantsLoaded);
    }

    private static async Task Evict(TestEngine engine)
    {
        engine.Time.Advance(TimeSpan.FromMinutes(5));
        await TestEngine.Until(() => engine.Tenants.TenantsLoaded == 0);
    }
}
