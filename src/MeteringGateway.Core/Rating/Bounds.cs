namespace MeteringGateway.Core;

/// <summary>
/// How far counters may have stood elsewhere before a stretch of a walk, so that every unit in it would have come from
/// the same source at the same price. A counter that decided nothing may have stood anywhere.
/// </summary>
internal sealed class Bounds
{
    private readonly List<Bound> _bounds = [];

    public void Clear() => _bounds.Clear();

    /// <summary>The counter may have stood higher by so much, and no more.</summary>
    public void AtMost(int slot, long more) => Narrow(slot, long.MinValue, more);

    /// <summary>The counter may have stood elsewhere by this (not above 0: lower by so much) or more.</summary>
    public void AtLeast(int slot, long more) => Narrow(slot, more, long.MaxValue);

    public bool Allow(Shift shift)
    {
        foreach (var bound in _bounds)
            if (shift[bound.Slot] is var by && (by < bound.Least || by > bound.Most)) return false;
        return true;
    }

    /// <summary>From now on they are told from where the counters stand then.</summary>
    public void Move(Shift shift)
    {
        for (var i = 0; i < _bounds.Count; i++)
        {
            var (slot, least, most) = _bounds[i];
            if (shift[slot] is not 0 and var by)
                _bounds[i] = new Bound(slot, least == long.MinValue ? least : least - by,
                    most == long.MaxValue ? most : most - by);
        }
    }

    private void Narrow(int slot, long least, long most)
    {
        for (var i = 0; i < _bounds.Count; i++)
        {
            if (_bounds[i].Slot != slot) continue;
            _bounds[i] = new Bound(slot, Math.Max(least, _bounds[i].Least), Math.Min(most, _bounds[i].Most));
            return;
        }
        _bounds.Add(new Bound(slot, least, most));
    }

    private readonly record struct Bound(int Slot, long Least, long Most);
}

/// <summary>By how much counters differ; those that do not are left out.</summary>
internal sealed class Shift
{
    private readonly List<(int Slot, long By)> _moved = [];

    private Shift() { }

    public static Shift Between(Tally from, Tally to)
    {
        var shift = new Shift();
        for (var slot = 0; slot < Math.Max(from.Count, to.Count); slot++)
            if (to[slot] - from[slot] is not 0 and var by) shift._moved.Add((slot, by));
        return shift;
    }

    public bool IsNothing => _moved.Count == 0;

    public IReadOnlyList<(int Slot, long By)> Moved => _moved;

    public long this[int slot]
    {
        get
        {
            foreach (var (moved, by) in _moved) if (moved == slot) return by;
            return 0;
        }
    }
}
