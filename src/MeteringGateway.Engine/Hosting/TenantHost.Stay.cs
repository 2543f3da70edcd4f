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
    public Read<StoredSnapshot> Leave(int entries)
    {
        var seen = Seen();
        if (_retired) return new Read<StoredSnapshot>(true, null, seen);
        var snapshot = _state.Exists && _tailEntries >= entries ? TakeSnapshot() : null;
        Retire();
        return new Read<StoredSnapshot>(true, snapshot, seen);
    }

    /// <summary>
    /// Of a turn: the state now, when a snapshot is worth while; it may be stored once what was seen is durable.
    /// </summary>
    public Read<StoredSnapshot> Snapshot(int entries)
    {
        var seen = Seen();
        return new Read<StoredSnapshot>(true,
            _retired || !_state.Exists || _tailEntries < entries ? null : TakeSnapshot(), seen);
    }

    /// <summary>Of a turn: retires an idle host, with what to store of it, if anything; not done if it is in
    /// use.</summary>
    public Read<StoredSnapshot> Evict(long usedBefore, int entries)
    {
        var seen = Seen();
        if (_retired || LastUsed > usedBefore || !seen.IsCompletedSuccessfully || _snapshotting
            || _hub is { IsEmpty: false }) return default;
        var snapshot = _state.Exists && _tailEntries >= entries ? TakeSnapshot() : null;
        _retired = true;
        return new Read<StoredSnapshot>(true, snapshot, seen);
    }

    /// <summary>True, once, when enough came after the last snapshot to take another.</summary>
    private bool WantsSnapshot()
    {
        if (_snapshotting || _tailEntries < _engine.Options.SnapshotEntries || _tailBytes < 2L * _snapshotBytes)
            return false;
        return _snapshotting = true;
    }

    private StoredSnapshot TakeSnapshot()
    {
        var snapshot = SnapshotSeal.Take(Id, _state, _hash.ToArray());
        (_snapshotBytes, _tailBytes, _tailEntries, _snapshotting) = (snapshot.State.Length, 0, 0, false);
        return snapshot;
    }
}
