using System.Runtime.CompilerServices;

namespace MeteringGateway.Core;

/// <summary>Outcomes reported one after the other, with their texts.</summary>
/// <param name="first">Sequence of the entry that reported the first.</param>
internal sealed class OutcomePage(long first)
{
    public const int Most = 1024;

    private const int FewRows = 4, FewBytes = 128;

    /// <summary>Of the bytes of texts, such a part may stay free.</summary>
    private const int Spare = 16;

    private byte[] _text = [];
    private int _used;
    private int _live;
    private int _watched;

    /// <summary>Behind a full one: it gets all of its rows at once, and a little more bytes than that has.</summary>
    public OutcomePage(long first, OutcomePage full) : this(first)
    {
        Rows = GC.AllocateUninitializedArray<OutcomeRow>(Most);
        _text = GC.AllocateUninitializedArray<byte>(full._used + full._used / (2 * Spare) + FewBytes);
    }

    /// <summary>As a snapshot has it: none of them has left.</summary>
    public OutcomePage(ReadOnlySpan<OutcomeRow> rows, ReadOnlySpan<byte> text) : this(rows[0].ReportedBy)
    {
        Rows = GC.AllocateUninitializedArray<OutcomeRow>(rows.Length);
        rows.CopyTo(Rows);
        _text = GC.AllocateUninitializedArray<byte>(text.Length);
        text.CopyTo(_text);
        (_used, _live, Count) = (text.Length, rows.Length, rows.Length);
    }

    public long First { get; } = first;

    public ReadOnlySpan<byte> Text => _text.AsSpan(0, _used);

    /// <summary>None, once nothing of them is needed any more.</summary>
    public OutcomeRow[] Rows { get; private set; } = [];
    public int Count { get; private set; }
    public bool IsFull => Count == Most;

    /// <summary>Takes the next row, with what of it never changes.</summary>
    public void Add(Outcome outcome)
    {
        if (Count == Rows.Length) Grow();
        ref var row = ref Rows[Count++];
        row = new OutcomeRow
        {
            Time = outcome.Time.UnixMilliseconds, ReportedBy = outcome.ReportedBy, Kind = OutcomeRow.Vacant,
            Text = _used,
        };
        _live++;
        Write(outcome.Id);
        Write(outcome.Event.Id == outcome.Id ? null : outcome.Event.Id);
        Write(outcome.Session);
        if (IsFull && _text.Length - _used > _used / Spare) Array.Resize(ref _text, _used);
    }

    /// <summary>The same of one that is known, with texts of which each character is a byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(in OutcomeRow row, ReadOnlySpan<byte> id, ReadOnlySpan<byte> eventId, bool hasEventId,
        ReadOnlySpan<byte> session, bool hasSession)
    {
        if (Count == Rows.Length) Grow();
        Rows[Count] = row;
        Rows[Count++].Text = _used;
        _live++;
        MakeRoom(3 * PageText.MostHead + id.Length + eventId.Length + session.Length);
        _used += PageText.WriteAscii(id, true, _text.AsSpan(_used));
        _used += PageText.WriteAscii(eventId, hasEventId, _text.AsSpan(_used));
        _used += PageText.WriteAscii(session, hasSession, _text.AsSpan(_used));
        if (IsFull && _text.Length - _used > _used / Spare) Array.Resize(ref _text, _used);
    }

    public void Vacate(int row)
    {
        Rows[row].Kind = OutcomeRow.Vacant;
        _live--;
        Clear();
    }

    /// <summary>The end of a window names one of its rows, or (-1) no more.</summary>
    public void Watch(int sign)
    {
        _watched += sign;
        Clear();
    }

    /// <summary>How many were reported by that entry or an earlier one.</summary>
    public int CountUpTo(long sequence)
    {
        if (Rows.Length == 0) return Count;
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Rows[middle].ReportedBy <= sequence) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <param name="id">As <see cref="PageText"/> writes it.</param>
    public bool HasId(int row, ReadOnlySpan<byte> id) => _text.AsSpan(Rows[row].Text).StartsWith(id);

    public string IdOf(int row)
    {
        var at = Rows[row].Text;
        return PageText.Read(_text, ref at)!;
    }

    public string EventIdOf(int row)
    {
        var at = Rows[row].Text;
        var id = PageText.Read(_text, ref at)!;
        return PageText.Read(_text, ref at) ?? id;
    }

    /// <inheritdoc cref="PageText.Ascii"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> IdAsciiOf(int row) => PageText.Ascii(_text, Rows[row].Text);

    /// <summary>All three of its texts.</summary>
    public ReadOnlySpan<byte> TextBytesOf(int row)
    {
        var (from, to) = (Rows[row].Text, Rows[row].Text);
        for (var text = 0; text < 3; text++) PageText.Skip(_text, ref to);
        return _text.AsSpan(from, to - from);
    }

    /// <summary>The same where each of its characters is a byte; else, and of none, nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> EventIdAsciiOf(int row)
    {
        var (id, own) = (Rows[row].Text, Rows[row].Text);
        PageText.Skip(_text, ref own);
        var end = own;
        return PageText.Ascii(_text, PageText.Skip(_text, ref end) ? own : id);
    }

    /// <inheritdoc cref="PageText.Ascii"/>
    public ReadOnlySpan<byte> SessionAsciiOf(int row)
    {
        var at = Rows[row].Text;
        PageText.Skip(_text, ref at);
        PageText.Skip(_text, ref at);
        return PageText.Ascii(_text, at);
    }

    public bool HasSession(int row)
    {
        var at = Rows[row].Text;
        PageText.Skip(_text, ref at);
        PageText.Skip(_text, ref at);
        return PageText.Skip(_text, ref at);
    }

    public (string Id, string EventId, string? Session) TextsOf(int row)
    {
        var at = Rows[row].Text;
        var id = PageText.Read(_text, ref at)!;
        return (id, PageText.Read(_text, ref at) ?? id, PageText.Read(_text, ref at));
    }

    private void Clear()
    {
        if (_live == 0 && _watched == 0 && IsFull) (Rows, _text) = ([], []);
    }

    private void Grow()
    {
        var rows = Rows;
        Array.Resize(ref rows, Math.Min(Most, Math.Max(FewRows, rows.Length * 2)));
        Rows = rows;
    }

    private void Write(string? text)
    {
        var most = PageText.Most(text);
        MakeRoom(most);
        _used += PageText.Write(text, _text.AsSpan(_used));
    }

    private void MakeRoom(int most)
    {
        if (_text.Length - _used < most) Array.Resize(ref _text, Math.Max(FewBytes, _used + Math.Max(most, _used / 4)));
    }
}
