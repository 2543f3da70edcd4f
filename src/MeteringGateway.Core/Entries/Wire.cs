using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace MeteringGateway.Core;

/// <summary>
/// Writes the stored form of entries and states: LEB128 varints, zigzag for signed numbers, strings as length and
/// UTF-8. The same values always give the same bytes. The layout of each kind is described in <c>docs/journal.md</c>.
/// </summary>
internal sealed class Writer
{
    private byte[] _buffer = new byte[256];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Byte(byte value)
    {
        if (_length == _buffer.Length) Grow(1);
        _buffer[_length++] = value;
    }

    public void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Unsigned(ulong value)
    {
        if (_buffer.Length - _length < 10) Grow(10);
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        _buffer[_length++] = (byte)value;
    }

    public void Number(long value) => Unsigned((ulong)((value << 1) ^ (value >> 63)));

    public void Fixed(ulong value)
    {
        if (_buffer.Length - _length < 8) Grow(8);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_length), value);
        _length += 8;
    }

    public void Text(string value)
    {
        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (_buffer.Length - _length < most + 5) Grow(most + 5);
        if (value.Length < 42)
        {
            // At most 126 bytes: the length takes one byte, so the text can be written in place.
            var written = Encoding.UTF8.GetBytes(value, _buffer.AsSpan(_length + 1));
            _buffer[_length] = (byte)written;
            _length += written + 1;
            return;
        }
        Unsigned((ulong)Encoding.UTF8.GetByteCount(value));
        _length += Encoding.UTF8.GetBytes(value, _buffer.AsSpan(_length));
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Unsigned((ulong)value.Length);
        Raw(value);
    }

    /// <summary>Without their length.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _length < bytes.Length) Grow(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    public void Time(Instant value) => Number(value.UnixMilliseconds);
    public void Date(DateOnly value) => Unsigned((ulong)value.DayNumber);
    public void Money(Amount value) => Number(value.Micros);
    public void Span(TimeSpan value) => Number(value.Ticks);

    public void MaybeText(string? value)
    {
        Bool(value is not null);
        if (value is not null) Text(value);
    }

    public void MaybeNumber(long? value)
    {
        Bool(value is not null);
        if (value is { } number) Number(number);
    }

    public void MaybeTime(Instant? value) => MaybeNumber(value?.UnixMilliseconds);
    public void MaybeMoney(Amount? value) => MaybeNumber(value?.Micros);

    public void MaybeBytes(byte[]? value)
    {
        Bool(value is not null);
        if (value is not null) Bytes(value);
    }

    public void Maybe<T>(T? value, Action<Writer, T> write) where T : class
    {
        Bool(value is not null);
        if (value is not null) write(this, value);
    }

    public void List<T>(IReadOnlyCollection<T> values, Action<Writer, T> write)
    {
        Unsigned((ulong)values.Count);
        foreach (var value in values) write(this, value);
    }

    /// <exception cref="InvalidOperationException">What is written as one is larger than an array can be.</exception>
    private void Grow(int needed)
    {
        var least = (long)_length + needed;
        if (least > Array.MaxLength)
            throw new InvalidOperationException(
                $"a stored form of {least} bytes cannot be written as one: {Array.MaxLength} are the most");
        Array.Resize(ref _buffer, (int)Math.Min(Math.Max(_buffer.Length * 2L, least), Array.MaxLength));
    }
}

/// <summary>
/// Reads what <see cref="Writer"/> wrote. Throws <see cref="FormatException"/> where the bytes are not that.
/// </summary>
internal ref struct Reader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    public readonly bool AtEnd => _at == _bytes.Length;

    /// <summary>How many bytes were read.</summary>
    public readonly int At => _at;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Byte() => _at < _bytes.Length ? _bytes[_at++] : throw Truncated();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Bool() =>
        Byte() switch { 0 => false, 1 => true, var other => throw new FormatException($"{other} is not a flag") };

    /// <summary>Goes on behind these bytes, if they come next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Skip(ReadOnlySpan<byte> these)
    {
        if (these.Length > _bytes.Length - _at) return false;
        // The framework's own comparison is slow in a process that has just begun: it counts in what it is used for.
        var next = _bytes.Slice(_at, these.Length);
        var at = 0;
        for (; at <= these.Length - sizeof(ulong); at += sizeof(ulong))
            if (MemoryMarshal.Read<ulong>(next[at..]) != MemoryMarshal.Read<ulong>(these[at..])) return false;
        for (; at < these.Length; at++)
            if (next[at] != these[at]) return false;
        _at += these.Length;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ulong Unsigned()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80) return value;
        }
        throw new FormatException("a number is longer than 64 bits");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Number()
    {
        var value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public int Int() => Number() is >= int.MinValue and <= int.MaxValue and var number ? (int)number
        : throw new FormatException("a number is longer than 32 bits");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Fixed() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public string Text() => Encoding.UTF8.GetString(Take(Length()));

    /// <summary>A word that comes again and again: one string for all of them.</summary>
    public string Word()
    {
        var utf8 = Take(Length());
        if (Words.Find(utf8) is { } kept) return kept;
        var word = Encoding.UTF8.GetString(utf8);
        Words.Keep(utf8, word);
        return word;
    }

    /// <summary>A text that is often the same as one read before it.</summary>
    public string TextLike(string other)
    {
        var utf8 = Take(Length());
        return utf8.Length == other.Length && Ascii.Equals(utf8, other.AsSpan()) ? other
            : Encoding.UTF8.GetString(utf8);
    }

    public byte[] Bytes() => Block().ToArray();

    /// <summary>The same where they are.</summary>
    public ReadOnlySpan<byte> Block() => Take(Length());

    /// <summary>So many bytes, where they are.</summary>
    public ReadOnlySpan<byte> Raw(int count) => Take(count);

    public Instant Time() => new(Number());
    public DateOnly Date() => Day(Length());
    public Amount Money() => new(Number());
    public TimeSpan Span() => new(Number());

    public string? MaybeText() => Bool() ? Text() : null;
    public long? MaybeNumber() => Bool() ? Number() : null;
    public DateOnly? MaybeDay() => Bool() ? Day(Number()) : null;
    public Instant? MaybeTime() => Bool() ? Time() : null;
    public Amount? MaybeMoney() => Bool() ? Money() : null;
    public byte[]? MaybeBytes() => Bool() ? Bytes() : null;

    public T? Maybe<T>(Read<T> read) where T : class => Bool() ? read(ref this) : null;

    public T[] List<T>(Read<T> read)
    {
        var count = Length();
        // Every item takes a byte at least, so a count beyond what is left is a lie, and must not be allocated.
        if (count > _bytes.Length - _at) throw Truncated();
        var values = count == 0 ? [] : new T[count];
        for (var i = 0; i < values.Length; i++) values[i] = read(ref this);
        return values;
    }

    public delegate T Read<T>(ref Reader from);

    private static DateOnly Day(long number) => number >= 0 && number <= DateOnly.MaxValue.DayNumber
        ? DateOnly.FromDayNumber((int)number) : throw new FormatException($"{number} is not a day");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Length() => Unsigned() is <= int.MaxValue and var length ? (int)length : throw Truncated();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at) throw Truncated();
        var taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }

    private static FormatException Truncated() => new("the bytes end early");
}
