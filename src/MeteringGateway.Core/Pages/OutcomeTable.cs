using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>
/// The outcomes in memory, in the order in which they were reported. The usual one is a row in a page, without an
/// object and without a reference, so that the collector has nothing to do with it; an <see cref="Outcome"/> is what is
/// made of it when somebody looks. One of which more is to be said (facts, disputes, what continues another) is kept as
/// it is.
/// </summary>
internal sealed partial class OutcomeTable
{
    private const int Near = 4;

    private readonly List<OutcomePage> _pages = new(1);
    private readonly Hashed _places = new();
    private HashKey _key = HashKey.OfProcess;
    private readonly Interned<OutcomeKind> _kinds = new(EqualityComparer<OutcomeKind>.Default);
    private readonly Interned<ImmutableArray<Charge>> _charges = new(new Alike());
    private Dictionary<int, Outcome>? _whole;

    /// <summary>What was fixed of those whose rows do not hold it.</summary>
    private Dictionary<int, (ImmutableArray<Charge> Charges, long Before)>? _fixed;

    /// <summary>Periods of which nobody sees yet what was fixed.</summary>
    private HashSet<DateOnly>? _hidden;
    private int _lastKind = -1;
    private int _lastCharges = -1;
    private WindowQueue? _windows;
    private Due _next;
    private int _nextPlace = -1;

    /// <summary>Rows of the outcomes that have changed since they were reported, by the last entry to do so.</summary>
    private readonly SequenceIndex _changed = new();

    public int Count => _places.Count;

    /// <summary>Bytes of memory, about, of what many outcomes have alike.</summary>
    public long KindBytes { get; private set; }

    /// <summary>In the order in which they were reported. Whoever removes some meanwhile does not see them.</summary>
    public IEnumerable<Outcome> All => ReportedAfter(0);

    /// <summary>Those that no row can hold, in the same order: all that have facts, a dispute or a credit, or that
    /// continue another.</summary>
    public IEnumerable<Outcome> Unusual =>
        _whole is null ? [] : _whole.Keys.Order().Select(Made);

    /// <param name="place">Of <see cref="PlaceOf"/>: an outcome keeps it.</param>
    public Outcome this[int place] => Made(place);

    public Instant TimeOf(int place) => new(RowAt(place).Time);

    public Outcome? Find(string id) => PlaceOf(id) is var place and >= 0 ? Made(place) : null;

    /// <summary>The newest.</summary>
    /// <returns>Its place.</returns>
    public int Add(Outcome outcome)
    {
        if (_pages.Count == 0) _pages.Add(new OutcomePage(outcome.ReportedBy));
        else if (_pages[^1] is { IsFull: true } full) _pages.Add(new OutcomePage(outcome.ReportedBy, full));
        var place = Places;
        _pages[^1].Add(outcome);
        Write(place, outcome);
        _places.Add(new Slot(HashOf(outcome.Id), place));
        if (outcome is { Status: OutcomeStatus.Pending, ClosesAt: { } at }) (_windows ??= new(this)).Add(at, place);
        return place;
    }

    /// <summary>Once all of a snapshot's were added, in the order in which they were reported.</summary>
    public void FindChanged()
    {
        var changed = Enumerable.Range(0, Places).Select(place => (Sequence: LastOf(place), Place: place))
            .Where(one => one.Sequence != ReportedBy(one.Place)).Order();
        foreach (var (sequence, place) in changed) _changed.Add(sequence, place);
    }

    /// <summary>In the place of the one with its id.</summary>
    public void Put(Outcome outcome)
    {
        var place = PlaceOf(outcome.Id);
        var (before, watched) = (LastOf(place), outcome.ClosesAt is { } end && IsDue(place, end));
        Write(place, outcome);
        if (!watched && outcome is { Status: OutcomeStatus.Pending, ClosesAt: { } at })
            (_windows ??= new(this)).Add(at, place);
        if (before == outcome.LastSequence) return;
        _changed.Remove(before);
        _changed.Add(outcome.LastSequence, place);
    }

    public void Remove(string id)
    {
        var place = PlaceOf(id);
        _changed.Remove(LastOf(place));
        _places.Remove(Slot.Spread(HashOf(id)), new At(place));
        _whole?.Remove(place);
        _fixed?.Remove(place);
        Release(RowAt(place));
        PageOf(place).Vacate(place % OutcomePage.Most);
    }

    /// <summary>The first window that ends; null: none is open.</summary>
    public Due? NextWindow()
    {
        if (_windows?.Next() is not { } next) return null;
        if (_next.At != next.At || _nextPlace != next.Place)
            (_next, _nextPlace) = (new Due(next.At, DueKind.Window, IdAt(next.Place)), next.Place);
        return _next;
    }

    /// <summary>Its window is open until then.</summary>
    public bool IsDue(int place, Instant at)
    {
        if (KindAt(place) == OutcomeRow.Vacant) return false;
        ref var row = ref RowAt(place);
        return row.Kind == OutcomeRow.Whole
            ? _whole![place] is { Status: OutcomeStatus.Pending } whole && whole.ClosesAt == at
            : row.Status == OutcomeStatus.Pending && row.ClosesAfter != OutcomeRow.Never
                && row.Time + row.ClosesAfter == at.UnixMilliseconds;
    }

    /// <summary>The end of a window names it, or (-1) no more.</summary>
    public void Watch(int place, int sign) => PageOf(place).Watch(sign);

    /// <summary>From now on what is fixed of a period's outcomes is not seen, until it is shown.</summary>
    public void Hide(DateOnly period) => (_hidden ??= []).Add(period);

    public void Show(DateOnly period)
    {
        if (_hidden?.Remove(period) == true && _hidden.Count == 0) _hidden = null;
    }

    /// <summary>What an outcome is charged, and the units rated before it (F4); anew, if it was fixed.</summary>
    public void Fix(int place, ImmutableArray<Charge> charges, long before)
    {
        ref var row = ref RowAt(place);
        if (row.Kind == OutcomeRow.Whole || before > uint.MaxValue)
        {
            (_fixed ??= [])[place] = (charges, before);
            return;
        }
        _fixed?.Remove(place);
        if (row.Charges > 0) _charges.Release(row.Charges - 1);
        if (_charges.Has(_lastCharges) && _charges[_lastCharges].AsSpan().SequenceEqual(charges.AsSpan()))
            _charges.TakeAgain(_lastCharges);
        else _lastCharges = _charges.Take(charges);
        (row.Charges, row.Place) = (_lastCharges + 1, (uint)before);
    }

    /// <summary>Null: nobody is there any more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DateOnly? PeriodAt(int place) => KindAt(place) switch
    {
        OutcomeRow.Vacant => null,
        OutcomeRow.Whole => _whole![place].Period,
        var kind => _kinds[kind].Period,
    };

    /// <summary>A row holds all there is to it: it has no facts, dispute or credit, and continues none.</summary>
    public bool IsUsual(int place) => KindAt(place) >= 0;

    /// <summary>It stands for another (O3).</summary>
    public bool IsAlias(int place) => RowAt(place).Kind == OutcomeRow.Whole && _whole![place].IsAlias;

    /// <summary>The order of those of one time: by source, then by id (O6).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int CompareEvents(int a, int b)
    {
        var order = RowAt(a).Kind is >= 0 and var kind && kind == RowAt(b).Kind ? 0
            : string.CompareOrdinal(SourceOf(a), SourceOf(b));
        if (order != 0) return order;
        var one = EventIdAsciiOf(a);
        var other = EventIdAsciiOf(b);
        return one.IsEmpty || other.IsEmpty ? string.CompareOrdinal(EventIdOf(a), EventIdOf(b))
            : one.SequenceCompareTo(other);
    }

    public string SourceOf(int place) => RowAt(place).Kind is >= 0 and var kind ? _kinds[kind].Source
        : _whole![place].Event.Source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> EventIdAsciiOf(int place) => PageOf(place).EventIdAsciiOf(place % OutcomePage.Most);

    public string EventIdOf(int place) => PageOf(place).EventIdOf(place % OutcomePage.Most);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int CompareIds(int a, int b)
    {
        var one = PageOf(a).IdAsciiOf(a % OutcomePage.Most);
        var other = PageOf(b).IdAsciiOf(b % OutcomePage.Most);
        return one.IsEmpty || other.IsEmpty ? string.CompareOrdinal(IdAt(a), IdAt(b)) : one.SequenceCompareTo(other);
    }

    /// <summary>Those reported by a later entry, the first first.</summary>
    public IEnumerable<Outcome> ReportedAfter(long sequence)
    {
        for (var place = FirstAfter(sequence); place < Places; place++)
            if (KindAt(place) != OutcomeRow.Vacant) yield return Made(place);
    }

    /// <summary>Those reported by an earlier entry, the last first.</summary>
    public IEnumerable<Outcome> ReportedBefore(long sequence)
    {
        for (var place = FirstAfter(sequence - 1) - 1; place >= 0; place--)
            if (KindAt(place) != OutcomeRow.Vacant) yield return Made(place);
    }

    /// <summary>Those that a later entry made or changed last, in the order of these entries.</summary>
    public IEnumerable<Outcome> ChangedAfter(long sequence)
    {
        using var changed = _changed.Above(sequence).GetEnumerator();
        var isMore = changed.MoveNext();
        for (var place = FirstAfter(sequence); place < Places; place++)
        {
            if (KindAt(place) == OutcomeRow.Vacant || LastOf(place) is var reported && reported != ReportedBy(place))
                continue;
            for (; isMore && changed.Current.Sequence < reported; isMore = changed.MoveNext())
                yield return Made(changed.Current.Place);
            yield return Made(place);
        }
        for (; isMore; isMore = changed.MoveNext()) yield return Made(changed.Current.Place);
    }

    /// <summary>The first that a later entry reported.</summary>
    private int FirstAfter(long sequence)
    {
        var page = InOrder.CountBefore(_pages, sequence, static (one, than) => one.First.CompareTo(than), true) - 1;
        return page < 0 ? 0 : page * OutcomePage.Most + _pages[page].CountUpTo(sequence);
    }

    /// <param name="near">Where it probably is, or some places before.</param>
    /// <returns>-1: it is not there.</returns>
    public int PlaceOf(string id, int? near = null)
    {
        if (id.Length > PageText.MostLength) return -1;
        if (near is { } from)
            for (var place = from; place < Math.Min(from + Near, Places); place++)
                if (KindAt(place) != OutcomeRow.Vacant && HasId(place, id)) return place;
        return _places.Find(Slot.Spread(HashOf(id)), new Named(this, id)).Place;
    }

    private bool HasId(int place, string id)
    {
        var most = PageText.Most(id);
        var text = most <= 1024 ? stackalloc byte[most] : new byte[most];
        return PageOf(place).HasId(place % OutcomePage.Most, text[..PageText.Write(id, text)]);
    }

    /// <summary>Of an id, or of a session's name.</summary>
    public int HashOf(string name) => _key.Of(name);

    /// <summary>How many there are or were, one after the other.</summary>
    public int Places => _pages.Count == 0 ? 0 : (_pages.Count - 1) * OutcomePage.Most + _pages[^1].Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref OutcomeRow RowAt(int place) =>
        ref PageOf(place).Rows[place % OutcomePage.Most];

    /// <summary>Of a page that has been left by all no row is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int KindAt(int place) =>
        PageOf(place).Rows.Length == 0 ? OutcomeRow.Vacant : RowAt(place).Kind;

    public bool IsOfSession(int place, string name) =>
        PageOf(place).TextsOf(place % OutcomePage.Most).Session == name;

    public bool HasSession(int place) => PageOf(place).HasSession(place % OutcomePage.Most);

    private OutcomePage PageOf(int place) => _pages[place / OutcomePage.Most];

    public string IdAt(int place) => PageOf(place).IdOf(place % OutcomePage.Most);

    public long ReportedBy(int place) => RowAt(place).ReportedBy;

    private long LastOf(int place) =>
        RowAt(place).Kind == OutcomeRow.Whole ? _whole![place].LastSequence : RowAt(place).ChangedBy;

    private void Write(int place, Outcome outcome)
    {
        _fixed?.Remove(place);
        ref var row = ref RowAt(place);
        var before = row;
        if (OutcomeRow.CanHold(outcome))
        {
            row.Take(outcome, KindOf(outcome), outcome.Charges is { } charges ? _charges.Take(charges) + 1 : 0);
            _whole?.Remove(place);
        }
        else
        {
            row.Kind = OutcomeRow.Whole;
            (_whole ??= [])[place] = outcome;
        }
        Release(before);
    }

    private void Release(in OutcomeRow row)
    {
        if (row.Kind < 0) return;
        if (_kinds.Release(row.Kind) is { } gone) KindBytes -= gone.Bytes;
        if (row.Charges > 0) _charges.Release(row.Charges - 1);
    }

    private int KindOf(Outcome outcome)
    {
        if (_kinds.Has(_lastKind) && _kinds[_lastKind].IsOf(outcome)) _kinds.TakeAgain(_lastKind);
        else
        {
            var (kind, count) = (OutcomeKind.Of(outcome), _kinds.Count);
            _lastKind = _kinds.Take(kind);
            if (_kinds.Count > count) KindBytes += kind.Bytes;
        }
        return _lastKind;
    }

    private Outcome Made(int place)
    {
        ref var row = ref RowAt(place);
        if (row.Kind == OutcomeRow.Whole) return WithFixed(place, _whole![place]);
        var kind = _kinds[row.Kind];
        var isFixed = row.Charges > 0 && !IsHidden(kind.Period);
        var (id, eventId, session) = PageOf(place).TextsOf(place % OutcomePage.Most);
        var made = new Outcome
        {
            Event = new EventId(kind.Source, eventId), Id = id, Time = new Instant(row.Time), Type = kind.Type,
            Quantity = row.Quantity, Result = kind.Result, Period = kind.Period, Day = row.Day, Session = session,
            Dimensions = kind.Dimensions, CriteriaMet = kind.CriteriaMet, HandedOff = kind.HandedOff,
            Sandbox = kind.Sandbox, HasDetail = kind.HasDetail,
            Verification = kind.Method is null ? null : new Verification(kind.Method, kind.Passed,
                row.Confidence == OutcomeRow.NoConfidence ? null : row.Confidence),
            Contact = row.Contact, Terms = kind.Terms, Status = row.Status, Reason = row.Reason,
            Admitted = row.Admitted, Opened = new Instant(row.Time),
            ClosesAt = row.ClosesAfter == OutcomeRow.Never ? null : new Instant(row.Time + row.ClosesAfter),
            End = row.End, Charges = isFixed ? _charges[row.Charges - 1] : null, Place = isFixed ? row.Place : 0,
            ReportedBy = row.ReportedBy, ChangedBy = row.IsChanged ? [row.ChangedBy] : [], SettledBy = row.SettledBy,
        };
        return isFixed ? made : WithFixed(place, made);
    }

    private Outcome WithFixed(int place, Outcome outcome) =>
        _fixed is not null && _fixed.TryGetValue(place, out var told) && !IsHidden(outcome.Period)
            ? outcome with { Charges = told.Charges, Place = told.Before } : outcome;

    private bool IsHidden(DateOnly period) => _hidden?.Contains(period) == true;

    private readonly struct Named(OutcomeTable table, string id) : IMeant
    {
        private readonly OutcomeTable _table = table;
        private readonly string _id = id;

        public bool Is(in Slot slot) => _table.HasId(slot.Place, _id);
    }

    private readonly struct At(int place) : IMeant
    {
        private readonly int _place = place;
        public bool Is(in Slot slot) => slot.Place == _place;
    }

    private sealed class Alike : IEqualityComparer<ImmutableArray<Charge>>
    {
        public bool Equals(ImmutableArray<Charge> x, ImmutableArray<Charge> y) => x.AsSpan().SequenceEqual(y.AsSpan());

        public int GetHashCode(ImmutableArray<Charge> charges)
        {
            var hash = new HashCode();
            foreach (var charge in charges) hash.Add(charge);
            return hash.ToHashCode();
        }
    }
}
