namespace MeteringGateway.Core;

/// <summary>
/// A list in blocks: what is put in or taken out anywhere moves at most a thousand others, and nothing is ever copied
/// as a whole.
/// </summary>
internal sealed class Blocks<T>
{
    private const int Most = 1024, First = 4;

    private readonly List<Block> _blocks = [];

    public int Count { get; private set; }

    public T this[int index]
    {
        get
        {
            var block = _blocks[BlockOf(index)];
            return block.Items[index - block.From];
        }
    }

    /// <summary>That one and those behind it in its block.</summary>
    public ReadOnlySpan<T> From(int index)
    {
        var block = _blocks[BlockOf(index)];
        return block.Items.AsSpan(index - block.From, block.Count - (index - block.From));
    }

    /// <summary>Puts all of them into an empty list.</summary>
    public void Fill(ReadOnlySpan<T> items)
    {
        for (; !items.IsEmpty; items = items[Math.Min(Most, items.Length)..])
        {
            _blocks.Add(new Block(Count, items[..Math.Min(Most, items.Length)]));
            Count += _blocks[^1].Count;
        }
    }

    public void Insert(int index, T item)
    {
        if (_blocks.Count == 0 || (index == Count && _blocks[^1].Count == Most)) _blocks.Add(new Block(Count));
        var at = BlockOf(index);
        var block = _blocks[at];
        if (block.Count == Most)
        {
            _blocks.Insert(at + 1, block.Split());
            if (index > block.From + block.Count) block = _blocks[++at];
        }
        block.Insert(index - block.From, item);
        Count++;
        for (at++; at < _blocks.Count; at++) _blocks[at].From++;
    }

    public void RemoveAt(int index)
    {
        var at = BlockOf(index);
        _blocks[at].RemoveAt(index - _blocks[at].From);
        Count--;
        for (var later = at + 1; later < _blocks.Count; later++) _blocks[later].From--;
        if (_blocks[at].Count == 0) _blocks.RemoveAt(at);
    }

    /// <summary>Of the last one at its end, too.</summary>
    private int BlockOf(int index)
    {
        if (index >= _blocks[^1].From) return _blocks.Count - 1;
        var (low, high) = (0, _blocks.Count - 1);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (_blocks[middle].From <= index) low = middle;
            else high = middle;
        }
        return low;
    }

    private sealed class Block(int from)
    {
        public int From { get; set; } = from;
        public int Count { get; private set; }
        public T[] Items { get; private set; } = [];

        public Block(int from, ReadOnlySpan<T> items) : this(from) => (Items, Count) = (items.ToArray(), items.Length);

        public void Insert(int at, T item)
        {
            if (Count == Items.Length)
            {
                var items = Items;
                Array.Resize(ref items, Math.Max(First, Math.Min(Most, Count * 2)));
                Items = items;
            }
            Array.Copy(Items, at, Items, at + 1, Count - at);
            Items[at] = item;
            Count++;
        }

        public void RemoveAt(int at)
        {
            Array.Copy(Items, at + 1, Items, at, --Count - at);
            Items[Count] = default!;
        }

        public Block Split()
        {
            var half = new Block(From + Count / 2);
            for (var i = Count / 2; i < Count; i++) half.Insert(half.Count, Items[i]);
            Array.Clear(Items, Count / 2, Count - Count / 2);
            Count /= 2;
            return half;
        }
    }
}
