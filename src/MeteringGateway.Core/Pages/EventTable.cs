using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>
/// What is remembered of events, by the hash of their ids (I1, I2): rows in pages, of which none is moved when there are
/// more, and where each is by a hash of its own. A page of which all is forgotten is used again, so that places do not
/// run out however long a tenant stays in memory.
/// </summary>
internal sealed class EventTable
{
    private const int PageBits = 10, PageSize = Rows.Most, First = 4; // a block that was written is a page again

    private readonly Hashed _places = new();
    private readonly List<Row[]> _pages = new(1);

    /// <summary>Pages of which nothing is left.</summary>
    private readonly Stack<int> _free = new();

    /// <summary>The page that is being filled, and how many rows it has; every other has all of its rows.</summary>
    private int _page, _used;

    /// <summary>What is timed before then is forgotten, though it may still be in the table.</summary>
    private Instant _from = Instant.MinValue;
    private int _swept;

    public int Count => IsSwept ? _places.Count : All.Count();

    /// <summary>Nothing is in the table that is forgotten.</summary>
    public bool IsSwept => _from == Instant.MinValue;

    /// <summary>In no order.</summary>
    public IEnumerable<(UInt128 Key, EventRecord Record)> All => Kept.Select(row => (row.Key, row.Record));

    private IEnumerable<Row> Kept
    {
        get
        {
            for (var page = 0; page < _pages.Count; page++)
                for (var i = 0; i < RowsOf(page); i++)
                    if (_pages[page][i] is { IsUsed: true } row && row.Time >= _from) yield return row;
        }
    }

    public EventRecord? Find(UInt128 key) => PlaceOf(key) is >= 0 and var place && RowAt(place).Time >= _from
        ? RowAt(place).Record : null;

    /// <summary>Forgets what is timed before then; all that was forgotten before is swept.</summary>
    public void Forget(Instant before) => (_from, _swept) = (before, 0);

    /// <summary>Takes out some of what is forgotten.</summary>
    /// <returns>How many there were.</returns>
    public int Sweep()
    {
        var (removed, kept) = (0, 0);
        if (_swept < _pages.Count)
        {
            var page = _pages[_swept];
            for (var i = 0; i < RowsOf(_swept); i++)
            {
                ref var row = ref page[i];
                if (!row.IsUsed) continue;
                if (row.Time >= _from)
                {
                    kept++;
                    continue;
                }
                _places.Remove(Slot.Spread(HashOf(row.Key)), new At((_swept << PageBits) + i));
                row = default;
                removed++;
            }
            if (kept == 0 && _swept != _page && page.Length > 0)
            {
                _pages[_swept] = [];
                _free.Push(_swept);
            }
        }
        if (++_swept >= _pages.Count) _from = Instant.MinValue;
        return removed;
    }

    /// <summary>One of that id and time can be added only when all that is forgotten is swept.</summary>
    public bool Hides(UInt128 key, Instant time) => !IsSwept && (time < _from
        || (PlaceOf(key) is >= 0 and var place && RowAt(place).Time < _from));

    /// <summary>Compiled in full at once: it takes each of a journal's.</summary>
    /// <exception cref="ArgumentException">It is there.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(UInt128 key, in EventRecord record)
    {
        if (PlaceOf(key) is >= 0 and var place && RowAt(place).Time >= _from)
            throw new ArgumentException("the event is remembered", nameof(key));
        Add(new Row(key, record));
    }

    /// <summary>So many will be added to a table that has none.</summary>
    public void Expect(int events) => _places.Expect(events);

    /// <summary>What is remembered, as it is in the table.</summary>
    public IEnumerable<bool> Write(Writer to) => Rows.Write(to, Count, Kept);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(in Row row)
    {
        if (_pages.Count == 0) _pages.Add(new Row[First]);
        else if (_used == PageSize) Begin();
        else if (_used == _pages[_page].Length)
        {
            var rows = _pages[_page];
            Array.Resize(ref rows, Math.Min(PageSize, _used * 2));
            _pages[_page] = rows;
        }
        _pages[_page][_used++] = row;
        _places.Add(new Slot(HashOf(row.Key), Last));
    }

    /// <summary>The next page, where one is free in its place.</summary>
    private void Begin()
    {
        if (!_free.TryPop(out _page))
        {
            _page = _pages.Count;
            _pages.Add([]);
        }
        _pages[_page] = GC.AllocateUninitializedArray<Row>(PageSize);
        _used = 0;
    }

    private int RowsOf(int page) => page == _page ? _used : _pages[page].Length;

    /// <summary>The place of what was added last.</summary>
    private int Last => (_page << PageBits) + _used - 1;

    /// <returns>-1: it is not in the table. It may be forgotten.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int PlaceOf(UInt128 key) =>
        // Who takes an event asks for its first answer next.
        _used > 0 && RowAt(Last) is { IsUsed: true } last && last.Key == key ? Last
            : _places.Find(Slot.Spread(HashOf(key)), new Meant(this, key)).Place;

    /// <summary>Who sends events chooses their ids, and so their keys.</summary>
    private static int HashOf(UInt128 key) => HashKey.OfProcess.Of(key);

    private ref Row RowAt(int place) => ref _pages[place >> PageBits][place & (PageSize - 1)];

    /// <summary>Fills an empty table with what was written of one, a page at a time, and then finds where each is.
    /// </summary>
    public sealed class Reading(EventTable table)
    {
        private readonly List<Slot[]> _slots = [];

        /// <summary>Some of it.</summary>
        /// <param name="left">How many are left; less by those that were read.</param>
        /// <exception cref="FormatException">It is none of a table.</exception>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Read(ref Reader from, ref ulong left)
        {
            var rows = Rows.Read<Row>(ref from, ref left);
            var page = GC.AllocateUninitializedArray<Row>(rows.Length);
            rows.CopyTo(page);
            (table._page, table._used) = (table._pages.Count, page.Length);
            table._pages.Add(page);
            var slots = GC.AllocateUninitializedArray<Slot>(page.Length);
            var key = HashKey.OfProcess;
            for (var i = 0; i < page.Length; i++)
            {
                if (!page[i].IsUsed) throw new FormatException("an event is none");
                slots[i] = new Slot(key.Of(page[i].Key), (table._page << PageBits) + i);
            }
            _slots.Add(slots);
            if (left == 0 && !table._places.Fill(_slots, table.AreSame))
                throw new FormatException("an event is there twice");
        }
    }

    private bool AreSame(int place, int other) => RowAt(place).Key == RowAt(other).Key;

    private readonly struct Meant(EventTable table, UInt128 key) : IMeant
    {
        private readonly EventTable _table = table;
        private readonly UInt128 _key = key;

        public bool Is(in Slot slot) => _table.RowAt(slot.Place).Key == _key;
    }

    private readonly struct At(int place) : IMeant
    {
        private readonly int _place = place;
        public bool Is(in Slot slot) => slot.Place == _place;
    }

    /// <summary>42 bytes; the first answer's status is one more than it was, so that 0 means free.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private readonly struct Row
    {
        private readonly ulong _high, _low, _fingerprint;
        private readonly long _time, _remaining;
        private readonly byte _status;
        private readonly Reason _reason;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Row(UInt128 key, in EventRecord record)
        {
            (_high, _low, _fingerprint) = ((ulong)(key >> 64), (ulong)key, record.Fingerprint);
            (_time, _remaining, _reason) = (record.Time.UnixMilliseconds, record.Remaining, record.Reason);
            _status = (byte)(record.Status == EventRecord.NoOutcome ? EventRecord.NoOutcome : record.Status + 1);
        }

        public bool IsUsed => _status != 0;
        public Instant Time => new(_time);
        public UInt128 Key => new(_high, _low);
        public EventRecord Record => new(_fingerprint, new Instant(_time), _remaining,
            _status == EventRecord.NoOutcome ? EventRecord.NoOutcome : (byte)(_status - 1), _reason);
    }
}
