using System.Text;

namespace MeteringGateway.Engine.Tests;

/// <summary>Batches of entries that are texts.</summary>
internal static class Batches
{
    /// <summary>The batch that follows <paramref name="after"/>; null: the tenant's first.</summary>
    public static TenantBatch Of(string tenant, TenantBatch? after, params string[] entries)
    {
        var previous = after?.LastHash ?? Chain.Genesis(tenant);
        using var block = new BlockWriter();
        foreach (var entry in entries) block.Add(Encoding.UTF8.GetBytes(entry));
        var bytes = block.Written.ToArray();
        var last = new byte[Chain.HashLength];
        Chain.Over(previous, bytes, last);
        var first = after is null ? 1 : after.FirstSequence + after.Count;
        return new TenantBatch(tenant, previous, first, entries.Length, bytes, last, null, [], [], [], []);
    }

    public static List<string> Texts(EntryBlock block)
    {
        var texts = new List<string>();
        var reader = new BlockReader(block.Entries);
        while (reader.TryRead(out var entry)) texts.Add(Encoding.UTF8.GetString(entry));
        return texts;
    }
}
