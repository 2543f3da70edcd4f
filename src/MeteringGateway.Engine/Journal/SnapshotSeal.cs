using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Engine;

/// <summary>
/// A state as it is stored: in parts, each behind a mark, what it is of the whole, and a SHA-256 over it and over what
/// it belongs to (tenant, sequence, hash, its number). The chain proves entries alone; what a disk did to a snapshot
/// would otherwise be read as counts. Described in <c>docs/journal.md</c>.
/// </summary>
public static class SnapshotSeal
{
    /// <summary>Bytes of a state in a part, at most; half of them at least, but in the last.</summary>
    public const int PartSize = 512 * 1024;

    /// <summary>Parts of a snapshot, at most: a larger state (32 GiB) is folded from its entries.</summary>
    public const int MostParts = 65_536;

    /// <summary>A snapshot in one part, which an older version wrote, begins with another.</summary>
    private const byte Mark = 0xD2;
    private const byte Last = 1;
    /// <summary>The next part goes on where this one ends.</summary>
    private const byte Continued = 2;
    /// <summary>Bytes by which parts of one writing know each other: another's at the same sequence differ.</summary>
    private const int Writing = 8;
    private const int Head = 2 + Writing + SHA256.HashSizeInBytes;

    /// <summary>The state must not change until the last part was taken.</summary>
    /// <param name="hash">The chain's, after the state's last entry.</param>
    /// <param name="size">Bytes of the state in a part, at most.</param>
    public static StoredSnapshot Take(string tenant, TenantState state, byte[] hash, int size = PartSize) =>
        new(state.Sequence, hash, Parts(tenant, state, hash, size));

    /// <exception cref="SnapshotTooLargeException">It has more than <see cref="MostParts"/>.</exception>
    private static IEnumerable<byte[]> Parts(string tenant, TenantState state, byte[] hash, int size)
    {
        var number = 0;
        byte[]? before = null;
        var writing = RandomNumberGenerator.GetBytes(Writing);
        // A piece ends after an item, so it may be a little more than was asked for: half leaves room for most.
        foreach (var piece in state.SnapshotPieces((size + 1) / 2))
            for (var at = 0; at < piece.Length; at += size)
            {
                if (before is not null) yield return Sealed(before, 0);
                var length = Math.Min(size, piece.Length - at);
                before = new byte[Head + length];
                (before[0], before[1]) = (Mark, at + length < piece.Length ? Continued : (byte)0);
                writing.CopyTo(before, 2);
                piece.AsSpan(at, length).CopyTo(before.AsSpan(Head));
                if (number == MostParts) throw new SnapshotTooLargeException(tenant);
            }
        yield return Sealed(before!, Last);

        byte[] Sealed(byte[] part, byte flags)
        {
            part[1] |= flags;
            Digest(tenant, state.Sequence, hash, number++, part, part.AsSpan(2 + Writing, SHA256.HashSizeInBytes));
            return part;
        }
    }

    /// <exception cref="FormatException">It is not what was stored, or another version of the program wrote
    /// it.</exception>
    public static TenantState Open(string tenant, StoredSnapshot snapshot)
    {
        var opening = new Opening(tenant, snapshot);
        foreach (var part in snapshot.Parts) opening.Take(part);
        return opening.Done();
    }

    /// <summary>Reads a snapshot part by part.</summary>
    internal sealed class Opening(string tenant, StoredSnapshot snapshot)
    {
        private readonly TenantState.Restoring _state = new();
        private byte[]? _writing;
        private MemoryStream? _continued;
        private int _number;
        private bool _ended;

        /// <exception cref="FormatException">It is not the part that was stored here.</exception>
        public void Take(ReadOnlySpan<byte> part)
        {
            Verify(part);
            Read(part);
        }

        /// <summary>That it is the next part that was stored here; reading one that is asks nothing of it.</summary>
        /// <exception cref="FormatException">It is not.</exception>
        public void Verify(ReadOnlySpan<byte> part)
        {
            if (part.Length <= Head || part[0] != Mark) throw new FormatException("it is not sealed");
            if (_ended) throw new FormatException("there are parts after its last");
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            Digest(tenant, snapshot.Sequence, snapshot.Hash, _number++, part, digest);
            if (!digest.SequenceEqual(DigestIn(part)))
                throw new FormatException("its bytes are not those that were sealed");
            _writing ??= part.Slice(2, Writing).ToArray();
            if (!part.Slice(2, Writing).SequenceEqual(_writing))
                throw new FormatException("its parts are of two writings");
            _ended = (part[1] & Last) != 0;
        }

        /// <summary>Takes what is in the next part that was verified.</summary>
        /// <exception cref="FormatException">It is none of a state.</exception>
        public void Read(ReadOnlySpan<byte> part)
        {
            if ((part[1] & Continued) != 0 || _continued is not null)
                (_continued ??= new MemoryStream()).Write(part[Head..]);
            if ((part[1] & Continued) != 0) return;
            _state.Take(_continued is null ? part[Head..] : _continued.GetBuffer().AsSpan(0,
                (int)_continued.Length));
            _continued = null;
        }

        /// <exception cref="FormatException">There are parts missing, or it is of another sequence.</exception>
        public TenantState Done()
        {
            if (!_ended) throw new FormatException("its last part is missing");
            var state = _state.Done();
            return state.Sequence == snapshot.Sequence ? state
                : throw new FormatException($"it is of sequence {state.Sequence}, not {snapshot.Sequence}");
        }
    }

    private static ReadOnlySpan<byte> DigestIn(ReadOnlySpan<byte> part) =>
        part.Slice(2 + Writing, SHA256.HashSizeInBytes);

    private static void Digest(string tenant, long sequence, byte[] hash, int number, ReadOnlySpan<byte> part,
        Span<byte> digest)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[sizeof(long) + sizeof(int)];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, sequence);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[sizeof(long)..], number);
        sha.AppendData("metering-snapshot-v2\0"u8);
        sha.AppendData(Encoding.UTF8.GetBytes(tenant));
        sha.AppendData("\0"u8);
        sha.AppendData(numbers);
        sha.AppendData(hash);
        sha.AppendData(part[..(2 + Writing)]);
        sha.AppendData(part[Head..]);
        sha.GetHashAndReset(digest);
    }
}

/// <summary>A state is larger than a snapshot can be. It is folded from its entries instead.</summary>
public sealed class SnapshotTooLargeException(string tenant) : Exception(
    $"The state of tenant '{tenant}' is larger than {(long)SnapshotSeal.MostParts * SnapshotSeal.PartSize} bytes, "
    + "the most that a snapshot holds.");
