using System.Diagnostics;

namespace MeteringGateway.Engine;

/// <summary>
/// The one that writes: a thread that takes whatever waits, makes one transaction of it, and only then lets anybody see
/// it. Batches form by themselves: while one flush runs, the next fills. It needs no tenant's turn, and nothing of a
/// tenant is worked out here.
/// </summary>
internal sealed class Committer(LocalTenants engine, IStore store)
{
    /// <summary>Milliseconds between attempts to write to a disk that was full.</summary>
    private const long TryAgainAfter = 1_000;

    /// <summary>Whoever waits for a flush notices one that takes longer.</summary>
    private static readonly TimeSpan SlowFlush = TimeSpan.FromSeconds(1);

    private readonly Lock _room = new();
    private readonly object _queue = new();
    private List<Pending> _waiting = [];
    private List<Pending> _spare = [];
    private TaskCompletionSource? _crowded;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _started;
    private long _entries;
    private long _bytes;
    private bool _stopping;
    private Exception? _failed;
    private StoreFullException? _full;
    private volatile bool _refused;
    private long _tryAgainAt;

    public long Entries => Interlocked.Read(ref _entries);

    public void Start()
    {
        _started = true;
        new Thread(Loop) { IsBackground = true, Name = "journal" }.Start();
    }

    /// <summary>Called in the tenant's turn, with what was added to it already: it is in a flush to come.</summary>
    /// <exception cref="StoreFailedException">The store has failed.</exception>
    /// <exception cref="ObjectDisposedException">The engine stops: nothing of it is written.</exception>
    public void Enqueue(Pending pending)
    {
        lock (_queue)
        {
            if (_failed is not null) throw new StoreFailedException(_failed.Message, _failed);
            ObjectDisposedException.ThrowIf(_stopping, this);
            _waiting.Add(pending);
            if (_waiting.Count == 1) Monitor.Pulse(_queue);
        }
    }

    /// <summary>Counts what a turn has added.</summary>
    public void Waiting(int entries, int bytes)
    {
        Interlocked.Add(ref _entries, entries);
        Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>
    /// Why a flush was refused, in whole or in part, until one is written: checks are answered meanwhile. Null if none
    /// was.
    /// </summary>
    public string? Trouble => Volatile.Read(ref _full) is not null ? "the store has no room"
        : _refused ? "the store takes no writes" : null;

    /// <summary>
    /// Completes when there is room for more. Asked before a turn: what was decided is never held back.
    /// </summary>
    /// <exception cref="StoreFullException">There is no room in the store.</exception>
    public ValueTask Room(CancellationToken cancellation)
    {
        DemandRoomOnDisk();
        if (!IsCrowded) return default;
        lock (_room)
        {
            if (!IsCrowded) return default;
            _crowded ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_crowded.Task.WaitAsync(cancellation));
        }
    }

    private bool IsCrowded => _failed is null
        && (Entries >= engine.Options.QueueEntries || Interlocked.Read(ref _bytes) >= engine.Options.QueueBytes);

    /// <summary>Writes what waits, and ends. Nothing is taken any more.</summary>
    public Task Stop()
    {
        lock (_queue)
        {
            _stopping = true;
            Monitor.Pulse(_queue);
        }
        return _started ? _ended.Task : Task.CompletedTask;
    }

    private void Loop()
    {
        while (Next() is { } waiting)
        {
            try
            {
                Flush(waiting);
            }
#pragma warning disable CA1031 // Whatever it was, the journal's end is no longer known.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Fail(e, waiting);
                break;
            }
            waiting.Clear();
            _spare = waiting;
        }
        _ended.TrySetResult();
    }

    private List<Pending>? Next()
    {
        lock (_queue)
        {
            while (_waiting.Count == 0)
            {
                if (_stopping) return null;
                Monitor.Wait(_queue);
            }
            var waiting = _waiting;
            _waiting = _spare;
            return waiting;
        }
    }

    private void Flush(List<Pending> waiting)
    {
        var batches = new TenantBatch[waiting.Count];
        long entries = 0, bytes = 0;
        var alerts = false;
        for (var i = 0; i < batches.Length; i++)
        {
            batches[i] = waiting[i].Take();
            entries += waiting[i].Count;
            bytes += waiting[i].Bytes;
            alerts |= batches[i].Outbox.Count > 0;
        }
        var (began, at) = (Stopwatch.GetTimestamp(), engine.Time.GetTimestamp());
        var spans = FlushSpans.Begin(waiting, entries, engine.Trails);
        IReadOnlyList<AppendResult> results = [];
        try
        {
            results = Write(batches);
            _refused = results.Contains(AppendResult.Refused)
                || (_refused && !results.Contains(AppendResult.Written));
        }
        catch (StoreFullException full)
        {
            Refuse(full, waiting);
            MakeRoom(entries, bytes);
            return;
        }
        finally
        {
            spans?.End(results);
        }
        if (results.Contains(AppendResult.Full)) RefuseSome(waiting, results);
        // Where nothing was written at all, nobody knows better than before.
        else if (_full is not null && results.Contains(AppendResult.Written)) Refuse(null, []);
        Instruments.FlushSeconds.Record(Instruments.SecondsSince(began));
        Instruments.FlushSize.Record(entries);
        if (engine.Time.GetElapsedTime(at) is var took && took > SlowFlush) engine.ToldOfSlowFlush(took, entries);
        MakeRoom(entries, bytes);
        for (var i = 0; i < batches.Length; i++)
        {
            if (results[i] == AppendResult.Written) Instruments.Count(batches[i].Outbox);
            Settle(waiting[i], results[i]);
        }
        if (alerts) engine.TellOutboxGrew();
    }

    /// <summary>
    /// What one tenant's turns took is to be seen, or the tenant is loaded anew; neither is its neighbours' concern.
    /// </summary>
    private void Settle(Pending pending, AppendResult result)
    {
        switch (result)
        {
            case AppendResult.Written:
                Publish(pending);
                break;
            case AppendResult.LostFence:
                Instruments.FencesLost.Add(1);
                engine.TellFenceLost(pending.Host.Id);
                pending.Host.Lose(pending, new LostFenceException());
                break;
            case AppendResult.Full: // refused already
                break;
            case AppendResult.Refused:
                Instruments.Refused.Add(1);
                pending.Host.Lose(pending, new TenantUnavailableException("the store takes no writes at present"));
                break;
            default:
                Instruments.Unknown.Add(1);
                pending.Host.Lose(pending, new TenantUnavailableException("the store did not answer"));
                break;
        }
    }

    private void Publish(Pending pending)
    {
        try
        {
            pending.Host.Publish(pending);
        }
#pragma warning disable CA1031 // The entries are written: that one tenant cannot be told is no failure of the store.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            pending.Host.Lose(pending, engine.Faults.Add(pending.Host.Id, fault));
        }
    }

    /// <summary>
    /// Nothing of the flush is there: whoever waits is told, and the tenants are loaded again as they were. Until a
    /// flush has found room, one command a second tries.
    /// </summary>
    private void Refuse(StoreFullException? full, List<Pending> taken)
    {
        if ((full is null) != (_full is null)) engine.ToldOfRoom(full);
        _tryAgainAt = engine.Now.UnixMilliseconds + TryAgainAfter;
        Volatile.Write(ref _full, full);
        Instruments.Refused.Add(taken.Count);
        foreach (var pending in taken) pending.Host.Lose(pending, full!);
    }

    /// <summary>A store that is reached over a network may have found room for some of them.</summary>
    private void RefuseSome(List<Pending> waiting, IReadOnlyList<AppendResult> results)
    {
        var refused = waiting.Where((_, i) => results[i] == AppendResult.Full).ToList();
        Refuse(new StoreFullException("it has refused to write for want of memory"), refused);
    }

    /// <exception cref="StoreFullException">There was none a moment ago.</exception>
    private void DemandRoomOnDisk()
    {
        if (Volatile.Read(ref _full) is not { } full) return;
        var (now, next) = (engine.Now.UnixMilliseconds, Interlocked.Read(ref _tryAgainAt));
        var mine = now >= next
            && Interlocked.CompareExchange(ref _tryAgainAt, now + TryAgainAfter, next) == next;
        if (!mine) throw new StoreFullException(full.Message);
    }

    /// <summary>
    /// Something was answered without a write, as it had been taken before: it has not found out whether there is room,
    /// and the next one may, at once.
    /// </summary>
    public void TryNext()
    {
        if (Volatile.Read(ref _full) is not null) Interlocked.Exchange(ref _tryAgainAt, 0);
    }

    private IReadOnlyList<AppendResult> Write(TenantBatch[] batches)
    {
        var append = store.Append(batches, CancellationToken.None);
        return append.IsCompleted ? append.GetAwaiter().GetResult() : append.AsTask().GetAwaiter().GetResult();
    }

    private void MakeRoom(long entries, long bytes)
    {
        Interlocked.Add(ref _entries, -entries);
        Interlocked.Add(ref _bytes, -bytes);
        lock (_room)
        {
            if (_crowded is null || IsCrowded) return;
            _crowded.TrySetResult();
            _crowded = null;
        }
    }

    private void Fail(Exception why, List<Pending> flushing)
    {
        List<Pending> waiting;
        lock (_queue)
        {
            _failed = why;
            waiting = [.. flushing, .. _waiting];
            _waiting = [];
        }
        var failure = new StoreFailedException($"The store failed: {why.Message}", why);
        engine.Stop(failure);
        foreach (var pending in waiting)
        {
            pending.Host.Fail(failure);
            pending.Fail(failure);
        }
        lock (_room) _crowded?.TrySetException(failure);
    }
}
