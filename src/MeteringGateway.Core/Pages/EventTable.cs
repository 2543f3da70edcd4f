using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>What is remembered of events, by the hash of their ids (I1, I2).</summary>
internal sealed class EventTable
{
    private const int MostExpected = 1 << 26;

    private readonly Hashed<Slot> _slots = new();

    /// <summary>What is timed before then is forgotten, though it may still be in the table.</summary>
    private Instant _from = Instant.MinValue;
    private ulong _swept;

    public int Count => IsSwept ? _slots.Count : All.Count();

    /// <summary>Nothing is in the table that is forgotten.</summary>
    public bool IsSwept => _from == Instant.MinValue;

    /// <summary>In no order.</summary>
    public IEnumerable<(UInt128 Key, EventRecord Record)> All =>
        _slots.All().Where(slot => slot.Time >= _from).Select(slot => (slot.Key, slot.Record));

    public EventRecord? Find(UInt128 key) =>
        _slots.Find((ulong)(key >> 64), new Meant(key)) is { IsUsed: true } slot && slot.Time >= _from
            ? slot.Record : null;

    /// <summary>Forgets what is timed before then; all that was forgotten before is swept.</summary>
    public void Forget(Instant before) => (_from, _swept) = (before, 0);

    /// <summary>Takes out some of what is forgotten.</summary>
    /// <returns>How many there were.</returns>
    public int Sweep()
    {
        var removed = _slots.RemoveSome(ref _swept, slot => slot.Time < _from, out var isLast);
        if (isLast) _from = Instant.MinValue;
        return removed;
    }

    /// <summary>One of that id and time can be added only when all that is forgotten is swept.</summary>
    public bool Hides(UInt128 key, Instant time) => !IsSwept && (time < _from
        || _slots.Find((ulong)(key >> 64), new Meant(key)) is { IsUsed: true } slot && slot.Time < _from);

    /// <exception cref="ArgumentException">It is there.</exception>
    public void Add(UInt128 key, in EventRecord record)
    {
        if (Find(key) is not null) throw new ArgumentException("the event is remembered", nameof(key));
        _slots.Add(new Slot(key, record));
    }

    /// <summary>What is remembered, as it is in the table.</summary>
    public IEnumerable<bool> Write(Writer to) => Rows.Write(to, Count, _slots.All().Where(slot => slot.Time >= _from));

    /// <summary>Some of it.</summary>
    /// <param name="left">How many are left; less by those that were read.</param>
    public void Read(ref Reader from, ref ulong left)
    {
        var slots = Rows.Read<Slot>(ref from, ref left);
        // Only once those are there that should be: a number alone makes no room.
        if (_slots.Count == 0) _slots.Expect(slots.Length + (int)Math.Min(left, MostExpected));
        foreach (ref readonly var slot in slots)
        {
            if (!slot.IsUsed || Find(slot.Key) is not null) throw new FormatException("an event is there twice");
            _slots.Add(slot);
        }
    }

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
        public Instant Time => new(_time);
        public UInt128 Key => new(_high, _low);
        public ulong Hash => _high;
        public EventRecord Record => new(_fingerprint, new Instant(_time), _remaining,
            _status == EventRecord.NoOutcome ? EventRecord.NoOutcome : (byte)(_status - 1), _reason);
    }
}
