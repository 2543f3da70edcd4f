using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>
/// Two processes that both believe a tenant to be theirs, over one store: whoever writes from a state that is out of
/// date is refused, loads the tenant anew and decides again, and the caller sees none of it.
/// </summary>
public sealed class FenceTests : IAsyncLifetime
{
    private readonly MemoryStore _store = new();
    private readonly FakeTime _time = new(TestEngine.Begin.ToDateTimeOffset());
    private LocalTenants _one = null!;
    private LocalTenants _other = null!;

    public async Task InitializeAsync()
    {
        (_one, _other) = (Process(), Process());
        await _one.StartAsync();
        await _other.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _one.DisposeAsync();
        await _other.DisposeAsync();
    }

    private LocalTenants Process() => new(_store, new EngineOptions(), _time, shared: true);

    [Fact]
    public async Task A_stale_writer_is_refused_and_decides_again_on_what_is_there()
    {
        await _one.Execute("acme", Make.Tenant(Make.Terms(cap: 2)));
        await _other.Execute("acme", Make.Report("a"));
        await _one.Execute("acme", Make.Report("b")); // from the state before a

        // from the state before b
        var refused = Assert.IsType<Answer.Accepted>(await _other.Execute("acme", Make.Report("c")));

        Assert.Equal(Reason.OverCap, refused.Outcome!.Reason);
        Assert.True(Assert.IsType<Answer.Accepted>(await _one.Execute("acme", Make.Report("a"))).Duplicate);
        Assert.Equal(await Folded("acme"), await _other.Digest("acme"));
    }

    [Fact]
    public async Task N4_who_is_always_too_late_is_told_to_come_again()
    {
        await _one.Execute("acme", Make.Tenant(Make.Terms()));
        var before = _store.Appends;
        _store.Fault = _ => Fault.TooLate;

        var error = await Assert.ThrowsAsync<TenantFailedException>(async () =>
            await _one.Execute("acme", Make.Report("a")));

        Assert.Equal(TimeSpan.FromSeconds(1), error.RetryAfter);
        Assert.Equal(LocalTenants.MostInVain + 1, _store.Appends - before);
        _store.Fault = _ => Fault.None;
        Assert.IsType<Answer.Accepted>(await _one.Execute("acme", Make.Report("a")));
    }

    [Fact]
    public async Task Who_is_always_too_late_and_goes_is_not_decided_for_any_more()
    {
        await _one.Execute("acme", Make.Tenant(Make.Terms()));
        using var gone = new CancellationTokenSource();
        var last = _store.Appends + 5;
        _store.Fault = append =>
        {
            if (append == last) gone.Cancel();
            return Fault.TooLate;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await _one.Execute("acme", Make.Report("a"), gone.Token));

        Assert.Equal(last, _store.Appends);
    }

    [Fact]
    public async Task C2_two_writers_of_one_tenant_admit_exactly_what_the_cap_allows_and_count_every_event_once()
    {
        const int callers = 16, events = 20, cap = 100;
        await _one.Execute("acme", Make.Tenant(Make.Terms(cap: cap)));

        var answers = await Task.WhenAll(Enumerable.Range(0, callers)
            .Select(caller => Task.Run(() => Report(caller, events))));

        Assert.Equal(cap, answers.SelectMany(all => all)
            .Count(answer => answer.Outcome!.Status == OutcomeStatus.Billable));
        await using var later = Process();
        await later.StartAsync();
        var usage = await later.Usage("acme", null);
        Assert.Equal(callers * events, usage!.OutcomeTypes.Single().Reported);
        Assert.Equal(cap, usage.Caps.Single().Exposure);
        Assert.Equal(await Folded("acme"), await later.Digest("acme"));
    }

    /// <summary>Each event to both processes: one of them counts it, the other calls it a duplicate.</summary>
    private async Task<List<Answer.Accepted>> Report(int caller, int events)
    {
        var counted = new List<Answer.Accepted>();
        for (var i = 0; i < events; i++)
        {
            var both = await Task.WhenAll(
                _one.Execute("acme", Make.Report($"{caller}-{i}")).AsTask(),
                _other.Execute("acme", Make.Report($"{caller}-{i}")).AsTask());
            var accepted = both.Select(Assert.IsType<Answer.Accepted>).ToList();
            Assert.Single(accepted, one => one.Duplicate);
            counted.Add(accepted.Single(one => !one.Duplicate));
        }
        return counted;
    }

    [Fact]
    public async Task What_has_an_idempotency_key_is_done_once_by_two_writers_that_do_not_know_of_each_other()
    {
        await _one.Execute("acme", Make.Tenant(Make.Terms(cap: 1000)));
        for (var i = 0; i < 50; i++)
        {
            var key = new IdempotencyKey($"k{i}", [1]);
            // both have it in memory
            await Task.WhenAll(_one.Usage("acme", null).AsTask(), _other.Usage("acme", null).AsTask());
            var both = await Task.WhenAll(
                Task.Run(async () => await _one.ExecuteOnce("acme", Make.Reserve(1), key)),
                Task.Run(async () => await _other.ExecuteOnce("acme", Make.Reserve(1), key)));

            Assert.Single(both, once => once is Once.Answered { Replayed: true });
            Assert.Single(both.Select(once => ((Answer.Reserved)((Once.Answered)once).Answer).Reservation!.Id)
                .Distinct());
        }
        await _one.Release("acme");
        Assert.Equal(950, (await _one.Check("acme", Make.One))!.Remaining);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_the_store_does_not_say_the_caller_is_told_so_and_the_same_event_again_counts_once(
        bool written)
    {
        await _one.Execute("acme", Make.Tenant());
        await _one.Execute("other", Make.Tenant());
        _store.Fault = n => n == 3 ? written ? Fault.WrittenButUnknown : Fault.Unknown : Fault.None;

        await Assert.ThrowsAsync<TenantUnavailableException>(async () => await _one.Execute("acme", Make.Report("a")));

        var again = Assert.IsType<Answer.Accepted>(await _one.Execute("acme", Make.Report("a")));
        Assert.Equal(written, again.Duplicate);
        Assert.Equal(1, (await _one.Usage("acme", null))!.OutcomeTypes.Single().Reported);
        Assert.IsType<Answer.Accepted>(await _one.Execute("other", Make.Report("a"))); // nobody else's trouble
        Assert.True(_one.IsReady);
    }

    [Fact]
    public async Task S2_who_reads_signals_from_a_writer_that_lost_the_fence_is_closed_and_has_seen_nothing_of_what_was_lost()
    {
        await _one.Execute("acme", Make.Tenant(Make.Terms(cap: 1)));
        using var reader = (await _other.Signals("acme", null))!;
        await _one.Execute("acme", Make.Report("a"));

        await _other.Execute("acme", Make.Report("b")); // reaches the cap by itself in a state that never was

        await Assert.ThrowsAsync<SlowReaderException>(() => reader.Signals.Completion);
        using var again = (await _other.Signals("acme", reader.Start.Sequence))!;
        Assert.Equal(SignalAction.Pause, (await again.Signals.ReadAsync()).Signal.Action);
    }

    [Fact]
    public async Task A_tenant_that_leaves_has_written_what_it_took_and_is_read_anew_when_it_is_back()
    {
        await _one.Execute("acme", Make.Tenant());
        var report = _one.Execute("acme", Make.Report("a"));
        await _one.Release("acme");
        await report;
        Assert.Equal(0, _one.TenantsLoaded);

        await _other.Execute("acme", Make.Report("b"));
        await _one.Release("acme"); // not here: nothing
        Assert.Equal(2, (await _one.Usage("acme", null))!.OutcomeTypes.Single().Reported);
    }

    [Fact]
    public async Task T5_what_is_due_of_tenants_elsewhere_is_left_to_whoever_has_them()
    {
        await _one.Execute("acme", Make.Tenant(Make.Terms(window: TimeSpan.FromHours(1))));
        await _one.Execute("acme", Make.Report("a"));
        var sequence = _store.DurableSequence("acme");
        await _one.Release("acme");

        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal((0, 0), (_one.TenantsLoaded, _other.TenantsLoaded));
        Assert.Equal(sequence, _store.DurableSequence("acme"));

        await _other.Wake("acme");
        Assert.Equal(OutcomeStatus.Billable, (await _other.Outcome("acme", "a"))!.Outcome.Status);
        Assert.Empty(await _store.Due(Instant.From(_time.GetUtcNow()), 10, default));
    }

    private async Task<byte[]> Folded(string tenant)
    {
        var state = new TenantState();
        foreach (var block in await _store.Read(tenant, 0, int.MaxValue, default))
        {
            var reader = new BlockReader(block.Entries);
            while (reader.TryRead(out var entry)) state.Apply(EntryCodec.Read(entry));
            state.TakeDeparted();
        }
        return state.Digest();
    }
}
