namespace MeteringGateway.Core;

/// <summary>
/// The walk over a period's outcomes, in stretches with the counters before each. What is put in or taken out makes one
/// stretch be walked anew; a later one is told by how much the counters before it differ, and is walked only if that
/// decides something in it (<see cref="Bounds"/>): where a tier, included or committed units, or credits end.
/// </summary>
/// <param name="count">How many outcomes there are.</param>
/// <param name="walk">Rates those from one index up to another, which is not rated.</param>
internal sealed class Stretches(Func<int> count, Action<Tally, int, int, Bounds> walk)
{
    // Short where there is little, so that little is walked; of at most so many, so that there are few.
    private const int Shortest = 4;
    public const int Longest = 256;
    private const int Share = 8;

    private readonly List<Stretch> _stretches = [];
    private Tally _tail = new();
    private int _walked;

    private int Length => Math.Clamp(count() / Share, Shortest, Longest);

    /// <summary>After the last outcome. Not to be changed.</summary>
    public Tally Tail
    {
        get
        {
            WalkOn(int.MaxValue);
            return _tail;
        }
    }

    /// <summary>Walks a part of what <see cref="Tail"/> would.</summary>
    /// <returns>How many were walked: 0 when none is left.</returns>
    public int WalkOn(int most)
    {
        var from = _walked;
        for (int end = (int)Math.Min(count(), (long)from + most), to; _walked < end; _walked = to)
        {
            if (_stretches.Count == 0 || _walked - _stretches[^1].From >= Length)
                _stretches.Add(new Stretch(_walked, _tail.Copy()));
            to = Math.Min(end, _stretches[^1].From + Length);
            walk(_tail, _walked, to, _stretches[^1].Bounds);
        }
        return _walked - from;
    }

    /// <summary>The counters before an outcome. The caller's own.</summary>
    public Tally Before(int index)
    {
        _ = Tail;
        var stretch = _stretches[At(index)];
        var counters = stretch.Before.Copy();
        walk(counters, stretch.From, index, new Bounds());
        return counters;
    }

    /// <summary>What funds outcomes from there on is not what it was.</summary>
    public void BeginAgainAt(int index)
    {
        if (index >= _walked) return;
        var at = At(index);
        (_tail, _walked) = (_stretches[at].Before, _stretches[at].From);
        _stretches.RemoveRange(at, _stretches.Count - at);
    }

    public void Added(int index)
    {
        if (index < _walked) Change(index, 1);
    }

    public void Removed(int index)
    {
        if (index < _walked) Change(index, -1);
    }

    private void Change(int index, int by)
    {
        var at = At(index);
        for (var i = at + 1; i < _stretches.Count; i++) _stretches[i].From += by;
        _walked += by;
        var (had, end) = (AfterOf(at), EndOf(at));
        var stretch = _stretches[at];
        var (counters, next) = (stretch.Before, at + 1);
        if (end == stretch.From)
        {
            _stretches.RemoveAt(at);
            next = at;
        }
        else if (end - stretch.From > 2 * Length)
        {
            var half = (stretch.From + end) / 2;
            counters = Walk(stretch, half);
            var second = new Stretch(half, counters);
            _stretches.Insert(at + 1, second);
            counters = Walk(second, end);
            next = at + 2;
        }
        else counters = Walk(stretch, end);
        PassOn(Shift.Between(had, counters), next);
    }

    private void PassOn(Shift shift, int from)
    {
        for (var i = from; i < _stretches.Count && !shift.IsNothing; i++)
        {
            var stretch = _stretches[i];
            stretch.Before.Add(shift);
            if (stretch.Bounds.Allow(shift)) stretch.Bounds.Move(shift);
            else shift = Shift.Between(AfterOf(i), Walk(stretch, EndOf(i)));
        }
        _tail = _tail.Copy();
        _tail.Add(shift);
    }

    private Tally Walk(Stretch stretch, int end)
    {
        var counters = stretch.Before.Copy();
        stretch.Bounds.Clear();
        walk(counters, stretch.From, end, stretch.Bounds);
        return counters;
    }

    /// <summary>The stretch that an outcome is in.</summary>
    private int At(int index)
    {
        var (low, high) = (0, _stretches.Count);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (_stretches[middle].From <= index) low = middle;
            else high = middle;
        }
        return low;
    }

    private int EndOf(int stretch) => stretch + 1 < _stretches.Count ? _stretches[stretch + 1].From : _walked;

    private Tally AfterOf(int stretch) => stretch + 1 < _stretches.Count ? _stretches[stretch + 1].Before : _tail;

    /// <param name="from">Its first outcome.</param>
    private sealed class Stretch(int from, Tally before)
    {
        public int From { get; set; } = from;
        public Tally Before { get; } = before;
        /// <summary>Of <see cref="Before"/>, as it is now.</summary>
        public Bounds Bounds { get; } = new();
    }
}
