using MeteringGateway.Engine.Sqlite;

namespace MeteringGateway.Engine.Tests;

/// <summary>Whose read of the database is next.</summary>
public sealed class ReadThreadsTests : IDisposable
{
    private readonly ReadThreads _reads = new(2);
    private readonly ManualResetEventSlim _gate = new();
    private readonly TaskCompletionSource _held = new();
    private readonly List<string> _done = [];

    public void Dispose()
    {
        _gate.Set();
        _reads.Dispose();
        _gate.Dispose();
    }

    [Fact]
    public async Task N4_a_tenants_hundred_reads_delay_anothers_by_the_one_that_runs()
    {
        var held = await Hold("busy");
        var hundred = Enumerable.Range(0, 100).Select(i => Read("busy", $"busy{i}")).ToList();
        var other = Read("quiet", "quiet");
        var third = Read("third", "third");
        _gate.Set();
        await Task.WhenAll([held, other, third, .. hundred]);

        Assert.Equal(["quiet", "third", .. Enumerable.Range(0, 100).Select(i => $"busy{i}")], _done);
    }

    [Fact]
    public async Task N4_a_read_in_steps_waits_again_after_each()
    {
        var held = await Hold("busy");
        var scans = new[] { Scan("a"), Scan("b") };
        var other = Read("quiet", "quiet");
        _gate.Set();
        await Task.WhenAll([held, other, .. scans]);

        Assert.Equal("quiet", _done[0]);
        Assert.Equal(7, _done.Count);

        async Task Scan(string name)
        {
            for (var i = 0; i < 3; i++) await Read("busy", $"{name}{i}");
        }
    }

    [Fact]
    public async Task N4_one_tenants_reads_never_run_beside_each_other()
    {
        var (first, second) = (new TaskCompletionSource(), Read("b", "b", urgent: true));
        var runs = _reads.Run("a", true, () => { first.SetResult(); _gate.Wait(); return true; }, default);
        await first.Task;
        var waits = Read("a", "a", urgent: true);

        await Read("c", "c", urgent: true); // on the thread that is left

        Assert.False(waits.IsCompleted);
        _gate.Set();
        await Task.WhenAll(runs, second, waits);
        Assert.Equal(["b", "c", "a"], _done);
    }

    [Fact]
    public async Task N4_what_is_urgent_waits_for_no_list()
    {
        var held = await Hold("busy");
        var list = Read("busy", "list");

        await Read("busy", "urgent", urgent: true);

        Assert.False(list.IsCompleted);
        _gate.Set();
        await Task.WhenAll(held, list);
        Assert.Equal(["urgent", "list"], _done);
    }

    [Fact]
    public async Task N4_what_is_urgent_goes_first_but_a_list_has_its_turn()
    {
        using var ever = new ManualResetEventSlim();
        var (held, first) = (await Hold("busy"), new TaskCompletionSource());
        // The thread that does nothing but what is urgent is taken too.
        var taken = _reads.Run("load", true, () => { first.SetResult(); ever.Wait(); return true; }, default);
        await first.Task;
        var list = Read("busy", "list");
        var urgent = Enumerable.Range(0, 20).Select(i => Read("busy", $"urgent{i}", urgent: true)).ToList();
        _gate.Set();
        await Task.WhenAll([held, list, .. urgent]);
        ever.Set();
        await taken;

        Assert.Equal(8, _done.IndexOf("list"));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"urgent{i}"), _done.Where(name => name != "list"));
    }

    [Fact]
    public async Task A_read_whose_caller_has_gone_is_not_done_and_the_caller_is_let_go_at_once()
    {
        using var gone = new CancellationTokenSource();
        var held = await Hold("busy");
        var (before, left, after) = (Read("a", "before"), Read("a", "left", stop: gone.Token), Read("a", "after"));
        var alone = Read("b", "alone", stop: gone.Token);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left); // while the thread is held
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => alone);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Read("a", "late", stop: gone.Token));
        var again = Read("b", "again");
        _gate.Set();
        await Task.WhenAll(held, before, after, again);
        Assert.Equal(["before", "again", "after"], _done);
    }

    [Fact]
    public async Task A_read_that_fails_is_its_callers_and_the_next_goes_on()
    {
        var fails = _reads.Run<bool>("a", false, () => throw new StoreException("unreadable"), default);

        Assert.Equal("unreadable", (await Assert.ThrowsAsync<StoreException>(() => fails)).Message);
        await Read("a", "next");
        Assert.Equal(["next"], _done);
    }

    [Fact]
    public async Task None_is_done_on_a_thread_of_the_pool()
    {
        foreach (var urgent in (bool[])[true, false])
            Assert.False(await _reads.Run("a", urgent, () => Thread.CurrentThread.IsThreadPoolThread, default));
    }

    [Fact]
    public async Task At_the_end_what_runs_is_finished_and_what_waits_is_cancelled()
    {
        var held = await Hold("busy");
        var waits = new[] { Read("a", "waits"), Read("b", "waits") };
        var ends = Task.Run(_reads.Dispose);

        foreach (var one in waits) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        Assert.False(ends.IsCompleted);
        _gate.Set();
        await Task.WhenAll(held, ends);

        Assert.Empty(_done);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Read("a", "late", urgent: true));
    }

    /// <summary>Has the thread that does what is not urgent wait at the gate; returns when it does.</summary>
    private async Task<Task> Hold(string whose)
    {
        var running = _reads.Run(whose, false, () => { _held.SetResult(); _gate.Wait(); return true; }, default);
        await _held.Task;
        return running;
    }

    private Task Read(string whose, string name, bool urgent = false, CancellationToken stop = default) =>
        _reads.Run(whose, urgent, () => { lock (_done) _done.Add(name); return true; }, stop);
}
