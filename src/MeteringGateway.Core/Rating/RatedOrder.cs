using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>
/// The rated outcomes of a period in order of (time, source, id) (F4), by their places in the table: four bytes each.
/// One that is only tried is none of the table's, and is kept beside.
/// </summary>
internal sealed class RatedOrder
{
    private readonly OutcomeTable _table;

    /// <summary>Places; of those that are tried the complement of their index among them.</summary>
    private readonly Blocks<int> _places = new();
    private List<Outcome?>? _tried;

    /// <param name="rated">Their places, in any order.</param>
    public RatedOrder(OutcomeTable table, IEnumerable<int> rated)
    {
        _table = table;
        int[] places = [.. rated];
        Sort(places);
        _places.Fill(places);
    }

    /// <summary>
    /// By their times first, which are numbers: only those of one time are compared as texts. Most come in order, so
    /// that is looked at before. Compiled in full at once: of a tenant that was read it takes all.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sort(int[] places)
    {
        var times = new long[places.Length];
        var isSorted = true;
        for (var i = 0; i < places.Length; i++)
        {
            times[i] = _table.TimeOf(places[i]).UnixMilliseconds;
            isSorted &= i == 0 || times[i - 1] <= times[i];
        }
        if (!isSorted) Array.Sort(times, places);
        for (int from = 0, to; from < places.Length; from = to)
        {
            isSorted = true;
            for (to = from + 1; to < places.Length && times[to] == times[from]; to++)
                isSorted = isSorted && _table.CompareEvents(places[to - 1], places[to]) <= 0;
            if (!isSorted) places.AsSpan(from, to - from).Sort(_table.CompareEvents);
        }
    }

    public int Count => _places.Count;

    /// <summary>The outcome as it stands now.</summary>
    public Outcome this[int index] => OutcomeAt(_places[index]);

    /// <summary>Without making the outcome.</summary>
    public RatedOutcome Rated(int index) =>
        _places[index] is >= 0 and var place ? _table.Rated(place) : RatedOutcome.Of(OutcomeAt(_places[index]));

    /// <summary>How many from there on are rated as the first: of one kind, and of one day.</summary>
    /// <param name="to">It ends there at the latest.</param>
    /// <param name="quantity">Units of all of them.</param>
    public int CountAlike(int from, int to, out long quantity)
    {
        var rest = _places.From(from);
        if (rest[0] >= 0 && _table.IsUsual(rest[0]))
            return _table.CountAlike(rest[..Math.Min(rest.Length, to - from)], out quantity);
        quantity = Rated(from).Quantity;
        return 1;
    }

    /// <summary>Where it is in the table.</summary>
    public int PlaceAt(int index) => _places[index];

    public int CountBefore(Instant time)
    {
        var (low, high) = (0, _places.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (TimeAt(_places[middle]) < time) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    public bool ComesLast(Outcome outcome) => _places.Count == 0 || Compare(_places[_places.Count - 1], outcome) < 0;

    /// <returns>Its index.</returns>
    public int Add(Outcome outcome)
    {
        var at = ComesLast(outcome) ? _places.Count : ~Find(outcome);
        _places.Insert(at, PlaceOf(outcome));
        return at;
    }

    /// <summary>One of the table's, where it belongs.</summary>
    public void Add(int place)
    {
        var (low, high) = (0, _places.Count);
        if (high > 0 && Compare(_places[high - 1], place) < 0) low = high;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Compare(_places[middle], place) < 0) low = middle + 1;
            else high = middle;
        }
        _places.Insert(low, place);
    }

    public void RemoveAt(int index)
    {
        if (_places[index] is < 0 and var tried) _tried![~tried] = null;
        while (_tried is [.., null]) _tried.RemoveAt(_tried.Count - 1);
        _places.RemoveAt(index);
    }

    /// <returns>Its index; the complement of where it would be, if it is not there.</returns>
    public int Find(Outcome outcome)
    {
        var (low, high) = (0, _places.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = Compare(_places[middle], outcome);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle;
        }
        return ~low;
    }

    private int PlaceOf(Outcome outcome)
    {
        if (_table.PlaceOf(outcome.Id) is >= 0 and var place) return place;
        (_tried ??= []).Add(outcome);
        return ~(_tried.Count - 1);
    }

    private Outcome OutcomeAt(int place) => place >= 0 ? _table[place] : _tried![~place]!;

    private Instant TimeAt(int place) => place >= 0 ? _table.TimeOf(place) : _tried![~place]!.Time;

    // Only those of the same millisecond are told apart by their texts.
    private int Compare(int a, Outcome b)
    {
        var order = TimeAt(a).CompareTo(b.Time);
        if (order != 0 || a < 0) return order != 0 ? order : Outcome.Order(OutcomeAt(a), b);
        order = string.CompareOrdinal(_table.SourceOf(a), b.Event.Source);
        return order != 0 ? order : string.CompareOrdinal(_table.EventIdOf(a), b.Event.Id);
    }

    private int Compare(int a, int b)
    {
        var order = TimeAt(a).CompareTo(TimeAt(b));
        return order != 0 ? order : a >= 0 && b >= 0 ? _table.CompareEvents(a, b)
            : Outcome.Order(OutcomeAt(a), OutcomeAt(b));
    }
}

/// <summary>What of an outcome its rating looks at: nothing that ever changes.</summary>
internal readonly record struct RatedOutcome(OutcomeKind Kind, int Quantity, Instant Time, int Day)
{
    public static RatedOutcome Of(Outcome outcome) =>
        new(OutcomeKind.Of(outcome), outcome.Quantity, outcome.Time, outcome.Day);
}
