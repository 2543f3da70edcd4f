using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace MeteringGateway.Engine;

/// <summary>A page of a segment: some rows, compressed together.</summary>
/// <param name="First">Sequence of the first row.</param>
/// <param name="Length">Bytes when it is not compressed.</param>
/// <param name="Sum">SHA-256 of the compressed bytes.</param>
/// <param name="Before">Of entries: the chain's hash before the first.</param>
internal sealed record SegmentPage(long First, int Count, int Length, int Packed, byte[] Sum, byte[] Before);

/// <summary>
/// A part of a segment: a head that says what it is and lists its pages with their hashes, then the pages. The head's
/// own hash, which ends it, so covers every byte of the part. Described in <c>docs/journal.md</c>.
/// </summary>
internal sealed class SegmentPart
{
    /// <summary>Mark, length of the fields, number of pages.</summary>
    private const int Lengths = 16;
    private const int Row = 20 + 2 * Chain.HashLength;
    /// <summary>About as good as others' best ten times as fast, and read at some 300 MB/s.</summary>
    private const int Quality = 5;
    private const int Window = 22;

    private readonly long _from;

    private SegmentPart(byte[] head, int fields, long at)
    {
        Fields = head[Lengths..(Lengths + fields)];
        Hash = head[^Chain.HashLength..];
        var pages = new SegmentPage[BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(12))];
        for (var (i, row) = (0, Lengths + fields); i < pages.Length; i++, row += Row)
            pages[i] = ReadRow(head.AsSpan(row, Row));
        Pages = pages;
        _from = at + head.Length;
        End = _from + pages.Sum(page => (long)page.Packed);
    }

    public byte[] Fields { get; }
    public byte[] Hash { get; }
    public IReadOnlyList<SegmentPage> Pages { get; }

    /// <summary>Offset in the file of what follows the part.</summary>
    public long End { get; }

    /// <param name="mark">Eight bytes.</param>
    /// <param name="pages">Each with its compressed bytes.</param>
    public static byte[] Make(ReadOnlySpan<byte> mark, byte[] fields,
        IReadOnlyList<(SegmentPage Page, byte[] Bytes)> pages)
    {
        var length = Lengths + fields.Length + pages.Count * Row;
        var part = new byte[length + Chain.HashLength + pages.Sum(page => (long)page.Bytes.Length)];
        mark.CopyTo(part);
        BinaryPrimitives.WriteInt32LittleEndian(part.AsSpan(8), fields.Length);
        BinaryPrimitives.WriteInt32LittleEndian(part.AsSpan(12), pages.Count);
        fields.CopyTo(part, Lengths);
        var (row, at) = (Lengths + fields.Length, length + Chain.HashLength);
        foreach (var (page, bytes) in pages)
        {
            WriteRow(part.AsSpan(row, Row), page);
            bytes.CopyTo(part, at);
            (row, at) = (row + Row, at + bytes.Length);
        }
        SHA256.HashData(part.AsSpan(0, length), part.AsSpan(length));
        return part;
    }

    /// <param name="part">As <see cref="Make"/> makes it.</param>
    public static byte[] HashOf(ReadOnlySpan<byte> part)
    {
        var head = Lengths + BinaryPrimitives.ReadInt32LittleEndian(part[8..])
            + BinaryPrimitives.ReadInt32LittleEndian(part[12..]) * Row;
        return part.Slice(head, Chain.HashLength).ToArray();
    }

    /// <exception cref="FormatException">It is not such a part, or not as it was written.</exception>
    public static SegmentPart Read(Stream file, long at, ReadOnlySpan<byte> mark)
    {
        var lengths = ReadAt(file, at, Lengths);
        var (fields, pages) = (BinaryPrimitives.ReadInt32LittleEndian(lengths.AsSpan(8)),
            BinaryPrimitives.ReadInt32LittleEndian(lengths.AsSpan(12)));
        var length = Lengths + fields + (long)pages * Row;
        if (!lengths.AsSpan(0, 8).SequenceEqual(mark) || fields < 0 || pages < 0
            || at + length + Chain.HashLength > file.Length)
            throw new FormatException("its head is not one");
        var head = ReadAt(file, at, (int)length + Chain.HashLength);
        if (!SHA256.HashData(head.AsSpan(0, (int)length)).AsSpan().SequenceEqual(head.AsSpan((int)length)))
            throw new FormatException("its head is not what was written");
        var part = new SegmentPart(head, fields, at);
        return part.End <= file.Length ? part : throw new FormatException("its end is missing");
    }

    /// <exception cref="FormatException">It is not what was written.</exception>
    public byte[] Page(Stream file, int number)
    {
        var page = Pages[number];
        var packed = ReadAt(file, _from + Pages.Take(number).Sum(before => (long)before.Packed), page.Packed);
        if (!SHA256.HashData(packed).AsSpan().SequenceEqual(page.Sum))
            throw new FormatException($"its page from {page.First} is not what was written");
        var bytes = new byte[page.Length];
        return BrotliDecoder.TryDecompress(packed, bytes, out var length) && length == bytes.Length ? bytes
            : throw new FormatException($"its page from {page.First} cannot be read");
    }

    public static (SegmentPage Page, byte[] Bytes) Pack(long first, int count, ReadOnlySpan<byte> bytes, byte[] before)
    {
        var packed = new byte[BrotliEncoder.GetMaxCompressedLength(bytes.Length)];
        if (!BrotliEncoder.TryCompress(bytes, packed, out var length, Quality, Window))
            throw new InvalidOperationException("a page did not fit into what it fits into at most");
        Array.Resize(ref packed, length);
        return (new SegmentPage(first, count, bytes.Length, length, SHA256.HashData(packed), before), packed);
    }

    private static byte[] ReadAt(Stream file, long at, int length)
    {
        if (at + length > file.Length) throw new FormatException("its end is missing");
        var bytes = new byte[length];
        file.Position = at;
        file.ReadExactly(bytes);
        return bytes;
    }

    private static void WriteRow(Span<byte> row, SegmentPage page)
    {
        BinaryPrimitives.WriteInt64LittleEndian(row, page.First);
        BinaryPrimitives.WriteInt32LittleEndian(row[8..], page.Count);
        BinaryPrimitives.WriteInt32LittleEndian(row[12..], page.Length);
        BinaryPrimitives.WriteInt32LittleEndian(row[16..], page.Packed);
        page.Sum.CopyTo(row[20..]);
        page.Before.CopyTo(row[(20 + Chain.HashLength)..]);
    }

    private static SegmentPage ReadRow(ReadOnlySpan<byte> row) => new(
        BinaryPrimitives.ReadInt64LittleEndian(row), BinaryPrimitives.ReadInt32LittleEndian(row[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(row[12..]), BinaryPrimitives.ReadInt32LittleEndian(row[16..]),
        row.Slice(20, Chain.HashLength).ToArray(), row[(20 + Chain.HashLength)..].ToArray());
}
