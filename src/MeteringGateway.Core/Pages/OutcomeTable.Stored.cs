using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace MeteringGateway.Core;

/// <summary>
/// The table in a snapshot: pages as they are in memory, without those that have left, and the indexes in the order in
/// which they are, so that reading is copying (docs/decisions/0021-pages.md).
/// </summary>
internal sealed partial class OutcomeTable
{
    /// <summary>Where outcomes are in a snapshot: those that have left have no place in it.</summary>
    public sealed class Moves
    {
        private readonly int[]? _to;

        public Moves(OutcomeTable table)
        {
            if (table.Count == table.Places) return;
            _to = new int[table.Places];
            for (int place = 0, next = 0; place < _to.Length; place++)
                if (table.KindAt(place) != OutcomeRow.Vacant) _to[place] = next++;
        }

        public int Of(int place) => _to is null ? place : _to[place];

        public Slot Of(Slot slot) => slot.At(Of(slot.Place));
    }

    /// <summary>After each <c>true</c> a piece of the snapshot may end.</summary>
    public IEnumerable<bool> Write(Writer to, Moves moves)
    {
        to.List<HashKey>(Count == 0 ? [] : [_key], (w, key) => { w.Fixed(key.First); w.Fixed(key.Second); });
        yield return true;
        var (kinds, charges) = (_kinds.Packed(), _charges.Packed());
        to.List(kinds.Kept, KindWire.Write);
        to.List(charges.Kept, (w, some) => w.List(some, Values.Write));
        yield return true;
        var whole = new List<int>();
        foreach (var _ in WritePages(to, kinds.Places, charges.Places, whole)) yield return true;
        to.Unsigned((ulong)whole.Count);
        foreach (var place in whole)
        {
            var outcome = Made(place);
            OutcomeWire.Write(to, outcome);
            to.Byte((byte)outcome.Contact);
            yield return true;
        }
        foreach (var _ in Rows.Write(to, Count, _places.All().Select(moves.Of))) yield return true;
        foreach (var _ in Rows.Write(to, _changed.Count, _changed.Above(0).Select(one => moves.Of(one.Place))))
            yield return true;
    }

    private IEnumerable<bool> WritePages(Writer to, int[] kinds, int[] charges, List<int> whole)
    {
        to.Unsigned((ulong)Count);
        var (rows, used, left, texts) = (new OutcomeRow[Math.Min(OutcomePage.Most, Count)], 0, Count, new Writer());
        for (var place = 0; place < Places; place++)
        {
            if (KindAt(place) == OutcomeRow.Vacant) continue;
            rows[used] = Stored(place, kinds, charges, whole);
            rows[used++].Text = texts.Written.Length;
            texts.Raw(PageOf(place).TextBytesOf(place % OutcomePage.Most));
            if (used < rows.Length) continue;
            to.Raw(MemoryMarshal.AsBytes(rows.AsSpan()));
            to.Bytes(texts.Written);
            texts.Clear();
            (left, used) = (left - used, 0);
            if (left < rows.Length) rows = new OutcomeRow[left];
            yield return true;
        }
    }

    private OutcomeRow Stored(int place, int[] kinds, int[] charges, List<int> whole)
    {
        var row = RowAt(place);
        var isHidden = row.Kind >= 0 && IsHidden(_kinds[row.Kind].Period);
        if (row.Kind == OutcomeRow.Whole || (row.Charges == 0 && !isHidden && _fixed?.ContainsKey(place) == true))
        {
            whole.Add(place);
            return new OutcomeRow { Time = row.Time, ReportedBy = row.ReportedBy, Kind = OutcomeRow.Whole };
        }
        row.Kind = kinds[row.Kind];
        (row.Charges, row.Place) = row.Charges == 0 || isHidden ? (0, 0) : (charges[row.Charges - 1] + 1, row.Place);
        return row;
    }

    /// <summary>
    /// Fills an empty table with what was written of one. Bytes that are none of it are refused, or found to be
    /// so at the end.
    /// </summary>
    public sealed class Reading(OutcomeTable table)
    {
        private readonly Unused _unnamed = new(), _withSession = new();
        private readonly Queue<int> _whole = new();
        private int _kinds;
        private int _charges;
        private int _changed;
        private long _last;

        /// <summary>Bytes of memory, about, of the outcomes that are rows.</summary>
        public long BytesOfRows { get; private set; }

        public void Key(ref Reader from) => table._key = new HashKey(from.Fixed(), from.Fixed());

        // Each has one owner more than it has, until all is read.
        public OutcomeKind Kind(ref Reader from)
        {
            var kind = KindWire.Read(ref from);
            table.KindBytes += kind.Bytes;
            Demand(table._kinds.Take(kind) == _kinds++);
            return kind;
        }

        public void Charges(ref Reader from) =>
            Demand(table._charges.Take([.. from.List(Values.ReadCharge)]) == _charges++);

        /// <summary>The next page.</summary>
        /// <param name="left">How many outcomes are left; less by those that were read.</param>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Page(ref Reader from, ref ulong left)
        {
            var page = new OutcomePage(Rows.Read<OutcomeRow>(ref from, ref left), from.Block());
            var place = table.Places;
            table._pages.Add(page);
            var text = page.Text;
            var at = 0;
            var isAscii = Ascii.IsValid(text);
            var (kind, charges, same) = (0, 0, 0);
            foreach (ref readonly var row in page.Rows.AsSpan())
            {
                Demand(row.Text == at && row.ReportedBy > _last);
                _last = row.ReportedBy;
                var chars = PageText.Length(text, isAscii, ref at);
                Demand(chars >= 0);
                chars += Math.Max(0, PageText.Length(text, isAscii, ref at));
                var session = PageText.Length(text, isAscii, ref at);
                _unnamed.Add(place, true);
                _withSession.Add(place, session >= 0);
                if (row.Kind == OutcomeRow.Whole) _whole.Enqueue(place);
                else
                {
                    Demand((uint)row.Kind < (uint)_kinds && (uint)row.Charges <= (uint)_charges);
                    if (row.Kind != kind || row.Charges != charges)
                    {
                        Own(kind, charges, same);
                        (kind, charges, same) = (row.Kind, row.Charges, 0);
                    }
                    same++;
                    BytesOfRows += TenantState.BytesOfRow(chars + Math.Max(0, session));
                    if (row.IsChanged) _changed++;
                    if (row.Status == OutcomeStatus.Pending && row.ClosesAfter != OutcomeRow.Never)
                        (table._windows ??= new(table)).Add(new Instant(row.Time + row.ClosesAfter), place);
                }
                place++;
            }
            Own(kind, charges, same);
            Demand(at == text.Length);
        }

        /// <summary>The next one that no row holds.</summary>
        public Outcome Whole(ref Reader from)
        {
            var place = _whole.Dequeue();
            var (id, eventId, session) = table.PageOf(place).TextsOf(place % OutcomePage.Most);
            var outcome = OutcomeWire.Read(ref from);
            outcome = outcome with
            {
                Id = id, Event = outcome.Event with { Id = eventId }, Session = session, Time = table.TimeOf(place),
                ReportedBy = table.ReportedBy(place), Contact = (Contact)from.Byte(),
            };
            (table._whole ??= [])[place] = outcome;
            if (outcome.LastSequence != outcome.ReportedBy) _changed++;
            if (outcome is { Status: OutcomeStatus.Pending, ClosesAt: { } at })
                (table._windows ??= new(table)).Add(at, place);
            return outcome;
        }

        /// <summary>Places by the hashes of their ids.</summary>
        public void Ids(ref Reader from, ref ulong left)
        {
            if (table._places.Count == 0)
            {
                Demand(left == (ulong)table.Places);
                table._places.Expect(table.Places);
            }
            var slots = Rows.Read<Slot>(ref from, ref left);
            Demand(_unnamed.Take(slots) && table._places.Add(slots));
        }

        /// <summary>Places of those that have changed, by the entries that did it.</summary>
        public void Changed(ref Reader from, ref ulong left)
        {
            foreach (var place in Rows.Read<int>(ref from, ref left))
            {
                Demand((uint)place < (uint)table.Places && table.LastOf(place) != table.ReportedBy(place));
                table._changed.Add(table.LastOf(place), place);
            }
        }

        /// <summary>They begin sessions; false: one is in none, or this was said of it before.</summary>
        public bool TakeSessions(ReadOnlySpan<Slot> slots) => _withSession.Take(slots);

        /// <exception cref="FormatException">Something is missing.</exception>
        public void End()
        {
            Demand(table.Count == table.Places && _whole.Count == 0 && table._changed.Count == _changed);
            for (var kind = 0; kind < _kinds; kind++)
                if (table._kinds.Release(kind) is { } gone) table.KindBytes -= gone.Bytes;
            for (var charges = 0; charges < _charges; charges++) table._charges.Release(charges);
        }

        private void Own(int kind, int charges, int owners)
        {
            if (owners == 0) return;
            table._kinds.TakeAgain(kind, owners);
            if (charges > 0) table._charges.TakeAgain(charges - 1, owners);
        }

        private static void Demand(bool holds)
        {
            if (!holds) throw new FormatException("the pages are not a table's");
        }

        /// <summary>Places of which each may be taken once.</summary>
        private sealed class Unused
        {
            private readonly List<ulong> _words = [];

            /// <param name="place">The next.</param>
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public void Add(int place, bool isThere)
            {
                if (place % 64 == 0) _words.Add(0);
                if (isThere) _words[^1] |= 1UL << place % 64;
            }

            [MethodImpl(MethodImplOptions.AggressiveOptimization)]
            public bool Take(ReadOnlySpan<Slot> slots)
            {
                var words = CollectionsMarshal.AsSpan(_words);
                foreach (ref readonly var slot in slots)
                {
                    var place = (uint)slot.Place;
                    if (place / 64 >= (uint)words.Length) return false;
                    ref var word = ref words[(int)(place / 64)];
                    var bit = 1UL << (int)(place % 64);
                    if ((word & bit) == 0) return false;
                    word &= ~bit;
                }
                return true;
            }
        }
    }

    private static class KindWire
    {
        public static void Write(Writer to, OutcomeKind kind)
        {
            to.Text(kind.Source); to.Text(kind.Type); to.Number(kind.Terms); to.Date(kind.Period);
            Values.Write(to, kind.Dimensions); to.Byte((byte)kind.Result); Values.Write(to, kind.CriteriaMet);
            to.MaybeText(kind.Method); to.Bool(kind.Passed); to.Bool(kind.HandedOff); to.Bool(kind.Sandbox);
            to.Bool(kind.HasDetail);
        }

        public static OutcomeKind Read(ref Reader from) => new(Values.Shared(ref from), Values.Shared(ref from),
            from.Int(), from.Date(), Values.ReadDimensions(ref from), (Result)from.Byte(), Values.ReadTexts(ref from),
            from.MaybeText(), from.Bool(), from.Bool(), from.Bool(), from.Bool());
    }
}
