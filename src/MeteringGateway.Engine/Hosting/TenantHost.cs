using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// A tenant in memory: its state, its one writer at a time, and what of it is on its way to the disk. In a turn there
/// is no I/O and no await. A tenant that does nothing is this object, its state and its view.
/// </summary>
internal sealed partial class TenantHost
{
    /// <summary>Entries after which a turn ends; what is left of the work follows in another.</summary>
    private const int MostEntries = 5_000;

    /// <summary>Commands that a slice has whatever they take: a few that belong together stay in one turn.</summary>
    private const int WholeSlice = 8;

    /// <summary>The same in time, for more of them.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(5);

    /// <summary>Milliseconds after the last check in which flushes still publish views.</summary>
    private const long ViewsKept = 60_000;

    [ThreadStatic] private static List<Entry>? _taken;
    [ThreadStatic] private static ArrayBufferWriter<byte>? _bytes;

    private readonly LocalTenants _engine;
    /// <summary>Also what a turn locks: an object of its own for that would be a twentieth of an idle tenant.</summary>
    private readonly TenantState _state;
    private Hash _hash;
    private volatile Allowance? _view;
    private Pending? _pending;
    private Pending? _flushing;
    private SignalHub? _hub;
    private long _lastUsed;
    private long _lastCheck;
    private long _tailBytes;
    private int _snapshotBytes;
    private int _tailEntries;
    private int _archiveVersion;
    private bool _retired;
    private bool _snapshotting;

    public TenantHost(LocalTenants engine, string id, Recovered recovered)
    {
        (_engine, Id, _state) = (engine, id, recovered.State);
        recovered.Hash.CopyTo(_hash);
        (_snapshotBytes, _tailBytes, _tailEntries) =
            (recovered.SnapshotBytes, recovered.TailBytes, recovered.TailEntries);
        _lastUsed = engine.Now.UnixMilliseconds;
    }

    public string Id { get; }

    /// <summary>
    /// Answers checks: as of the last flush. Null when nobody has asked for a while: it is made again in a turn.
    /// </summary>
    public Allowance? View => _view;

    /// <summary>Unix milliseconds of the last call.</summary>
    public long LastUsed => Math.Max(_lastUsed, _lastCheck);

    /// <summary>As of some moment: nobody waits for the turn to know it.</summary>
    public long BytesToLoad => _snapshotBytes + Volatile.Read(ref _tailBytes);

    /// <summary>The earliest time at which the timers have this tenant; theirs to set.</summary>
    public long ScheduledFor { get; set; } = long.MaxValue;

    /// <summary>
    /// Never used again: it left memory, or a turn of it broke off. The caller asks for the tenant anew.
    /// </summary>
    public bool IsRetired => Volatile.Read(ref _retired);

    /// <summary>What has to be durable before anything that was seen in a turn may leave.</summary>
    public Task Outstanding
    {
        get { lock (_state) return Seen; }
    }

    private Task Seen => (_pending ?? _flushing)?.Durable ?? Task.CompletedTask;

    /// <summary>When something is due in real time (T5).</summary>
    private Instant? Due => !_state.Exists || _state.TestClock is not null ? null : _state.NextDue;

    /// <summary>
    /// Runs commands until one needs an archived outcome, or the turn has done enough. Null when the host is retired,
    /// or what was recalled is out of date.
    /// </summary>
    public Task? Decide(Work work)
    {
        lock (_state)
        {
            if (_retired || (work.RecallDone && work.ArchiveVersion != _archiveVersion)) return null;
            _lastUsed = _engine.Now.UnixMilliseconds;
            var (most, began) = (_state.Sequence + MostEntries, Stopwatch.GetTimestamp());
            var whole = work.Next + WholeSlice;
            while (!work.IsDone && Decide(work, work.Command) && _state.Sequence < most
                && (work.Next < whole || Stopwatch.GetElapsedTime(began) < Slice)) { }
            return Seen;
        }
    }

    private bool Decide(Work work, Command command)
    {
        var taken = _taken ??= [];
        try
        {
            var answer = Turn.Run(_state, command, _engine.Now, _engine.Calendar, taken, work.Recalled,
                work.RecallDone, _engine.Options.Limits);
            if (answer is Answer.Needs needs)
            {
                if (work.RecallDone)
                    throw new InvalidOperationException($"'{needs.OutcomeId}' was recalled and is asked for again");
                Keep(command, taken, null);
                work.Want(needs.OutcomeId, _archiveVersion);
                return false;
            }
            if (answer is Answer.Unfinished)
            {
                Keep(command, taken, null);
                return false;
            }
            Keep(command, taken, work.Remember(answer));
            work.Answer(answer);
            return true;
        }
        catch (Exception fault) when (fault is not StoreFailedException)
        {
            // The state may be ahead of what was kept: what was kept is written, and the tenant is loaded again.
            Retire();
            throw _engine.Faults.Add(Id, fault);
        }
        finally
        {
            taken.Clear();
        }
    }

    /// <summary>Adds what a turn took to the flush to come.</summary>
    private void Keep(Command command, List<Entry> taken, IdempotencyRow? row)
    {
        var departed = _state.TakeDeparted();
        if (taken.Count == 0 && departed.Count == 0 && row is null) return;
        var pending = _pending ??= _engine.Committer.Enqueue(
            new Pending(this, _state.Sequence - taken.Count + 1, _hash.ToArray()));
        var bytes = pending.Bytes;
        if (taken.Count > 0) Encode(pending, taken);
        if (command is Command.Event { Detail: { } detail }) KeepDetail(pending, taken, detail);
        if (departed.Count > 0)
        {
            pending.Archive(departed);
            _archiveVersion++;
        }
        if (row is not null) pending.Add(row);
        _tailEntries += taken.Count;
        _tailBytes += pending.Bytes - bytes;
        _engine.Committer.Waiting(taken.Count, pending.Bytes - bytes);
    }

    private void Encode(Pending pending, List<Entry> taken)
    {
        var bytes = _bytes ??= new ArrayBufferWriter<byte>(1024);
        var hash = _hash;
        var before = pending.Mark();
        try
        {
            foreach (var entry in taken)
            {
                bytes.ResetWrittenCount();
                EntryCodec.Write(bytes, entry);
                Chain.Next(hash, bytes.WrittenSpan, hash);
                pending.Add(entry, bytes.WrittenSpan, hash);
            }
        }
        catch
        {
            // A turn is kept whole or not at all.
            pending.CutBack(before);
            throw;
        }
        _hash = hash;
    }

    private static void KeepDetail(Pending pending, List<Entry> taken, Detail detail)
    {
        for (var i = 0; i < taken.Count; i++)
            if (taken[i] is Entry.OutcomeReported { DetailHash: not null }
                or Entry.FactReported { DetailHash: not null }
                or Entry.ActivityReported { DetailHash: not null })
                pending.Add(new DetailRow(pending.FirstSequence + pending.Count - taken.Count + i, detail.EndCustomer,
                    detail.Salt, detail.Json));
    }

    /// <summary>
    /// Reads the state in its turn, after what is due. False when the host is retired, or more is due than one turn
    /// does: ask again.
    /// </summary>
    /// <param name="value">Null: there is no such tenant.</param>
    /// <param name="seen">What has to be durable before the value may leave, or before asking again.</param>
    public bool TryRead<T>(Func<TenantState, T?> read, out T? value, out Task seen) where T : class
    {
        lock (_state)
        {
            (value, seen) = (null, Task.CompletedTask);
            if (_retired) return false;
            _lastUsed = _engine.Now.UnixMilliseconds;
            if (Due <= _engine.Now && !Tick())
            {
                seen = Seen;
                return false;
            }
            value = _state.Exists ? Guarded(read) : null;
            seen = Seen;
            return true;
        }
    }

    /// <summary>What fails in reading may have left something half worked out: the tenant is loaded anew.</summary>
    private T Guarded<T>(Func<TenantState, T> read)
    {
        try
        {
            return read(_state);
        }
        catch (Exception fault)
        {
            Retire();
            throw _engine.Faults.Add(Id, fault);
        }
    }

    /// <summary>Where the chain stands, once <paramref name="seen"/> is durable. False when the host is
    /// retired.</summary>
    public bool TryHead(out JournalHead head, out Task seen)
    {
        lock (_state)
        {
            (head, seen) = (new JournalHead(_state.Sequence, _hash.ToArray()), Seen);
            return !_retired;
        }
    }

    /// <summary>Does what is due. False: there is more than one turn does.</summary>
    private bool Tick()
    {
        var tick = new Work([new Command.Tick()], null, default);
        while (!tick.IsDone && Decide(tick, tick.Command)) { }
        return tick.IsDone;
    }

    /// <summary>The committer takes what waits. After it, turns fill a new <see cref="Pending"/>.</summary>
    /// <param name="batch">What is to be written; null: what was taken has failed, and none of it is.</param>
    public Pending Take(out TenantBatch? batch)
    {
        lock (_state)
        {
            var pending = _flushing = _pending!;
            _pending = null;
            try
            {
                batch = Seal(pending);
                return pending;
            }
#pragma warning disable CA1031 // Whatever it was, it is this tenant's: its neighbours' entries are written.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                batch = null;
                Lose(pending, _engine.Faults.Add(Id, fault));
                return pending;
            }
        }
    }

    private TenantBatch Seal(Pending pending)
    {
        var now = _engine.Now;
        if (_retired) return pending.ToBatch(_hash.ToArray(), now, null, null);
        var due = Due;
        if (due is { } at) _engine.Timers.Schedule(this, at);
        // Making a view costs a turn something: only for those who are asked.
        var asked = _state.Exists && now.UnixMilliseconds - _lastCheck < ViewsKept;
        return pending.ToBatch(_hash.ToArray(), due, _state.Exists ? _state.Severity : null,
            asked ? _state.Allowance() : null);
    }

    /// <summary>
    /// What was taken is not in the journal, or nobody knows: the state is ahead of it, and is loaded anew.
    /// </summary>
    public void Lose(Pending pending, Exception why)
    {
        lock (_state)
        {
            _flushing = null;
            Retire();
        }
        pending.Fail(why);
    }

    /// <summary>
    /// Ends this host, so that the tenant may live elsewhere. <paramref name="snapshot"/> is what to store of it, if
    /// anything, once <paramref name="seen"/> is durable.
    /// </summary>
    public void Leave(int entries, out StoredSnapshot? snapshot, out Task seen)
    {
        lock (_state)
        {
            (snapshot, seen) = (null, Seen);
            if (_retired) return;
            if (_state.Exists && _tailEntries >= entries) snapshot = TakeSnapshot();
            Retire();
        }
    }

    /// <summary>The store failed: whoever waits is told, and nothing of this host is used again.</summary>
    public void Fail(Exception why)
    {
        lock (_state)
        {
            _retired = true;
            _pending?.Fail(why);
            _flushing?.Fail(why);
            _hub?.Close(why);
        }
    }

    /// <summary>
    /// The state now, when a snapshot is worth while; it may be stored once <paramref name="seen"/> is durable.
    /// </summary>
    public StoredSnapshot? Snapshot(int entries, out Task seen)
    {
        lock (_state)
        {
            seen = Seen;
            if (_retired || !_state.Exists || _tailEntries < entries) return null;
            return TakeSnapshot();
        }
    }

    /// <summary>True, once, when enough came after the last snapshot to take another.</summary>
    public bool WantsSnapshot(int entries)
    {
        lock (_state)
        {
            if (_snapshotting || _retired || _tailEntries < entries || _tailBytes < 2L * _snapshotBytes) return false;
            return _snapshotting = true;
        }
    }

    /// <summary>
    /// Retires an idle host; false if it is in use. <paramref name="snapshot"/> is what to store of it, if anything.
    /// </summary>
    public bool TryEvict(long usedBefore, int entries, out StoredSnapshot? snapshot)
    {
        snapshot = null;
        lock (_state)
        {
            if (_retired || LastUsed > usedBefore || _pending is not null || _flushing is not null || _snapshotting)
                return false;
            if (_hub is { IsEmpty: false }) return false;
            if (_state.Exists && _tailEntries >= entries) snapshot = TakeSnapshot();
            Volatile.Write(ref _retired, true);
            return true;
        }
    }

    private StoredSnapshot TakeSnapshot()
    {
        var snapshot = SnapshotSeal.Take(Id, _state, _hash.ToArray());
        (_snapshotBytes, _tailBytes, _tailEntries, _snapshotting) = (snapshot.State.Length, 0, 0, false);
        return snapshot;
    }

    /// <summary>
    /// A check asks for the view: while checks come, each flush publishes a new one. Returns the time.
    /// </summary>
    public Instant Asked()
    {
        // Written only when it says something new: checks on many cores would fight for the line.
        var now = _engine.Now;
        if (now.UnixMilliseconds - _lastCheck is > 1000 or < 0) _lastCheck = now.UnixMilliseconds;
        return now;
    }

    /// <summary>
    /// Makes the view, after what is due, if all is durable. False: ask again, when what has to be durable first is.
    /// </summary>
    /// <param name="view">Null: there is no such tenant.</param>
    public bool TryView(out Allowance? view, out Task wait)
    {
        lock (_state)
        {
            view = null;
            if (!TryRead(state => state, out _, out wait) || wait != Task.CompletedTask) return false;
            view = _view = _state.Exists ? Guarded(state => state.Allowance()) : null;
            return true;
        }
    }

    /// <summary>Lets go of a view that nobody asks for.</summary>
    public void DropView()
    {
        if (_view is null || _engine.Now.UnixMilliseconds - _lastCheck < ViewsKept) return;
        lock (_state) _view = null;
    }

    /// <summary>Sees to it that the timers know when something is next due.</summary>
    public void Reschedule()
    {
        lock (_state)
        {
            try
            {
                if (!_retired && Due is { } due) _engine.Timers.Schedule(this, due);
            }
#pragma warning disable CA1031 // Whatever it was, it is this tenant's: whoever asks for it is told.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                Retire();
                _engine.Faults.Add(Id, fault);
            }
        }
    }

    /// <summary>Writes when something is next due, though nothing became true.</summary>
    public Task WriteDue()
    {
        lock (_state)
        {
            if (!_retired && _pending is null && _flushing is null && _state.Exists)
                _pending = _engine.Committer.Enqueue(new Pending(this, _state.Sequence + 1, _hash.ToArray()));
            return Seen;
        }
    }

    private void Retire()
    {
        Volatile.Write(ref _retired, true);
        _hub?.Close(new SlowReaderException());
    }

    /// <summary>A hash, in place.</summary>
    [InlineArray(Chain.HashLength)]
    private struct Hash
    {
#pragma warning disable IDE0051, IDE0044 // The runtime repeats it.
        private byte _first;
#pragma warning restore IDE0051, IDE0044

        public readonly byte[] ToArray() => ((ReadOnlySpan<byte>)this).ToArray();
    }
}
