using System.Security.Cryptography;
using MeteringGateway.Engine;

namespace MeteringGateway.Cluster;

/// <summary>
/// Rows that are written as wholes end with bytes of SHA-256 over what is before, and over their key where they do not
/// say it. Those of before there were any do not.
/// </summary>
public sealed partial class RedisStore
{
    /// <summary>Members of an idempotency row but its seal.</summary>
    private const int IdempotencyMembers = 3;

    /// <summary>Of no length that a row's last member has otherwise.</summary>
    private const int DocumentSeal = 8;
    private const int IdempotencySeal = 12;

    private static byte[] Bytes(IdempotencyRow row) => Sealed(
        Packed.Pack(row.Content, row.Answer, Packed.Number(row.ExpiresAt.UnixMilliseconds)), row.Key, IdempotencySeal);

    private static byte[] Sealed(byte[] row, string key, int length) =>
        [.. row, .. Packed.Pack(Seal(row, key)[..length])];

    private static byte[] Seal(ReadOnlySpan<byte> row, string key) => SHA256.HashData([.. row, .. Packed.Text(key)]);

    /// <summary>A row's members.</summary>
    /// <param name="count">Of the members but the seal.</param>
    /// <param name="length">Of the seal.</param>
    /// <param name="place">Where it is, in words.</param>
    /// <exception cref="StoreException">It is not what was written.</exception>
    private static byte[]?[] Opened(byte[] bytes, int count, string key, int length, string place)
    {
        return Read(() =>
        {
            var row = Packed.Unpack(bytes);
            // One of which a length was changed may have as many: then its last ends with its seal, or is that.
            if (row.Length == count && (count == IdempotencyMembers ? row[^1]?.Length == sizeof(long)
                : row[^1]?.Length != length)) return row;
            var before = bytes.AsSpan(0, Math.Max(0, bytes.Length - sizeof(int) - length));
            return row.Length > count && row[^1].AsSpan().SequenceEqual(Seal(before, key).AsSpan(0, length)) ? row
                : throw new StoreException(Damaged(place));
        }, place);
    }

    /// <summary>What packed bytes say.</summary>
    /// <exception cref="StoreException">They are not what was written.</exception>
    private static T Read<T>(Func<T> unpack, string place)
    {
        try
        {
            return unpack();
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new StoreException($"{Damaged(place)}: {e.Message}");
        }
    }

    private static string Damaged(string place) => $"{place} is not what was written";
}
