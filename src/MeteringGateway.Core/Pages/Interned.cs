namespace MeteringGateway.Core;

/// <summary>
/// Values that many have alike, each kept once, as long as somebody has it, and named by a number.
/// </summary>
internal sealed class Interned<T>(IEqualityComparer<T> comparer) where T : notnull
{
    private readonly Dictionary<T, int> _numbers = new(comparer);
    private readonly List<(T Value, int Owners)> _values = [];
    private readonly Stack<int> _free = [];

    /// <summary>How many there are.</summary>
    public int Count => _numbers.Count;

    public T this[int number] => _values[number].Value;

    /// <summary>One more has it.</summary>
    /// <returns>Its number.</returns>
    public int Take(T value)
    {
        if (!_numbers.TryGetValue(value, out var number))
        {
            if (!_free.TryPop(out number))
            {
                number = _values.Count;
                _values.Add(default);
            }
            _numbers.Add(value, number);
            _values[number] = (value, 0);
        }
        TakeAgain(number);
        return number;
    }

    public void TakeAgain(int number, int owners = 1) =>
        _values[number] = (_values[number].Value, _values[number].Owners + owners);

    /// <summary>Those that are kept, without a gap; and by the number of each where it is among them.</summary>
    public (List<T> Kept, int[] Places) Packed()
    {
        var (kept, places) = (new List<T>(), new int[_values.Count]);
        for (var number = 0; number < places.Length; number++)
        {
            if (!Has(number)) continue;
            places[number] = kept.Count;
            kept.Add(_values[number].Value);
        }
        return (kept, places);
    }

    /// <summary>One has it no more.</summary>
    /// <returns>The value, if nobody has it now; else the type's default.</returns>
    public T? Release(int number)
    {
        var (value, owners) = _values[number];
        if (owners > 1)
        {
            _values[number] = (value, owners - 1);
            return default;
        }
        _numbers.Remove(value);
        _values[number] = default;
        _free.Push(number);
        return value;
    }

    /// <summary>It is kept, and no other has its number now.</summary>
    public bool Has(int number) => number >= 0 && number < _values.Count && _values[number].Owners > 0;
}
