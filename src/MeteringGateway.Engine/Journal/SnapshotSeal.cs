using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// A state's bytes as stored: behind a mark and a SHA-256 over them and over what they are of (tenant, sequence, hash).
/// The chain proves entries alone; what a disk did to a snapshot would otherwise be read as counts. Described in
/// <c>docs/journal.md</c>.
/// </summary>
public static class SnapshotSeal
{
    /// <summary>No state's bytes begin with it: these begin with their version.</summary>
    private const byte Mark = 0xD1;
    private const int Head = 1 + SHA256.HashSizeInBytes;

    /// <param name="hash">The chain's, after the state's last entry.</param>
    public static StoredSnapshot Take(string tenant, TenantState state, byte[] hash)
    {
        var bytes = state.Snapshot();
        var stored = new byte[Head + bytes.Length];
        stored[0] = Mark;
        Digest(tenant, state.Sequence, hash, bytes, stored.AsSpan(1, SHA256.HashSizeInBytes));
        bytes.CopyTo(stored.AsSpan(Head));
        return new StoredSnapshot(state.Sequence, hash, stored);
    }

    /// <exception cref="FormatException">It is not what was stored, or another version of the program wrote
    /// it.</exception>
    public static TenantState Open(string tenant, StoredSnapshot snapshot)
    {
        var stored = snapshot.State.AsSpan();
        if (stored.Length <= Head || stored[0] != Mark) throw new FormatException("it is not sealed");
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        Digest(tenant, snapshot.Sequence, snapshot.Hash, stored[Head..], digest);
        if (!digest.SequenceEqual(stored[1..Head]))
            throw new FormatException("its bytes are not those that were sealed");
        var state = TenantState.Restore(stored[Head..]);
        return state.Sequence == snapshot.Sequence ? state
            : throw new FormatException($"it is of sequence {state.Sequence}, not {snapshot.Sequence}");
    }

    /// <summary>The digest of the state that is in the snapshot; null: it is not what was stored.</summary>
    internal static byte[]? StateDigest(string tenant, StoredSnapshot snapshot)
    {
        try
        {
            return Open(tenant, snapshot).Digest();
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static void Digest(string tenant, long sequence, byte[] hash, ReadOnlySpan<byte> bytes, Span<byte> digest)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, sequence);
        sha.AppendData("metering-snapshot-v1\0"u8);
        sha.AppendData(Encoding.UTF8.GetBytes(tenant));
        sha.AppendData("\0"u8);
        sha.AppendData(number);
        sha.AppendData(hash);
        sha.AppendData(bytes);
        sha.GetHashAndReset(digest);
    }
}
