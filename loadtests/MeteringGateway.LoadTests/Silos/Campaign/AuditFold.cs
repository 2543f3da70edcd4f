using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.LoadTests.Silos.Campaign;

/// <summary>
/// One tenant's entries from the first to the last: the chain, the ids, and what stands against its caps at every
/// position.
/// </summary>
internal sealed class AuditFold(string tenant)
{
    private const int MostFailures = 10;
    private readonly TenantState _state = new();
    private readonly Dictionary<string, int> _reported = new(StringComparer.Ordinal);
    private readonly List<long> _signals = [];
    private readonly List<string> _failures = [];
    private byte[] _hash = Chain.Genesis(tenant);
    private long _reservations;

    public IReadOnlyList<long> Signals => _signals;
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Folds the whole journal; a gap or a broken chain is a failure.</summary>
    public void Take(StoredTenant stored)
    {
        foreach (var block in stored.Tail)
        {
            if (block.FirstSequence != _state.Sequence + 1)
                Fail($"the block of {block.FirstSequence} follows {_state.Sequence}");
            if (!block.PreviousHash.AsSpan().SequenceEqual(_hash))
                Fail($"the block of {block.FirstSequence} does not follow the hash before it");
            var reader = new BlockReader(block.Entries);
            var before = _state.Sequence;
            while (reader.TryRead(out var bytes))
            {
                var hash = new byte[Chain.HashLength];
                Chain.Next(_hash, bytes, hash);
                _hash = hash;
                Take(EntryCodec.Read(bytes));
            }
            if (_state.Sequence != before + block.Count)
                Fail($"the block of {block.FirstSequence} has {_state.Sequence - before} entries, not {block.Count}");
            _state.TakeDeparted();
        }
        if (_state.Sequence != stored.Sequence || !_hash.AsSpan().SequenceEqual(stored.Hash))
            Fail("the chain does not end where the head says");
    }

    public void Compare(IReadOnlyCollection<SentEvent> events, int reservations)
    {
        foreach (var e in events)
            if (_reported.GetValueOrDefault(e.Id) is not 1 and var times)
                Fail($"{e.Id} is in the journal {times} times");
        if (_reported.Count != events.Count)
            Fail($"{_reported.Count} events are in the journal, and {events.Count} were sent");
        if (_reservations != reservations)
            Fail($"{_reservations} reservations are in the journal, and {reservations} were answered");
        var usage = _state.Usage(null)!;
        var (units, type) = (events.Sum(e => (long)e.Units), usage.OutcomeTypes.FirstOrDefault());
        if (type is null && units > 0) Fail("nothing is counted");
        if (type is null) return;
        if (type.Reported != units) Fail($"{type.Reported} units are counted of {units} that were sent");
        var over = type.NonBillable.GetValueOrDefault(Reason.OverCap);
        if (type.Pending + over != units) Fail($"{type.Pending} pending and {over} over the cap are not {units}");
        if (type.Reserved != 0) Fail($"{type.Reserved} units are still reserved");
        foreach (var cap in usage.Caps)
            if (cap.Exposure.Value != type.Pending)
                Fail($"the cap counts {cap.Exposure.Value} and the outcomes {type.Pending}");
    }

    /// <summary>The state must be the same from a snapshot and what followed it.</summary>
    public void Compare(StoredSnapshot snapshot, StoredTenant stored)
    {
        var state = SnapshotSeal.Open(tenant, snapshot);
        foreach (var block in stored.Tail)
        {
            var reader = new BlockReader(block.Entries);
            for (var sequence = block.FirstSequence; reader.TryRead(out var bytes); sequence++)
                if (sequence > snapshot.Sequence)
                    state.Apply(EntryCodec.Read(bytes));
            state.TakeDeparted();
        }
        if (!state.Digest().AsSpan().SequenceEqual(_state.Digest()))
            Fail($"the snapshot of {snapshot.Sequence} and what followed give another state than the entries");
    }

    private void Take(Entry entry)
    {
        _state.Apply(entry);
        switch (entry)
        {
            case Entry.OutcomeReported reported:
                _reported[reported.Id.Id] = _reported.GetValueOrDefault(reported.Id.Id) + 1; break;
            case Entry.ReservationMade: _reservations++; break;
            case Entry.StateChanged: _signals.Add(_state.Sequence); break;
        }
        foreach (var cap in _state.Usage(null)?.Caps ?? [])
            if (cap.Cap.AtLimit.Action != LimitAction.Notify && cap.Exposure.Value > cap.Cap.Limit.Value)
                Fail($"after {_state.Sequence}, {cap.Exposure.Value} stand against the cap of {cap.Cap.Limit.Value}");
    }

    private void Fail(string what)
    {
        if (_failures.Count < MostFailures) _failures.Add($"{tenant}: {what}");
    }
}
