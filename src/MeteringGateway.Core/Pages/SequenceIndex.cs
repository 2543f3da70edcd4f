using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>
/// Places by sequence: what is added comes last, what is taken away or looked for may be anywhere, and both take a
/// bounded number of steps but for the logarithm. In blocks, so that nothing long is ever moved.
/// </summary>
internal sealed class SequenceIndex
{
    private const int Most = 512;
    private readonly List<Block> _blocks = [];

    public int Count { get; private set; }

    /// <exception cref="ArgumentException">It would not be the last.</exception>
    public void Add(long sequence, int place)
    {
        if (_blocks is not [.., var last] || last.Count == Most) _blocks.Add(last = new Block());
        if ((last.Count > 0 ? last.Items[last.Count - 1].Sequence : _blocks.Count > 1 ? _blocks[^2].Last : 0)
            >= sequence)
            throw new ArgumentException($"sequence {sequence} does not come last", nameof(sequence));
        if (last.Count == last.Items.Length) Array.Resize(ref last.Items, Math.Min(Most, last.Count * 2));
        last.Items[last.Count++] = new Item(sequence, place);
        Count++;
    }

    public void Remove(long sequence)
    {
        var at = BlockOf(sequence);
        if (at < 0 || _blocks[at].Find(sequence) is var place && place < 0) return;
        var block = _blocks[at];
        Array.Copy(block.Items, place + 1, block.Items, place, block.Count - place - 1);
        block.Items[--block.Count] = default;
        Count--;
        if (block.Count == 0) _blocks.RemoveAt(at);
        else if (at > 0 && _blocks[at - 1].Count + block.Count <= Most / 2)
        {
            _blocks[at - 1].Take(block);
            _blocks.RemoveAt(at);
        }
    }

    /// <summary>Lowest first.</summary>
    public IEnumerable<Item> Above(long sequence)
    {
        var at = BlockOf(sequence);
        var place = at < 0 ? 0 : _blocks[at].Below(sequence + 1);
        for (at = Math.Max(at, 0); at < _blocks.Count; at++, place = 0)
            for (; place < _blocks[at].Count; place++)
                yield return _blocks[at].Items[place];
    }

    /// <summary>The last block that begins at or before a sequence; -1: none does.</summary>
    private int BlockOf(long sequence)
    {
        var (low, high) = (0, _blocks.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_blocks[middle].Items[0].Sequence <= sequence) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public readonly record struct Item(long Sequence, int Place);

    private sealed class Block
    {
        public Item[] Items = new Item[4];
        public int Count;

        public long Last => Items[Count - 1].Sequence;

        /// <summary>How many are below.</summary>
        public int Below(long sequence)
        {
            var (low, high) = (0, Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (Items[middle].Sequence < sequence) low = middle + 1;
                else high = middle;
            }
            return low;
        }

        public int Find(long sequence) =>
            Below(sequence) is var place && place < Count && Items[place].Sequence == sequence ? place : -1;

        public void Take(Block other)
        {
            if (Items.Length < Count + other.Count) Array.Resize(ref Items, Most / 2);
            Array.Copy(other.Items, 0, Items, Count, other.Count);
            Count += other.Count;
        }
    }
}
