namespace MeteringGateway.Cluster;

/// <summary>
/// One order over the outboxes of all shards: each row has the next number when it is first seen, and keeps it for as
/// long as it is there. Of this process alone: a reader that begins anew begins at 0.
/// </summary>
internal sealed class OutboxOrder
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(int Shard, long Position), long> _numbers = [];
    private readonly SortedDictionary<long, (int Shard, long Position)> _places = [];
    private long _last;

    /// <summary>Of each shard the last position that has a number up to this one; 0: none.</summary>
    public long[] Behind(long number)
    {
        var behind = new long[Shards.Count];
        lock (_gate)
            foreach (var (one, (shard, position)) in _places)
                if (one > number) break;
                else behind[shard] = Math.Max(behind[shard], position);
        return behind;
    }

    /// <summary>Of rows of one shard, which are seen in the order of their positions.</summary>
    public long NumberOf(int shard, long position)
    {
        lock (_gate)
        {
            if (_numbers.TryGetValue((shard, position), out var known)) return known;
            _numbers.Add((shard, position), ++_last);
            _places.Add(_last, (shard, position));
            return _last;
        }
    }

    /// <summary>Where the rows with these numbers are, by shard.</summary>
    public ILookup<int, long> Places(IEnumerable<long> numbers)
    {
        lock (_gate)
            return numbers.Where(_places.ContainsKey).Select(number => _places[number])
                .ToLookup(place => place.Shard, place => place.Position);
    }

    /// <summary>They are gone.</summary>
    public void Forget(IEnumerable<long> numbers)
    {
        lock (_gate)
            foreach (var number in numbers)
                if (_places.Remove(number, out var place)) _numbers.Remove(place);
    }
}
