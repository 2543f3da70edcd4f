using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Much is due at once: it is done in steps, and others go on between them.</summary>
public sealed class BacklogTests
{
    private const string Slept = "slept";
    private const string Other = "other";
    private const int Many = 3_000;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task T1_after_a_long_sleep_the_process_is_ready_at_once_and_a_check_is_told_to_come_again()
    {
        await using var engine = await Asleep();
        using var gate = new Gate(engine.Store);
        gate.Close();
        await using var next = await TestEngine.Start(engine.Store, time: engine.Time); // with nothing caught up
        Assert.True(next.Tenants.IsReady);
        await gate.Arrived(); // the first step is about to be durable

        var later = await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await next.Tenants.Check(Slept, Make.One));
        Assert.InRange(later.RetryAfter, TimeSpan.FromTicks(1), Hour);
        Assert.Equal(0, next.Tenants.Failing);
        Assert.NotNull(await next.Tenants.Check(Other, Make.One));

        gate.Open();
        await TestEngine.Until(() => next.Store.DurableSequence(Slept) >= 1 + 2 * Many);
        Assert.NotNull(await next.Tenants.Check(Slept, Make.One));
        Assert.Equal(Many, (await next.Tenants.Usage(Slept, null))!.OutcomeTypes.Single().Settled);
    }

    [Fact]
    public async Task T1_of_a_tenant_that_was_asked_a_moment_ago_what_is_due_is_done_a_little_later()
    {
        // The store is not asked meanwhile, which knows nothing of who was asked.
        await using var engine = await TestEngine.Start(options: new EngineOptions { DuePoll = Hour });
        foreach (var tenant in (string[])[Slept, Other])
        {
            await engine.Tenants.Execute(tenant, Make.Tenant());
            await engine.Tenants.Execute(tenant, Make.Reserve(1, TimeSpan.FromSeconds(1)));
        }
        engine.Time.Advance(TimeSpan.FromMilliseconds(990));
        await engine.Tenants.Execute(Slept, Make.Reserve(1));
        var (asked, idle) = (engine.Store.DurableSequence(Slept), engine.Store.DurableSequence(Other));

        engine.Time.Advance(TimeSpan.FromMilliseconds(10)); // both expire
        await TestEngine.Until(() => engine.Store.DurableSequence(Other) > idle);
        Assert.Equal(asked, engine.Store.DurableSequence(Slept)); // whatever is asked of it would do it
        engine.Time.Advance(TimeSpan.FromMilliseconds(10));
        await TestEngine.Until(() => engine.Store.DurableSequence(Slept) > asked);

        foreach (var tenant in (string[])[Slept, Other])
            Assert.Equal(TestEngine.Begin + TimeSpan.FromSeconds(1),
                (await engine.Tenants.Entries(tenant, 0, 10))!.Items[^1].Entry.At);
    }

    [Fact]
    public async Task T1_what_is_due_is_written_in_steps_of_some_hundred_entries()
    {
        await using var engine = await Asleep();
        var largest = 0;
        engine.Store.BeforeDurable = batches => largest = Math.Max(largest, batches.Max(batch => batch.Count));
        await engine.Tenants.Tick(Slept);
        Assert.InRange(largest, 2, 2 * Turn.MostDue);
        Assert.InRange(engine.Store.DurableSequence(Slept), 1 + 2 * Many, 10 + 2 * Many);
    }

    [Fact]
    public async Task I4_a_months_end_moves_outcomes_to_the_archive_in_batches_and_goes_on_after_a_crash()
    {
        await using var engine = await Asleep();
        var (largest, batches) = (0, 0);
        void Count(IReadOnlyList<TenantBatch> written)
        {
            largest = Math.Max(largest, written.Max(batch => batch.Archived.Count));
            batches += written.Count(batch => batch.Archived.Count > 0);
        }
        engine.Store.BeforeDurable = Count;
        engine.Time.Jump(TimeSpan.FromDays(60));
        // It dies in the middle of it.
        engine.Store.Fault = _ => batches == 4 ? Fault.Lost : Fault.None;
        await engine.Tenants.Tick(Slept);
        Assert.NotNull(engine.Tenants.Failure);

        await using var next = await engine.Crash();
        next.Store.BeforeDurable = Count;
        await TestEngine.Until(() => next.Store.ArchivedOf(Slept) == Many);
        Assert.InRange(largest, 1, TenantState.MostLeaving);
        Assert.Equal((Many + TenantState.MostLeaving - 1) / TenantState.MostLeaving + 1, batches); // one was lost
        var page = await next.Tenants.Outcomes(Slept, new OutcomeFilter(), null, Many);
        Assert.Equal(Many, page!.Items.Count);
        Assert.Equal(OutcomeStatus.Billable, (await next.Tenants.Outcome(Slept, "o7"))!.Outcome.Status);
        await TestEngine.Until(() => next.Store.DueOf(Slept) > next.Now);
    }

    /// <summary>A tenant with many windows that have ended since anybody looked, and another.</summary>
    private static async Task<TestEngine> Asleep()
    {
        var engine = await TestEngine.Start();
        await engine.Tenants.Execute(Other, Make.Tenant());
        await engine.Tenants.Execute(Slept, Make.Tenant(Make.Terms(window: Hour)));
        await engine.Tenants.Execute(Slept, [.. Enumerable.Range(0, Many).Select(i => Make.Report($"o{i}"))]);
        engine.Time.Jump(TimeSpan.FromDays(3));
        return engine;
    }
}
