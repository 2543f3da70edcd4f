using System.Text;

namespace MeteringGateway.Engine;

/// <summary>What is stored apart of entries, as a segment's pages have it.</summary>
internal static class SegmentDetails
{
    /// <summary>Rows in order of their sequences, in pages of about <paramref name="size"/> bytes.</summary>
    public static IEnumerable<(long First, int Count, byte[] Bytes)> Pages(IEnumerable<DetailRow> rows, int size)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes, Encoding.UTF8);
        var (first, count) = (0L, 0);
        foreach (var row in rows)
        {
            if (count++ == 0) first = row.Sequence;
            to.Write(row.Sequence);
            to.Write(row.EndCustomer is not null);
            if (row.EndCustomer is { } customer) to.Write(customer);
            to.Write7BitEncodedInt(row.Salt.Length);
            to.Write(row.Salt);
            to.Write7BitEncodedInt(row.Json.Length);
            to.Write(row.Json);
            if (bytes.Length < size) continue;
            yield return (first, count, bytes.ToArray());
            count = 0;
            bytes.SetLength(0);
        }
        if (count > 0) yield return (first, count, bytes.ToArray());
    }

    /// <exception cref="FormatException">It is not such a page.</exception>
    public static List<DetailRow> Read(byte[] page, int count)
    {
        var rows = new List<DetailRow>(Math.Clamp(count, 0, page.Length));
        using var from = new BinaryReader(new MemoryStream(page), Encoding.UTF8);
        try
        {
            while (rows.Count < count)
                rows.Add(new DetailRow(from.ReadInt64(), from.ReadBoolean() ? from.ReadString() : null,
                    Bytes(), Bytes()));
        }
        catch (IOException) // it ends, or a text has a length that is none
        {
            throw new FormatException("a page of details ends too early");
        }
        return from.BaseStream.Position == page.Length ? rows
            : throw new FormatException("a page of details has bytes left over");

        // What is left says how long it may be, before memory is made for it.
        byte[] Bytes() => from.Read7BitEncodedInt() is >= 0 and var length
            && length <= page.Length - from.BaseStream.Position ? from.ReadBytes(length)
            : throw new FormatException("a page of details ends too early");
    }
}
