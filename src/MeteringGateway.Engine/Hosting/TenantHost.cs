using System.Diagnostics;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// A tenant in memory: its state, its one writer at a time, and what of it is on its way to the disk. In a turn there
/// is no I/O and no await; whoever wants one asks by <see cref="InTurn"/>, and what is said here to be of a turn is
/// called in no other way. A tenant that does nothing is this object, its state and its view.
/// </summary>
internal sealed partial class TenantHost
{
    /// <summary>Entries after which a turn ends; what is left of the work follows in another.</summary>
    private const int MostEntries = 5_000;

    /// <summary>Archived outcomes that are fetched together for one caller.</summary>
    private const int MostRecalled = 256;

    /// <summary>Commands that a slice has whatever they take: a few that belong together stay in one turn.</summary>
    public const int WholeSlice = 8;

    /// <summary>Seconds after the last check in which turns still make views.</summary>
    private const long ViewsKept = 60;

    [ThreadStatic] private static List<Entry>? _entries;

    private readonly LocalTenants _engine;
    private readonly TenantState _state;
    private Hash _hash;
    private volatile Allowance? _view;
    private Pending? _pending;
    private SignalHub? _hub;
    /// <summary>As many as fit.</summary>
    private int _tailBytes;
    /// <summary>The sequence up to which the committer has all, but for what does not fit.</summary>
    private int _handedOver;
    /// <summary>Unix seconds, as is the next: two longs would be a fiftieth of an idle tenant.</summary>
    private uint _lastUsed;
    private uint _lastCheck;
    private int _snapshotBytes;
    /// <summary>Of the newest snapshot that this host knows of.</summary>
    private int _snapshotSequence;
    /// <summary>Unix seconds before which no other is tried.</summary>
    private uint _snapshotAfter;
    private int _archiveVersion;
    private volatile bool _retired;
    private bool _snapshotting;

    public TenantHost(LocalTenants engine, string id, Recovered recovered)
    {
        (_engine, Id, _state, _handedOver) = (engine, id, recovered.State, (int)recovered.State.Sequence);
        recovered.Hash.CopyTo(_hash);
        (_snapshotBytes, _tailBytes, _snapshotSequence) =
            (recovered.SnapshotBytes, (int)Math.Min(recovered.TailBytes, int.MaxValue),
                _handedOver - recovered.TailEntries);
        _lastUsed = Seconds(engine.Now);
    }

    public string Id { get; }

    /// <summary>
    /// Answers checks: as of the last flush. Null when nobody has asked for a while: it is made again in a turn.
    /// </summary>
    public Allowance? View => _view;

    /// <summary>Unix milliseconds of the last call, to the second.</summary>
    public long LastUsed => Math.Max(Volatile.Read(ref _lastUsed), Volatile.Read(ref _lastCheck)) * 1000L;

    /// <summary>As of some moment: nobody waits for the turn to know it.</summary>
    public long BytesToLoad => (long)_snapshotBytes + Volatile.Read(ref _tailBytes);

    /// <summary>The earliest time at which the timers have this tenant; theirs to set.</summary>
    public long ScheduledFor { get; set; } = long.MaxValue;

    /// <summary>Unix milliseconds before which the timers do not have it again; theirs to set.</summary>
    public long NotBefore { get; set; }

    /// <summary>
    /// Never used again: it left memory, or a turn of it broke off. The caller asks for the tenant anew.
    /// </summary>
    public bool IsRetired => _retired;

    /// <summary>When something is due in real time (T5); outcomes that leave hold up nobody.</summary>
    private Instant? Due => !_state.Exists || _state.TestClock is not null ? null : _state.NextDue;

    /// <summary>
    /// Of a turn: runs commands until one needs an archived outcome, or the turn has done enough. What has to be
    /// durable before the answers may leave; null when the host is retired.
    /// </summary>
    public Task? Decide(Work work)
    {
        if (_retired) return null;
        Volatile.Write(ref _lastUsed, Seconds(_engine.Now));
        using (var span = Tracing.Follow(work.Caller?.Context, "turn", ActivityKind.Internal, Id))
        {
            Taken.Own.Turn = span?.Context;
            var (most, began) = (_state.Sequence + MostEntries, Stopwatch.GetTimestamp());
            var whole = work.Next + WholeSlice;
            while (!work.IsDone && Decide(work, work.Command) && _state.Sequence < most
                && (work.Next < whole || Stopwatch.GetElapsedTime(began) < Workers.Slice)) { }
        }
        return Seen(); // after the span: whoever is answered finds the whole turn told
    }

    private bool Decide(Work work, Command command)
    {
        var entries = _entries ??= [];
        entries.Clear();
        if (work.ArchiveVersion != _archiveVersion) work.RecallAgain(); // what was recalled may be out of date
        var answer = Turn.Run(_state, command, _engine.Now, _engine.Calendar, entries, work.Recalled,
            work.RecallDone, _engine.Options.Limits);
        switch (answer)
        {
            case Answer.Needs needs when work.RecallDone:
                throw new InvalidOperationException($"'{needs.OutcomeId}' was recalled and is asked for again");
            case Answer.Needs needs:
                Keep(work, command, entries, answer, null);
                work.Want(needs.OutcomeId, WantedBy(work, needs.OutcomeId), _archiveVersion);
                return false;
            case Answer.Unfinished:
                Keep(work, command, entries, answer, null);
                work.Further();
                return false;
            default:
                // By then few are taken back: a flush that fails ends it all.
                if (answer is Answer.Done && command is Command.Acknowledge { Signal: var signal })
                    Instruments.Acknowledgement.Record((_state.Now - _state.ToldAt(signal)!.Value).TotalSeconds);
                Keep(work, command, entries, answer, work.Remember(answer));
                work.Answer(answer);
                return true;
        }
    }

    /// <summary>What a command needs, and what those after it may need: they are fetched together.</summary>
    private HashSet<string> WantedBy(Work work, string needed)
    {
        var wanted = new HashSet<string>(StringComparer.Ordinal) { needed };
        for (var i = work.Next + 1; i < work.Commands.Count && wanted.Count < MostRecalled; i++)
            if (Work.OutcomeOf(work.Commands[i]) is { } id && _state.IsInArchiveOnly(id)) wanted.Add(id);
        return wanted;
    }

    /// <summary>Adds what a command took to what the turn hands over.</summary>
    private void Keep(Work work, Command command, List<Entry> entries, Answer answer, IdempotencyRow? row)
    {
        var taken = Taken.Own;
        var first = _state.Sequence - entries.Count + 1;
        for (var i = 0; i < entries.Count; i++) taken.Add(entries[i], first + i, ref _hash);
        if (command is Command.Event { Detail: { } detail }) KeepDetail(taken, entries, first, detail);
        foreach (var outcome in _state.TakeDeparted())
        {
            taken.Archived.Add(new ArchivedRow(_state.Archived(outcome), EntryCodec.WriteOutcome(outcome)));
            work.RecallAgain(outcome.Id);
        }
        if (row is not null) taken.Idempotency.Add(row);
        if (command is Command.SetTerms { Own: { } own } && answer is Answer.Done)
            taken.Documents.Add(new Document(own.Kind, Id, own.Version, _engine.Now, own.By, own.Content));
        if (command is Command.NoteErasure { Sequences: var erased } && answer is Answer.Done)
            taken.Erased.AddRange(erased);
        entries.Clear();
    }

    private static void KeepDetail(Taken taken, List<Entry> entries, long first, Detail detail)
    {
        for (var i = 0; i < entries.Count; i++)
            if (entries[i] is Entry.OutcomeReported { DetailHash: not null }
                or Entry.FactReported { DetailHash: not null }
                or Entry.ActivityReported { DetailHash: not null })
                taken.Details.Add(new DetailRow(first + i, detail.EndCustomer, detail.Salt, detail.Json));
    }

    /// <summary>
    /// Of a turn: what has to be durable before anything that was seen in it may leave. What the turn took is handed
    /// to the committer first, with what only this turn can say: when something is next due, how the tenant stands,
    /// and what checks are to be answered from.
    /// </summary>
    private Task Seen()
    {
        var taken = Taken.Own;
        if (!taken.IsEmpty) HandOver(taken);
        // Nothing that was seen can be ahead of what was handed over: an answer that rests on no flush cannot be.
        if ((int)_state.Sequence != _handedOver)
            throw new InvalidOperationException($"{_state.Sequence} was seen, and {_handedOver} was handed over");
        return Volatile.Read(ref _pending)?.Durable ?? Task.CompletedTask;
    }

    private void HandOver(Taken taken)
    {
        var due = _state.WakeAt;
        LimitState? severity = _state.Exists ? _state.Severity : null;
        // Making a view costs a turn something: only for those who are asked.
        var asked = _state.Exists && WasAsked;
        var view = asked ? _state.Allowance() : null;
        var bytes = taken.Bytes;
        if (Volatile.Read(ref _pending)?.TryAdd(taken, bytes, _hash, due, severity, view) != true)
        {
            var before = taken.Count > 0 ? taken.Before : _hash;
            var pending = new Pending(this, _state.Sequence - taken.Count + 1, before.ToArray());
            pending.TryAdd(taken, bytes, _hash, due, severity, view);
            _engine.Committer.Enqueue(pending);
            Volatile.Write(ref _pending, pending);
        }
        _engine.Committer.Waiting(taken.Count, bytes);
        _handedOver += taken.Count;
        Volatile.Write(ref _tailBytes, (int)Math.Min((long)_tailBytes + bytes, int.MaxValue));
        if (taken.Archived.Count > 0) _archiveVersion++;
        taken.Clear();
        if (due is { } at) _engine.Timers.Schedule(this, at, isDone: true);
        if (WantsSnapshot()) _engine.Snapshots.Request(this);
    }

    /// <summary>Of a turn: reads the state after what is due.</summary>
    public Read<T> Read<T>(Func<TenantState, T?> read) where T : class
    {
        if (_retired) return default;
        Volatile.Write(ref _lastUsed, Seconds(_engine.Now));
        if (Due <= _engine.Now && !Tick()) return new Read<T>(false, null, Seen());
        var value = _state.Exists ? read(_state) : null;
        return new Read<T>(true, value, Seen());
    }

    /// <summary>Of a turn: what those see who only watch. It is no use of the tenant, which may leave memory.</summary>
    public Read<WatchedFigure> Look(Instant now) => _retired || !_state.Exists ? default
        : new Read<WatchedFigure>(true, _state.Watched(now), Seen());

    /// <summary>Of a turn: where the chain stands.</summary>
    public Read<JournalHead> Head() =>
        _retired ? default : new Read<JournalHead>(true, new JournalHead(_state.Sequence, _hash.ToArray()), Seen());

    /// <summary>Of a turn: what has to be durable before the tenant may be read anew.</summary>
    public Task Outstanding() => Volatile.Read(ref _pending)?.Durable ?? Task.CompletedTask;

    /// <summary>Does a turn's part of what is due. False: there is more.</summary>
    private bool Tick()
    {
        var tick = new Work([new Command.Tick()], null, default);
        return Decide(tick, tick.Command);
    }

    /// <summary>
    /// A check asks for the view: while checks come, each flush publishes a new one. Returns the time.
    /// </summary>
    public Instant Asked()
    {
        // Written only when it says something new: checks on many cores would fight for the line.
        var now = _engine.Now;
        if (Seconds(now) is var second && second != Volatile.Read(ref _lastCheck))
            Volatile.Write(ref _lastCheck, second);
        return now;
    }

    /// <summary>
    /// Of a turn: makes the view, after what is due, if all is durable.
    /// </summary>
    public Read<Allowance> MakeView()
    {
        var read = Read(state => state);
        if (!read.IsDone || !read.Seen.IsCompletedSuccessfully)
            return new Read<Allowance>(false, null, read.Seen) { IsBehind = !read.IsDone && !_retired };
        return new Read<Allowance>(true, _view = _state.Exists ? _state.Allowance() : null, read.Seen);
    }

    /// <summary>Lets go of a view that nobody asks for.</summary>
    public void DropView()
    {
        if (_view is not null && !WasAsked) _view = null;
    }

    private bool WasAsked => Seconds(_engine.Now) - (long)Volatile.Read(ref _lastCheck) < ViewsKept;

    private static uint Seconds(Instant time) => (uint)(time.UnixMilliseconds / 1000);

    /// <summary>Of a turn: sees to it that the timers know when something is next due.</summary>
    public bool Reschedule()
    {
        if (!_retired && _state.WakeAt is { } due) _engine.Timers.Schedule(this, due, isDone: false);
        return true;
    }

    /// <summary>Of a turn: writes when something is next due, though nothing became true.</summary>
    public Task WriteDue()
    {
        if (!_retired && Seen().IsCompleted && _state.Exists) HandOver(Taken.Own);
        return Seen();
    }
}

/// <summary>What was read in a turn.</summary>
/// <param name="IsDone">False when the host is retired, or more is due than one turn does: ask again.</param>
/// <param name="Value">Null: there is no such tenant.</param>
/// <param name="Durable">What has to be durable before the value may leave, or before asking again.</param>
internal readonly record struct Read<T>(bool IsDone, T? Value, Task? Durable) where T : class
{
    public Task Seen => Durable ?? Task.CompletedTask;

    /// <summary>True when it is not done because more is due than one turn does.</summary>
    public bool IsBehind { get; init; }
}
