using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// What happens by itself. The store knows of every tenant when it is next due, and is asked now and then. Tenants in
/// memory that are due before it is asked again wait in one queue, and are on time to the millisecond, but for one
/// of which something was decided a moment ago. Either way a tick runs in the tenant's turn.
/// </summary>
internal sealed class Timers(LocalTenants engine, IStore store) : IAsyncDisposable
{
    private const int Page = 1000;

    /// <summary>
    /// Whatever is asked of a tenant does what is due first, as of its own time (T1), as a tick would: a tenant that is
    /// asked all the time needs none, and one of which something falls due all the time none more often.
    /// </summary>
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly PriorityQueue<TenantHost, long> _queue = new();
    private ITimer? _timer;
    private ITimer? _poll;
    private Task _polling = Task.CompletedTask;
    private long _armedFor = long.MaxValue;
    private bool _again;

    public void Start()
    {
        lock (_gate)
        {
            _timer = engine.Time.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _poll = engine.Time.CreateTimer(_ => Poll(), null, engine.Options.DuePoll, engine.Options.DuePoll);
            Arm();
        }
        Poll();
    }

    /// <summary>
    /// Called in the tenant's turn. A later time than before needs nothing: the tick finds nothing due and the tenant
    /// is queued again.
    /// </summary>
    /// <param name="isDone">What was due before has been done in this turn.</param>
    public void Schedule(TenantHost host, Instant due, bool isDone)
    {
        var now = engine.Now;
        // What is later is in the store before it is due.
        if (due > now + Horizon) return;
        lock (_gate)
        {
            if (isDone) host.NotBefore = (now + Between).UnixMilliseconds;
            var at = Math.Max(due.UnixMilliseconds, host.NotBefore);
            if (at >= host.ScheduledFor) return;
            host.ScheduledFor = at;
            _queue.Enqueue(host, at);
            Arm();
        }
    }

    private TimeSpan Horizon => 2 * engine.Options.DuePoll;

    /// <summary>Does what the store says is due.</summary>
    private Task Catch(CancellationToken cancellation) =>
        Waking.All(store, () => engine.Now, tenant => engine.Tick(tenant, moved: false), cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_timer is not null) await _timer.DisposeAsync();
        if (_poll is not null) await _poll.DisposeAsync();
        await _polling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private void Fire()
    {
        var due = new List<string>();
        lock (_gate)
        {
            _armedFor = long.MaxValue;
            var now = engine.Now.UnixMilliseconds;
            while (_queue.TryPeek(out var host, out var at) && at <= now)
            {
                _queue.Dequeue();
                // Queued again for an earlier time since, and fired then.
                if (host.ScheduledFor != at || host.IsRetired) continue;
                if (host.NotBefore > now)
                {
                    _queue.Enqueue(host, host.ScheduledFor = host.NotBefore);
                    continue;
                }
                host.ScheduledFor = long.MaxValue;
                host.NotBefore = now + (long)Between.TotalMilliseconds;
                due.Add(host.Id);
            }
            Arm();
        }
        foreach (var tenant in due)
            if (!engine.IsShared || engine.Loaded(tenant) is { IsRetired: false })
                _ = engine.Tick(tenant);
    }

    private void Poll()
    {
        lock (_gate)
        {
            _again = true;
            if (_polling.IsCompleted && !_stop.IsCancellationRequested) _polling = Task.Run(PollAll);
        }
    }

    private async Task PollAll()
    {
        while (More())
            await engine.Guarded(async () =>
            {
                if (!engine.IsShared) await Catch(_stop.Token);
                foreach (var near in await store.Due(engine.Now + Horizon, Page, _stop.Token))
                    if (engine.Loaded(near.Tenant) is { } host)
                        await host.InTurn(Lane.Bulk, isShort: false, 0, static (host, _) => host.Reschedule());
            });
    }

    /// <summary>True if the time for a poll has come since the last one began.</summary>
    private bool More()
    {
        lock (_gate)
        {
            var more = _again && !_stop.IsCancellationRequested;
            _again = false;
            if (!more) _polling = Task.CompletedTask;
            return more;
        }
    }

    private void Arm()
    {
        if (_timer is null || !_queue.TryPeek(out _, out var at) || at >= _armedFor) return;
        _armedFor = at;
        if (!_stop.IsCancellationRequested)
            _timer.Change(TimeSpan.FromMilliseconds(Math.Max(at - engine.Now.UnixMilliseconds, 0)),
                Timeout.InfiniteTimeSpan);
    }
}
