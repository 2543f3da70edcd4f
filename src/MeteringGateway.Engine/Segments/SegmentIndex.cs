namespace MeteringGateway.Engine;

/// <summary>Pages of outcomes and of where they are, as a segment has them.</summary>
internal static class SegmentIndex
{
    /// <summary>Rows in order of their keys: of both numbers what they differ by from the row before, as
    /// varints, the second of them with its sign in its lowest bit.</summary>
    public static byte[] Write(IEnumerable<(long Key, long First)> rows)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        var before = (Key: 0L, First: 0L);
        foreach (var row in rows)
        {
            to.Write7BitEncodedInt64(row.Key - before.Key);
            var step = row.First - before.First;
            to.Write7BitEncodedInt64((step << 1) ^ (step >> 63));
            before = row;
        }
        return bytes.ToArray();
    }

    /// <exception cref="FormatException">It is not such a page.</exception>
    public static List<(long Key, long First)> Read(byte[] page, int count)
    {
        var (key, first) = (0L, 0L);
        return Each(page, count, 2, from =>
        {
            key += from.Read7BitEncodedInt64();
            var step = from.Read7BitEncodedInt64();
            first += (long)((ulong)step >> 1) ^ -(step & 1);
            return (key, first);
        });
    }

    /// <summary>Runs of bytes, each after its length as a varint.</summary>
    /// <exception cref="FormatException">It is not such a page.</exception>
    public static List<byte[]> Texts(byte[] page, int count) => Each(page, count, 1, from =>
        from.Read7BitEncodedInt() is >= 0 and var length && length <= page.Length - from.BaseStream.Position
            ? from.ReadBytes(length) : throw new FormatException("a page of outcomes ends too early"));

    private static List<T> Each<T>(byte[] page, int count, int least, Func<BinaryReader, T> read)
    {
        var rows = new List<T>(Math.Clamp(count, 0, page.Length / least));
        using var from = new BinaryReader(new MemoryStream(page));
        try
        {
            while (rows.Count < count) rows.Add(read(from));
        }
        catch (IOException)
        {
            throw new FormatException("a page of outcomes ends too early");
        }
        return from.BaseStream.Position == page.Length ? rows
            : throw new FormatException("a page of outcomes has bytes left over");
    }
}
