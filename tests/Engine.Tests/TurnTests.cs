using MeteringGateway.Core;
using Microsoft.Extensions.Logging;

namespace MeteringGateway.Engine.Tests;

/// <summary>Who has a tenant's turn, and who goes on meanwhile.</summary>
public sealed class TurnTests : IDisposable
{
    private const string Long = "long";
    private const string Other = "other";
    private readonly ManualResetEventSlim _inTurn = new(false);
    private readonly ManualResetEventSlim _goOn = new(false);
    private bool _holds;

    public void Dispose()
    {
        _goOn.Set();
        _inTurn.Dispose();
        _goOn.Dispose();
    }

    [Fact]
    public async Task N4_nobody_waits_for_a_turn_that_another_has()
    {
        await using var engine = await Started(new EngineOptions());
        var held = Hold(engine);

        // On this very thread: each comes back at once.
        var report = engine.Tenants.Execute(Long, Make.Report("a"));
        var usage = engine.Tenants.Usage(Long, null);
        var reader = engine.Tenants.Signals(Long, null);
        Assert.False(report.IsCompleted || usage.IsCompleted || reader.IsCompleted);
        Assert.NotNull(await engine.Tenants.Check(Other, Make.One));

        Release();
        Assert.IsType<Answer.Done>(await held);
        Assert.IsType<Answer.Accepted>(await report);
        Assert.NotNull(await usage);
        (await reader)!.Dispose();
    }

    [Fact]
    public async Task N4_a_turn_that_takes_long_keeps_no_neighbour_from_the_disk()
    {
        await using var engine = await Started(new EngineOptions());
        using var gate = new Gate(engine.Store);
        gate.Close();
        var first = engine.Tenants.Execute(Other, Make.Report("a")).AsTask(); // is being written
        await gate.Arrived();
        var waits = engine.Tenants.Execute(Long, Make.Report("a")).AsTask(); // in the flush to come
        var held = Hold(engine);
        var neighbour = engine.Tenants.Execute(Other, Make.Report("b")).AsTask();
        gate.Open();

        await Task.WhenAll(first, waits, neighbour);
        Assert.False(held.IsCompleted);
        Release();
        await held;
    }

    [Fact]
    public async Task N4_so_many_may_wait_for_one_tenant_and_whoever_is_more_is_told_to_come_again()
    {
        await using var engine = await Started(new EngineOptions { TurnsWaiting = 3 });
        var held = Hold(engine);
        var waiting = Enumerable.Range(0, 3).Select(_ => engine.Tenants.Execute(Long, Make.Reserve(1)).AsTask())
            .ToList();

        var refused = await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await engine.Tenants.Execute(Long, Make.Reserve(1)));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.RetryAfter);
        Assert.IsType<Answer.Accepted>(await engine.Tenants.Execute(Other, Make.Report("a")));
        Assert.Equal(0, engine.Tenants.Failing); // it is none of its faults

        Release();
        await held;
        Assert.All(await Task.WhenAll(waiting), answer => Assert.IsType<Answer.Reserved>(answer));
    }

    [Fact]
    public async Task A_shutdown_with_a_turn_in_flight_ends_and_what_the_turn_takes_is_not_acknowledged()
    {
        var engine = await Started(new EngineOptions());
        await engine.Tenants.Execute(Long, Make.Report("a"));
        var durable = engine.Store.DurableSequence(Long);
        var held = Hold(engine);
        var shutdown = engine.DisposeAsync().AsTask();
        await TestEngine.Until(() => !engine.Tenants.IsReady);
        await engine.Tenants.Committer.Stop(); // it has ended: what comes now would never be written

        Release();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => held);
        await shutdown;
        Assert.Equal(durable, engine.Store.DurableSequence(Long));
    }

    [Fact]
    public async Task D1_when_the_store_fails_no_answer_rests_on_a_turn_that_could_not_be_written()
    {
        var log = new AtFailure();
        await using var engine = await TestEngine.Start(log: log);
        await engine.Tenants.Execute(Long, Make.Tenant());
        await engine.Tenants.Execute(Long, Make.Report("before"));
        var held = new Dictionary<string, TaskCompletionSource>
        {
            ["report"] = new(TaskCreationOptions.RunContinuationsAsynchronously),
            ["refused"] = new(TaskCreationOptions.RunContinuationsAsynchronously),
        };
        engine.Store.BeforeIdempotent = key => held[key].Task;
        // Both are past all that asks whether the store has failed, and about to have their turn.
        var report = engine.Tenants.ExecuteOnce(Long, Make.Report("a"), new IdempotencyKey("report", [1])).AsTask();
        var refused = engine.Tenants.ExecuteOnce(Long, Make.Report("before"), new IdempotencyKey("refused", [1]))
            .AsTask();
        await TestEngine.Until(() => engine.Store.IdempotentAsked == 2);
        log.Happens = () => // after the last flush, and before the tenants are told
        {
            held["report"].SetResult();
            Task.WaitAny(report);
            held["refused"].SetResult();
            Task.WaitAny(refused);
        };
        engine.Store.Fault = _ => Fault.Lost;
        await engine.Tenants.Execute(Other, Make.Tenant()).AsTask().ContinueWith(_ => { }, TaskScheduler.Default);

        await Assert.ThrowsAsync<StoreFailedException>(() => report);
        var durable = engine.Store.DurableSequence(Long);
        if (await refused.ContinueWith(done => done.IsCompletedSuccessfully ? done.Result : null, TaskScheduler.Default)
            is Once.Answered { Answer.Sequence: var sequence })
            Assert.True(sequence <= durable, $"an answer of {sequence} left when {durable} was durable");
    }

    [Fact]
    public async Task What_a_handler_does_wrong_after_a_flush_is_no_failure_of_the_store()
    {
        await using var engine = await TestEngine.Start();
        engine.Tenants.OutboxGrew += () => throw new InvalidOperationException("the handler's own");
        await engine.Tenants.Execute(Long, Make.Tenant(Make.Terms(cap: 1)));
        await engine.Tenants.Execute(Long, Make.Report("a")); // it reaches the cap, which is an alert
        await engine.Tenants.Execute(Long, Make.Report("b"));
        Assert.NotEmpty(await engine.Store.Outbox(0, 10, default));
        Assert.True(engine.Tenants.IsReady);
    }

    private async Task<TestEngine> Started(EngineOptions options)
    {
        Period Calendar(string zone, int anchor, Instant at, Instant? first)
        {
            if (_holds && zone == "Etc/UTC")
            {
                _inTurn.Set();
                _goOn.Wait();
            }
            return IanaCalendar.PeriodOf(zone, anchor, at, first);
        }

        var engine = await TestEngine.Start(options: options, calendar: Calendar);
        await engine.Tenants.Execute(Long, Make.Tenant(clock: new TestClock(TestEngine.Begin, false), zone: "Etc/UTC"));
        await engine.Tenants.Execute(Other, Make.Tenant());
        await engine.Tenants.Check(Other, Make.One);
        return engine;
    }

    /// <summary>A turn of <see cref="Long"/> that lasts until <see cref="Release"/>: its period ends.</summary>
    private Task<Answer> Hold(TestEngine engine)
    {
        _holds = true;
        var held = Task.Factory.StartNew(
            () => engine.Tenants.Execute(Long, new Command.AdvanceClock(TestEngine.Begin + TimeSpan.FromDays(20)))
                .AsTask(),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        _inTurn.Wait();
        _holds = false;
        return held;
    }

    private void Release() => _goOn.Set();

    private sealed class AtFailure : ILogger<LocalTenants>
    {
        public Action Happens { get; set; } = () => { };

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Critical) Happens();
        }
    }
}
