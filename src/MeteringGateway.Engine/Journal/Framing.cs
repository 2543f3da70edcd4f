using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MeteringGateway.Engine;

/// <summary>
/// Cuts a block into its entries, as <c>docs/journal.md</c> says: the length as a varint, then the bytes, again and
/// again.
/// </summary>
public ref struct BlockReader(ReadOnlySpan<byte> block)
{
    private ReadOnlySpan<byte> _rest = block;

    /// <summary>The next entry; false at the block's end.</summary>
    /// <exception cref="FormatException">The last frame does not end with the block.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryRead(out ReadOnlySpan<byte> entry)
    {
        entry = default;
        if (_rest.IsEmpty) return false;
        var length = Length();
        if (length == 0 || length > (uint)_rest.Length)
            throw new FormatException("a frame does not end with its block");
        entry = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Length()
    {
        ulong value = 0;
        for (var i = 0; i < 5 && i < _rest.Length; i++)
        {
            value |= (ulong)(_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] >= 0x80) continue;
            _rest = _rest[(i + 1)..];
            return value <= int.MaxValue ? (uint)value : 0;
        }
        return 0;
    }
}

/// <summary>Grows a block. The array is rented; <see cref="Dispose"/> gives it back.</summary>
public sealed class BlockWriter : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(512);

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void Add(ReadOnlySpan<byte> entry)
    {
        Reserve(5 + entry.Length);
        var length = (uint)entry.Length;
        for (; length >= 0x80; length >>= 7) _bytes[Length++] = (byte)(length | 0x80);
        _bytes[Length++] = (byte)length;
        entry.CopyTo(_bytes.AsSpan(Length));
        Length += entry.Length;
    }

    /// <summary>Adds a whole block.</summary>
    public void AddFramed(ReadOnlySpan<byte> block)
    {
        Reserve(block.Length);
        block.CopyTo(_bytes.AsSpan(Length));
        Length += block.Length;
    }

    /// <summary>Forgets what was added beyond <paramref name="length"/>.</summary>
    public void CutBack(int length) => Length = Math.Min(Length, length);

    public void Dispose()
    {
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        Length = 0;
    }

    /// <exception cref="InvalidOperationException">The block is larger than an array can be.</exception>
    private void Reserve(int more)
    {
        if (_bytes.Length - Length >= more) return;
        var least = (long)Length + more;
        if (least > Array.MaxLength)
            throw new InvalidOperationException(
                $"a block of {least} bytes cannot be written as one: {Array.MaxLength} are the most");
        var size = Math.Min(BitOperations.RoundUpToPowerOf2((ulong)least), (ulong)Array.MaxLength);
        var larger = ArrayPool<byte>.Shared.Rent((int)size);
        _bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
