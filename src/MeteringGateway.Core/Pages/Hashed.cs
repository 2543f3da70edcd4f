using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>Says which of those with the same hash is meant.</summary>
internal interface IMeant
{
    bool Is(in Slot slot);
}

/// <summary>
/// A table by hash, in segments of at most a thousand of which none is ever copied for another's sake: what one more
/// costs does not grow with how many there are (Fagin et al., "Extendible hashing", 1979). A segment fills what it has
/// before it takes a quarter more.
/// </summary>
internal sealed class Hashed
{
    private const int Most = 1024;

    /// <summary>By the first bits of the hash; several places may share a segment.</summary>
    private Pointer[] _directory = [new Pointer(new Segment(0))];
    private int _bits;

    /// <summary>
    /// With what its segment has: what is looked for in a large table is not in the processor's cache, and neither is
    /// the segment, nor how long its array is. So one look at the directory says where to look next.
    /// </summary>
    private readonly struct Pointer(Segment segment)
    {
        public readonly Segment Segment = segment;
        public readonly Slot[] Slots = segment.Slots;
        public readonly int Length = segment.Slots.Length;
    }

    public int Count { get; private set; }

    /// <summary>
    /// So many are added to a table that has none: it is not grown for them. A segment gets its room with its first.
    /// </summary>
    public void Expect(int count)
    {
        if (Count > 0) return;
        while (Most * 3L / 4 << _bits < count) _bits++;
        _directory = new Pointer[1 << _bits];
        for (var i = 0; i < _directory.Length; i++) _directory[i] = new Pointer(new Segment(_bits, count >> _bits));
    }

    /// <summary>The one that is meant; none: the default.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Slot Find<TMeant>(ulong hash, in TMeant meant) where TMeant : struct, IMeant, allows ref struct
    {
        ref readonly var pointer = ref _directory[IndexOf(hash)];
        return Find(pointer, hash, meant) is var at && at >= 0 ? pointer.Slots[at] : default;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Find<TMeant>(in Pointer pointer, ulong hash, in TMeant meant)
        where TMeant : struct, IMeant, allows ref struct
    {
        if (pointer.Length == 0) return -1;
        var slots = pointer.Slots;
        for (var at = HomeOf(hash, pointer.Length); slots[at].IsUsed; at = at + 1 == slots.Length ? 0 : at + 1)
            if (slots[at].Hash == hash && meant.Is(slots[at])) return at;
        return -1;
    }

    /// <summary>
    /// The caller knows that it is not there. Compiled in full at once: it takes each of a journal's.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(in Slot slot)
    {
        var segment = SegmentOf(slot.Hash);
        for (; segment.Count == Most; segment = SegmentOf(slot.Hash)) Split(segment, slot.Hash);
        if (segment.Add(slot)) Show(segment, slot.Hash);
        Count++;
    }

    /// <summary>
    /// Many at once, as another table had them: those of one segment are one after the other. Compiled in full at once,
    /// as it reads all of a snapshot in one call after the other.
    /// </summary>
    /// <returns>False: one of them is none, or is there already.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Add(ReadOnlySpan<Slot> slots)
    {
        while (!slots.IsEmpty)
        {
            var segment = SegmentOf(slots[0].Hash);
            if (segment.Count == Most)
            {
                Split(segment, slots[0].Hash);
                continue;
            }
            var most = Math.Min(slots.Length, Most - segment.Count);
            var together = 1;
            while (together < most && SegmentOf(slots[together].Hash) == segment) together++;
            if (segment.MakeRoom(together)) Show(segment, slots[0].Hash);
            if (!segment.TryPut(slots[..together])) return false;
            Count += together;
            slots = slots[together..];
        }
        return true;
    }

    /// <summary>
    /// Puts all of them into an empty table: those of one segment together, as what is looked for in one segment after
    /// the other is not in the processor's cache. Compiled in full at once, as it is called once.
    /// </summary>
    /// <param name="areSame">Of two places with one hash.</param>
    /// <returns>False: two of them are the same.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Fill(IReadOnlyCollection<Slot[]> blocks, Func<int, int, bool> areSame)
    {
        var count = blocks.Sum(block => block.Length);
        Expect(count);
        var ends = new int[_directory.Length];
        foreach (var block in blocks)
            foreach (ref readonly var slot in block.AsSpan()) ends[IndexOf(slot.Hash)]++;
        for (int i = 0, from = 0; i < ends.Length; i++) (ends[i], from) = (from, from + ends[i]);
        var sorted = GC.AllocateUninitializedArray<Slot>(count);
        foreach (var block in blocks)
            foreach (ref readonly var slot in block.AsSpan()) sorted[ends[IndexOf(slot.Hash)]++] = slot;
        var tooMany = new List<Slot>();
        for (int i = 0, from = 0; i < ends.Length; from = ends[i++])
        {
            var some = sorted.AsSpan(from, ends[i] - from);
            if (some.Length > Most) tooMany.AddRange(some);
            else if (some.Length > 0)
            {
                var segment = _directory[i].Segment;
                segment.MakeRoom(some.Length);
                _directory[i] = new Pointer(segment);
                if (!segment.TryPut(some, areSame)) return false;
                Count += some.Length;
            }
        }
        foreach (var slot in tooMany)
        {
            if (Find(slot.Hash, new Same(slot.Place, areSame)).IsUsed) return false;
            Add(slot);
        }
        return true;
    }

    /// <returns>False: it is not there.</returns>
    public bool Remove<TMeant>(ulong hash, in TMeant meant) where TMeant : struct, IMeant, allows ref struct
    {
        ref readonly var pointer = ref _directory[IndexOf(hash)];
        if (Find(pointer, hash, meant) is var at && at < 0) return false;
        pointer.Segment.RemoveAt(at);
        Count--;
        return true;
    }

    /// <summary>Of one segment: whoever asks again and again has seen them all.</summary>
    /// <param name="from">A hash in it, at first 0; moves to the next one.</param>
    /// <param name="isLast">There is none after it.</param>
    /// <returns>How many there were.</returns>
    public int RemoveSome(ref ulong from, Predicate<Slot> which, out bool isLast)
    {
        var segment = SegmentOf(from);
        var hash = from;
        from = segment.Bits == 0 ? 0 : from + (1UL << (64 - segment.Bits));
        isLast = from == 0;
        var removed = segment.RemoveAll(which);
        if (removed > 0) Show(segment, hash);
        Count -= removed;
        return removed;
    }

    /// <summary>In no order.</summary>
    public IEnumerable<Slot> All()
    {
        foreach (var segment in Segments)
            for (var i = 0; i < segment.Slots.Length; i++)
                if (segment.Slots[i].IsUsed) yield return segment.Slots[i];
    }

    /// <summary>Each once: of the places that share one only the first counts.</summary>
    private IEnumerable<Segment> Segments
    {
        get
        {
            for (var i = 0; i < _directory.Length; i += 1 << (_bits - _directory[i].Segment.Bits))
                yield return _directory[i].Segment;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Segment SegmentOf(ulong hash) => _directory[IndexOf(hash)].Segment;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int IndexOf(ulong hash) => _bits == 0 ? 0 : (int)(hash >> (64 - _bits));

    /// <param name="hash">Of one that belongs into it.</param>
    private void Split(Segment full, ulong hash)
    {
        if (full.Bits == _bits)
        {
            var wider = new Pointer[_directory.Length * 2];
            for (var i = 0; i < wider.Length; i++) wider[i] = _directory[i / 2];
            (_directory, _bits) = (wider, _bits + 1);
        }
        var (halves, bit) = (full.Halves(), 1UL << (63 - full.Bits));
        Show(halves.Low, hash & ~bit);
        Show(halves.High, hash | bit);
    }

    /// <summary>Where it belongs in the directory it is, as it is now.</summary>
    /// <param name="hash">Of one that belongs into it.</param>
    private void Show(Segment segment, ulong hash)
    {
        var places = 1 << (_bits - segment.Bits);
        _directory.AsSpan(IndexOf(hash) & -places, places).Fill(new Pointer(segment));
    }

    /// <summary>By the last bits, which say nothing of the segment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int HomeOf(ulong hash, int length) => (int)((ulong)(uint)hash * (uint)length >> 32);

    private readonly struct Same(int place, Func<int, int, bool> areSame) : IMeant
    {
        private readonly int _place = place;
        private readonly Func<int, int, bool> _areSame = areSame;

        public bool Is(in Slot slot) => slot.Place == _place || _areSame(slot.Place, _place);
    }

    /// <param name="bits">How many first bits all of its hashes share.</param>
    /// <param name="expected">How many it will have, about.</param>
    private sealed class Segment(int bits, int expected = 0)
    {
        private const int First = 4;
        /// <summary>Twice what one of the usual size differs by from what is expected.</summary>
        private const int More = 60;

        private int _expected = expected;

        /// <summary>So many it takes as it is.</summary>
        private int _room;

        public int Bits { get; } = bits;
        public int Count { get; private set; }
        public Slot[] Slots { get; private set; } = [];

        /// <returns>They are in another array.</returns>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool Add(in Slot slot)
        {
            var isMoved = Count == _room && MakeRoom(1);
            Put(slot);
            Count++;
            return isMoved;
        }

        /// <summary>For so many more.</summary>
        /// <returns>They are in another array.</returns>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public bool MakeRoom(int more)
        {
            var before = Slots;
            if (_expected > 0) (Slots, _expected) = (new Slot[(_expected + More) * 5 / 4], 0);
            var size = Slots.Length;
            while (Count + more > RoomOf(size)) size = Math.Max(First, size + size / 4);
            if (size > Slots.Length) Rebuild(size);
            _room = RoomOf(size);
            return Slots != before;
        }

        /// <summary>A fifth stays free, so that what is looked for in vain is soon known not to be there.</summary>
        private static int RoomOf(int size) => size - size / 5 - 1;

        /// <summary>There is room for them.</summary>
        /// <param name="areSame">Of two places with one hash; null: a place is the same as itself alone.</param>
        /// <returns>False: one of them is none, or is there already.</returns>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public bool TryPut(ReadOnlySpan<Slot> added, Func<int, int, bool>? areSame = null)
        {
            var slots = Slots;
            foreach (ref readonly var slot in added)
            {
                if (!slot.IsUsed) return false;
                var hash = slot.Hash;
                var at = HomeOf(hash);
                for (; slots[at].IsUsed; at = at + 1 == slots.Length ? 0 : at + 1)
                    if (slots[at].IsSame(slot)
                        || (areSame is not null && slots[at].Hash == hash && areSame(slots[at].Place, slot.Place)))
                        return false;
                slots[at] = slot;
            }
            Count += added.Length;
            return true;
        }

        /// <summary>Those behind it move up, so that none is parted from its place by a gap.</summary>
        public void RemoveAt(int gap)
        {
            for (var at = After(gap); Slots[at].IsUsed; at = After(at))
            {
                var home = HomeOf(Slots[at].Hash);
                var reached = gap <= at ? gap < home && home <= at : gap < home || home <= at;
                if (reached) continue; // it would not be found at the gap
                Slots[gap] = Slots[at];
                gap = at;
            }
            Slots[gap] = default;
            Count--;
        }

        public int RemoveAll(Predicate<Slot> which)
        {
            if (!Array.Exists(Slots, slot => slot.IsUsed && which(slot))) return 0;
            var (kept, before) = (Array.FindAll(Slots, slot => slot.IsUsed && !which(slot)), Count);
            (Slots, Count, _room) = ([], 0, 0);
            foreach (var slot in kept) Add(slot);
            return before - kept.Length;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public (Segment Low, Segment High) Halves()
        {
            var halves = (Low: new Segment(Bits + 1, Count / 2), High: new Segment(Bits + 1, Count / 2));
            foreach (ref readonly var slot in Slots.AsSpan())
            {
                if (!slot.IsUsed) continue;
                var half = (slot.Hash >> (63 - Bits) & 1) == 0 ? halves.Low : halves.High;
                half.Add(slot);
            }
            return halves;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Rebuild(int size)
        {
            var old = Slots;
            Slots = new Slot[size];
            foreach (ref readonly var slot in old.AsSpan()) if (slot.IsUsed) Put(slot);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Put(in Slot slot)
        {
            var slots = Slots;
            var at = HomeOf(slot.Hash);
            while (slots[at].IsUsed) at = After(at);
            slots[at] = slot;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private int After(int at) => at + 1 == Slots.Length ? 0 : at + 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private int HomeOf(ulong hash) => Hashed.HomeOf(hash, Slots.Length);
    }
}
