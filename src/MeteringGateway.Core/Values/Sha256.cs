using System.Security.Cryptography;

namespace MeteringGateway.Core;

/// <summary>
/// SHA-256 of what is short and hashed all the time: ids of events, entries, rows. A thread keeps what it hashes with,
/// as making that costs more than hashing a hundred bytes.
/// </summary>
public static class Sha256
{
    public const int Length = SHA256.HashSizeInBytes;

    [ThreadStatic] private static IncrementalHash? _own;

    /// <param name="hash">At least <see cref="Length"/> bytes; may be the same memory as the others.</param>
    public static void Hash(ReadOnlySpan<byte> bytes, Span<byte> hash) => Hash(bytes, [], hash);

    /// <summary>Of one after the other.</summary>
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        var own = _own ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        own.AppendData(first);
        if (!second.IsEmpty) own.AppendData(second);
        own.GetHashAndReset(hash);
    }
}
