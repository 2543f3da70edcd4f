using System.Runtime.CompilerServices;

namespace MeteringGateway.Engine;

/// <summary>One tenant's entries out of an export file, whatever else is in it.</summary>
public static class ExportedEntries
{
    /// <summary>In order from entry 1; none if the tenant is not in the file.</summary>
    /// <exception cref="TransferException">The file was altered or cut short, or is no export.</exception>
    public static async IAsyncEnumerable<byte[]> Read(Stream from, string tenant,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var reader = new ExportReader(from);
        if (await reader.Next(cancellation)
            is not { Header: { Format: ExportLine.Format, Version: ExportLine.Version } })
            throw reader.Broken("it is not an export that this program reads");
        var (inside, next) = (false, 1L);
        while (await reader.Next(cancellation) is { } line)
        {
            if (line.Tenant is { } begin) inside = begin.Id == tenant;
            if (!inside || line.Block is not { } block) continue;
            if (block.First != next) throw reader.Broken($"entry {block.First} stands where {next} should");
            foreach (var entry in Entries(block.Framed, reader)) yield return entry;
            next += block.Count;
        }
    }

    private static List<byte[]> Entries(byte[] framed, ExportReader file)
    {
        var entries = new List<byte[]>();
        try
        {
            for (var reader = new BlockReader(framed); reader.TryRead(out var entry);) entries.Add(entry.ToArray());
        }
        catch (FormatException e)
        {
            throw file.Broken(e.Message, e);
        }
        return entries;
    }
}
