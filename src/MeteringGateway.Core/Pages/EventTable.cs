using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>What is remembered of events, by the hash of their ids (I1, I2).</summary>
internal sealed class EventTable
{
    private readonly Hashed<Slot> _slots = new();

    public int Count => _slots.Count;

    /// <inheritdoc cref="Hashed{T}.Expect"/>
    public void Expect(int count) => _slots.Expect(count);

    /// <summary>In no order.</summary>
    public IEnumerable<(UInt128 Key, EventRecord Record)> All => _slots.All().Select(slot => (slot.Key, slot.Record));

    public EventRecord? Find(UInt128 key) =>
        _slots.Find((ulong)(key >> 64), new Meant(key)) is { IsUsed: true } slot ? slot.Record : null;

    /// <exception cref="ArgumentException">It is there.</exception>
    public void Add(UInt128 key, in EventRecord record)
    {
        if (Find(key) is not null) throw new ArgumentException("the event is remembered", nameof(key));
        _slots.Add(new Slot(key, record));
    }

    /// <returns>How many there were.</returns>
    public int RemoveAll(Predicate<EventRecord> which) => _slots.RemoveAll(slot => which(slot.Record));

    private readonly struct Meant(UInt128 key) : IMeant<Slot>
    {
        private readonly UInt128 _key = key;
        public bool Is(in Slot slot) => slot.Key == _key;
    }

    /// <summary>42 bytes; the first answer's status is one more than it was, so that 0 means free.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private readonly struct Slot(UInt128 key, in EventRecord record) : IHashed
    {
        private readonly ulong _high = (ulong)(key >> 64), _low = (ulong)key, _fingerprint = record.Fingerprint;
        private readonly long _time = record.Time.UnixMilliseconds, _remaining = record.Remaining;
        private readonly byte _status = (byte)(record.Status == EventRecord.NoOutcome ? EventRecord.NoOutcome
            : record.Status + 1);
        private readonly Reason _reason = record.Reason;

        public bool IsUsed => _status != 0;
        public UInt128 Key => new(_high, _low);
        public ulong Hash => _high;
        public EventRecord Record => new(_fingerprint, new Instant(_time), _remaining,
            _status == EventRecord.NoOutcome ? EventRecord.NoOutcome : (byte)(_status - 1), _reason);
    }
}
