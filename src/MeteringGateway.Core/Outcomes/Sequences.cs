using System.Collections;
using System.Runtime.CompilerServices;
using System.Threading;

namespace MeteringGateway.Core;

/// <summary>
/// Sequences of entries in order: an immutable list that is one longer costs the same however long it is, as both share
/// their cells. A session may have 20,000 outcomes that all continue the first one (O3).
/// </summary>
[CollectionBuilder(typeof(Sequences), nameof(Of))]
public readonly record struct Sequences : IReadOnlyList<long>
{
    private const int Fewest = 4;

    /// <summary>The first cell says how many of the others are taken; null: none is.</summary>
    private readonly long[]? _cells;

    private Sequences(long[]? cells, int count) => (_cells, Count) = (cells, count);

    public int Count { get; }

    public long this[int index] =>
        index >= 0 && index < Count ? _cells![index + 1] : throw new ArgumentOutOfRangeException(nameof(index));

    public static Sequences Of(ReadOnlySpan<long> sequences) =>
        sequences.IsEmpty ? default : new([sequences.Length, .. sequences], sequences.Length);

    /// <summary>This and one more. The first that lengthens a list has the next cell, any other one a copy.</summary>
    public Sequences Add(long sequence)
    {
        if (_cells is { } shared && Count + 1 < shared.Length
            && Interlocked.CompareExchange(ref shared[0], Count + 1, Count) == Count)
        {
            shared[Count + 1] = sequence;
            return new(shared, Count + 1);
        }
        var cells = new long[1 + (Count < Fewest ? Count + 1 : 2 * Count)];
        _cells.AsSpan(0, Count == 0 ? 0 : Count + 1).CopyTo(cells);
        (cells[0], cells[Count + 1]) = (Count + 1, sequence);
        return new(cells, Count + 1);
    }

    public IEnumerator<long> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return _cells![i + 1];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
