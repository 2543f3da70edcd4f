namespace MeteringGateway.Engine.Tests;

/// <summary>Which of what waits the few threads do next.</summary>
public sealed class WorkersTests : IDisposable
{
    private readonly Workers _workers = new(2);
    private readonly List<string> _done = [];

    public void Dispose() => _workers.Dispose();

    [Fact]
    public async Task N4_what_takes_long_never_has_the_last_thread()
    {
        using var goOn = new ManualResetEventSlim(false);
        var bulk = Enumerable.Range(0, 5)
            .Select(i => Start(Lane.Bulk, () => { goOn.Wait(); Add($"bulk{i}"); })).ToList();
        await Start(Lane.People, () => Add("person"));
        await Start(Lane.Events, () => Add("events"));
        goOn.Set();
        await Task.WhenAll(bulk);

        Assert.Equal(["person", "events", "bulk0", "bulk1", "bulk2", "bulk3", "bulk4"], _done);
    }

    [Fact]
    public async Task N4_people_come_first_and_what_is_passed_over_often_enough_has_its_turn()
    {
        using var goOn = new ManualResetEventSlim(false);
        // Both threads are taken until all wait; then one of them.
        using var both = new CountdownEvent(2);
        var first = Start(Lane.People, () => { both.Signal(); goOn.Wait(); });
        using var ever = new ManualResetEventSlim(false);
        var held = Start(Lane.Bulk, () => { both.Signal(); ever.Wait(); });
        both.Wait();
        var all = new List<Task>();
        all.Add(Start(Lane.Events, () => Add("events")));
        for (var i = 0; i < 20; i++)
        {
            var number = i;
            all.Add(Start(Lane.People, () => Add($"person{number}")));
        }
        goOn.Set();
        await Task.WhenAll(all);
        ever.Set();
        await Task.WhenAll(first, held);

        Assert.Equal(8, _done.IndexOf("events"));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"person{i}"), _done.Where(name => name != "events"));
    }

    [Fact]
    public async Task What_is_awaited_goes_on_here_and_nowhere_else()
    {
        Assert.False(Workers.IsOne);
        await _workers.Run(Lane.Events, async () =>
        {
            Assert.True(Workers.IsOne);
            await Task.Delay(1);
            Assert.True(Workers.IsOne);
        });
    }

    [Fact]
    public async Task When_the_threads_have_ended_what_comes_is_done_all_the_same()
    {
        _workers.Dispose();
        await Start(Lane.People, () => Add("late"));
        Assert.Equal(["late"], _done);
    }

    private Task Start(Lane lane, Action work) => _workers.Run(lane, () =>
    {
        work();
        return Task.CompletedTask;
    });

    private void Add(string name)
    {
        lock (_done) _done.Add(name);
    }
}
