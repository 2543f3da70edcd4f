namespace MeteringGateway.Engine;

/// <summary>What is more urgent comes first; what is less urgent is never kept waiting for good.</summary>
public enum Lane
{
    /// <summary>What somebody waits for: reservations, and other single commands and reads.</summary>
    People,

    /// <summary>Events in batches and streams: reading them, and deciding them.</summary>
    Events,

    /// <summary>What takes long: listings, snapshots, what is due, closing.</summary>
    Bulk,
}

/// <summary>
/// The few threads on which everything is worked out that takes longer than a check. The pool's threads are left to
/// those who wait for an answer: none of them decodes a batch, makes a listing, or waits for a tenant's turn. Within a
/// lane the order is that of arrival, and whoever has more to do than a slice comes again, behind the others: so
/// tenants take turns, and so do connections. One thread never does what is <see cref="Lane.Bulk"/>.
/// </summary>
public sealed class Workers : IDisposable
{
    /// <summary>How often a lane is passed over before it has its turn.</summary>
    private const int Patience = 8;

    /// <summary>Milliseconds after which a thread's work, if it comes in steps, lets others.</summary>
    public static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(5);

    [ThreadStatic] private static bool _isOne;

    private readonly object _gate = new();
    private readonly Scheduler[] _lanes;
    private readonly int _threads;
    private int _bulk;
    private bool _stopped;

    /// <param name="threads">At least 2.</param>
    public Workers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 2);
        _threads = threads;
        _lanes = [new Scheduler(this), new Scheduler(this), new Scheduler(this)];
        for (var i = 0; i < threads; i++) new Thread(Loop) { IsBackground = true, Name = "worker" }.Start();
    }

    /// <summary>Those of this process: one for each core, and two at least.</summary>
    public static Workers Shared { get; } = new(Math.Max(2, Environment.ProcessorCount));

    /// <summary>True on one of these threads: what runs there may take its time.</summary>
    public static bool IsOne => _isOne;

    /// <summary>Where tasks of a lane run, with all that they await.</summary>
    public TaskScheduler this[Lane lane] => _lanes[(int)lane];

    /// <summary>Runs work on these threads, from its beginning and after whatever it awaits.</summary>
    public Task Run(Lane lane, Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this[lane]).Unwrap();

    /// <summary>Ends the threads when nothing waits any more; what comes later is the pool's.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Loop()
    {
        _isOne = true;
        while (Next(out var lane) is { } task)
        {
            lane.Execute(task);
            if (lane == _lanes[(int)Lane.Bulk])
                lock (_gate)
                {
                    _bulk--;
                    Monitor.Pulse(_gate);
                }
        }
    }

    private Task? Next(out Scheduler lane)
    {
        lock (_gate)
            for (;;)
            {
                if (Choose() is { } chosen)
                {
                    lane = chosen;
                    if (chosen == _lanes[(int)Lane.Bulk]) _bulk++;
                    return chosen.Waiting.Dequeue();
                }
                if (_stopped)
                {
                    lane = _lanes[0];
                    return null;
                }
                Monitor.Wait(_gate);
            }
    }

    private Scheduler? Choose()
    {
        Scheduler? chosen = null;
        foreach (var lane in _lanes)
            if (lane.Waiting.Count > 0 && (lane != _lanes[(int)Lane.Bulk] || _bulk < _threads - 1)
                && (chosen is null || ++lane.Passed > Patience)) chosen = lane;
        if (chosen is not null) chosen.Passed = 0;
        return chosen;
    }

    private sealed class Scheduler(Workers workers) : TaskScheduler
    {
        public Queue<Task> Waiting { get; } = [];
        public int Passed { get; set; }

        public override int MaximumConcurrencyLevel => workers._threads;

        public void Execute(Task task) => TryExecuteTask(task);

        protected override void QueueTask(Task task)
        {
            lock (workers._gate)
            {
                if (!workers._stopped)
                {
                    Waiting.Enqueue(task);
                    Monitor.Pulse(workers._gate);
                    return;
                }
            }
            ThreadPool.UnsafeQueueUserWorkItem(late => TryExecuteTask(late), task, preferLocal: false);
        }

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks()
        {
            lock (workers._gate) return [.. Waiting];
        }
    }
}
