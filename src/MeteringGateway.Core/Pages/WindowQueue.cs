using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>
/// Ends of windows, the first first; those of one instant in order of the outcomes' ids (T1). A window that ends
/// otherwise stays until it is come upon. A heap in pages: nothing is ever copied as a whole.
/// </summary>
internal sealed class WindowQueue(OutcomeTable table)
{
    private const int PageBits = 10, PageSize = 1 << PageBits, Children = 4, First = 4;

    private readonly List<End[]> _pages = new(1);
    private int _count;

    /// <summary>Compiled in full at once: it takes each of a snapshot's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(Instant at, int place)
    {
        var end = new End(at.UnixMilliseconds, place);
        table.Watch(place, 1);
        MakeRoom();
        var index = _count++;
        while (index > 0 && (index - 1) / Children is var parent && IsBefore(end, this[parent]))
        {
            this[index] = this[parent];
            index = parent;
        }
        this[index] = end;
    }

    /// <summary>The first window that still ends then; null: there is none.</summary>
    public (Instant At, int Place)? Next()
    {
        for (; _count > 0; RemoveFirst())
            if (this[0] is var first && table.IsDue(first.Place, first.Time)) return (first.Time, first.Place);
        return null;
    }

    private void RemoveFirst()
    {
        table.Watch(this[0].Place, -1);
        var last = this[--_count];
        for (var index = 0; ;)
        {
            var (child, end) = (index * Children + 1, Math.Min(_count, index * Children + Children + 1));
            if (child >= end)
            {
                if (_count > 0) this[index] = last;
                return;
            }
            for (var other = child + 1; other < end; other++) if (IsBefore(this[other], this[child])) child = other;
            if (!IsBefore(this[child], last))
            {
                this[index] = last;
                return;
            }
            this[index] = this[child];
            index = child;
        }
    }

    private ref End this[int index] => ref _pages[index >> PageBits][index & (PageSize - 1)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void MakeRoom()
    {
        if (_count == _pages.Count << PageBits) _pages.Add(new End[_count == 0 ? First : PageSize]);
        else if (_pages.Count == 1 && _count == _pages[0].Length)
        {
            var page = _pages[0];
            Array.Resize(ref page, Math.Min(PageSize, _count * 2));
            _pages[0] = page;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsBefore(in End a, in End b) =>
        a.At != b.At ? a.At < b.At : a.Place != b.Place && table.CompareIds(a.Place, b.Place) < 0;

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct End(long At, int Place)
    {
        public Instant Time => new(At);
    }
}
