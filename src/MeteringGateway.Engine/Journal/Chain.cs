using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>The hash chain over a tenant's entries (D2); defined in <c>docs/journal.md</c>.</summary>
public static class Chain
{
    public const int HashLength = Sha256.Length;

    /// <summary>The hash before a tenant's first entry.</summary>
    public static byte[] Genesis(string tenant) =>
        SHA256.HashData([.. "metering-journal-v1\0"u8, .. Encoding.UTF8.GetBytes(tenant)]);

    /// <summary>Writes the hash after <paramref name="entry"/>. The two hashes may be the same memory.</summary>
    public static void Next(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> entry, Span<byte> hash) =>
        Sha256.Hash(previous, entry, hash);

    /// <summary>Writes the hash after all of a block's entries; returns how many there are.</summary>
    /// <exception cref="FormatException">The block is not framed as it must be.</exception>
    public static int Over(ReadOnlySpan<byte> previous, ReadOnlySpan<byte> block, Span<byte> hash)
    {
        previous.CopyTo(hash);
        var reader = new BlockReader(block);
        var count = 0;
        for (; reader.TryRead(out var entry); count++) Next(hash, entry, hash);
        return count;
    }
}
