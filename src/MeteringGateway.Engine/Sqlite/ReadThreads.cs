namespace MeteringGateway.Engine.Sqlite;

/// <summary>
/// The few threads on which the database is read, so that none of the pool's is held by a read, however many are asked
/// for. Tenants take turns, one read at a time each, whoever asked for more: a long read comes in steps, and waits
/// again after each. What is urgent goes before the rest, and the first thread does nothing else. A read whose caller
/// has cancelled while it waited is not done.
/// </summary>
internal sealed class ReadThreads : IDisposable
{
    /// <summary>How many urgent reads may go before one that is not.</summary>
    private const int Patience = 8;

    private readonly object _gate = new();
    private readonly Queues _urgent = new();
    private readonly Queues _others = new();
    private readonly Thread[] _threads;
    private int _passed;
    private bool _ended;

    /// <param name="threads">At least 2.</param>
    public ReadThreads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 2);
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            var urgentOnly = i == 0;
            _threads[i] = new Thread(() => Loop(urgentOnly)) { IsBackground = true, Name = "reader" };
            _threads[i].Start();
        }
    }

    /// <summary>
    /// Runs <paramref name="read"/> when it is the turn of <paramref name="whose"/>; a caller who cancels is let go at
    /// once.
    /// </summary>
    /// <param name="whose">A tenant, or a name for what is of none.</param>
    /// <exception cref="ObjectDisposedException">The threads have ended.</exception>
    public async Task<T> Run<T>(string whose, bool urgent, Func<T> read, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queues = urgent ? _urgent : _others;
        var place = new LinkedListNode<Waiting>(
            new Waiting(queues, whose, () => Complete(done, read), () => done.TrySetCanceled()));
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            cancellation.ThrowIfCancellationRequested();
            queues.Add(place);
            Monitor.PulseAll(_gate); // the first thread may be woken in vain
        }
        using var leaves = cancellation.UnsafeRegister((_, token) =>
        {
            lock (_gate) place.List?.Remove(place);
            done.TrySetCanceled(token);
        }, null);
        return await done.Task.ConfigureAwait(false);
    }

    private static void Complete<T>(TaskCompletionSource<T> done, Func<T> read)
    {
        try
        {
            done.TrySetResult(read());
        }
#pragma warning disable CA1031 // Whatever it was, it is the caller's.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            done.TrySetException(fault);
        }
    }

    /// <summary>Cancels what waits, and ends the threads when what they read is read.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
            _urgent.Cancel();
            _others.Cancel();
        }
        foreach (var thread in _threads) thread.Join();
    }

    private void Loop(bool urgentOnly)
    {
        while (Next(urgentOnly) is { } waiting)
        {
            waiting.Run();
            lock (_gate)
            {
                waiting.Of.Done(waiting.Whose);
                Monitor.PulseAll(_gate);
            }
        }
    }

    private Waiting? Next(bool urgentOnly)
    {
        lock (_gate)
            for (;;)
            {
                if (Choose(urgentOnly) is { } chosen) return chosen;
                if (_ended) return null;
                Monitor.Wait(_gate);
            }
    }

    private Waiting? Choose(bool urgentOnly)
    {
        if ((urgentOnly || _passed++ < Patience) && _urgent.Next() is { } urgent) return urgent;
        if (urgentOnly) return null;
        _passed = 0;
        return _others.Next() ?? _urgent.Next();
    }

    private sealed record Waiting(Queues Of, string Whose, Action Run, Action Cancel);

    /// <summary>What waits, by whose it is, and whose turn is next: of nobody whose read is running.</summary>
    private sealed class Queues
    {
        private readonly Dictionary<string, LinkedList<Waiting>> _of = new(StringComparer.Ordinal);
        private readonly Queue<string> _turns = new();

        public void Add(LinkedListNode<Waiting> place)
        {
            var whose = place.Value.Whose;
            if (!_of.TryGetValue(whose, out var theirs))
            {
                _of[whose] = theirs = new LinkedList<Waiting>();
                _turns.Enqueue(whose);
            }
            theirs.AddLast(place);
        }

        public Waiting? Next()
        {
            while (_turns.TryDequeue(out var whose))
            {
                if (_of[whose].First is { } first)
                {
                    _of[whose].RemoveFirst();
                    return first.Value;
                }
                _of.Remove(whose); // all of theirs have cancelled
            }
            return null;
        }

        /// <summary>Whose read has run is behind all others.</summary>
        public void Done(string whose)
        {
            if (_of[whose].Count > 0) _turns.Enqueue(whose);
            else _of.Remove(whose);
        }

        public void Cancel()
        {
            foreach (var theirs in _of.Values)
            {
                foreach (var waiting in theirs) waiting.Cancel();
                theirs.Clear();
            }
        }
    }
}
