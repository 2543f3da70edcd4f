using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>
/// Rows of a fixed size as they are in memory, their numbers lowest byte first, in blocks of at most a page: how many
/// there are in all, and then one after the other.
/// </summary>
internal static class Rows
{
    public const int Most = OutcomePage.Most;

    /// <summary>After each block a piece of the snapshot may end.</summary>
    /// <param name="count">How many there are.</param>
    public static IEnumerable<bool> Write<T>(Writer to, int count, IEnumerable<T> rows) where T : unmanaged
    {
        to.Unsigned((ulong)count);
        var (block, used) = (new T[Math.Min(Most, count)], 0);
        foreach (var row in rows)
        {
            block[used++] = row;
            if (used < block.Length) continue;
            to.Raw(MemoryMarshal.AsBytes(block.AsSpan()));
            (count, used) = (count - block.Length, 0);
            if (count < block.Length) block = new T[count];
            yield return true;
        }
    }

    /// <summary>The next block.</summary>
    /// <param name="left">How many are left; less by those that were read.</param>
    public static ReadOnlySpan<T> Read<T>(ref Reader from, ref ulong left) where T : unmanaged
    {
        var count = (int)Math.Min(left, Most);
        left -= (ulong)count;
        return MemoryMarshal.Cast<byte, T>(from.Raw(count * Unsafe.SizeOf<T>()));
    }
}
