using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>How a stay in memory ends, and what is stored of it.</summary>
internal sealed partial class TenantHost
{
    /// <summary>
    /// What was taken is not in the journal, or nobody knows: the state is ahead of it, and is loaded anew. Called by
    /// the committer; a turn that has begun ends with a batch that does not follow from anything, and is refused.
    /// </summary>
    public void Lose(Pending pending, Exception why)
    {
        Retire();
        pending.Fail(why);
    }

    /// <summary>The store failed: nothing of this host is used again.</summary>
    public void Fail(Exception why)
    {
        _retired = true;
        Volatile.Read(ref _hub)?.Close(why);
    }

    private void Retire()
    {
        _retired = true;
        Volatile.Read(ref _hub)?.Close(new SlowReaderException());
    }

    /// <summary>
    /// Of a turn: ends this host, so that the tenant may live elsewhere, with what to store of it, if anything.
    /// </summary>
    public Read<LastState> Leave(int entries)
    {
        var seen = Seen();
        if (_retired) return new Read<LastState>(true, null, seen);
        var last = LastState(entries);
        Retire();
        return new Read<LastState>(true, last, seen);
    }

    /// <summary>Of a turn: retires an idle host, with what to store of it, if anything; not done if it is in
    /// use.</summary>
    public Read<LastState> Evict(long usedBefore, int entries)
    {
        var seen = Seen();
        if (_retired || LastUsed > usedBefore || !seen.IsCompletedSuccessfully || _snapshotting
            || _hub is { IsEmpty: false }) return default;
        var last = LastState(entries);
        _retired = true;
        return new Read<LastState>(true, last, seen);
    }

    private LastState? LastState(int entries) =>
        _state.Exists && TailEntries >= entries ? new LastState(_state, _hash.ToArray()) : null;

    private int TailEntries => (int)_state.Sequence - _snapshotSequence;

    /// <summary>True, once, when enough came after the last snapshot to take another.</summary>
    private bool WantsSnapshot()
    {
        if (_snapshotting || TailEntries < _engine.Options.SnapshotEntries || _tailBytes < 2L * _snapshotBytes
            || Seconds(_engine.Now) < _snapshotAfter)
            return false;
        return _snapshotting = true;
    }

    /// <summary>Of a turn: a snapshot was stored, of a sequence up to here.</summary>
    public bool WasStored(long sequence, long bytes)
    {
        _snapshotting = false;
        if (sequence <= _snapshotSequence) return false;
        var left = _tailBytes * (double)(_state.Sequence - sequence) / Math.Max(TailEntries, 1);
        Volatile.Write(ref _tailBytes, (int)left);
        (_snapshotSequence, _snapshotBytes) = ((int)sequence, (int)Math.Min(bytes, int.MaxValue));
        return true;
    }

    /// <summary>Of a turn: none was stored. Another is tried when some time is over.</summary>
    public bool WasNotStored()
    {
        _snapshotting = false;
        _snapshotAfter = Seconds(_engine.Now + SnapshotWriter.TryAgainAfter);
        return true;
    }
}

/// <summary>What a host came to that has left: nobody changes it any more.</summary>
/// <param name="Hash">The chain's, after its last entry.</param>
internal sealed record LastState(TenantState State, byte[] Hash);
