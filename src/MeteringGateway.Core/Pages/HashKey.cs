using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MeteringGateway.Core;

/// <summary>
/// Under what key names that callers choose are hashed (SipHash-1-3: Aumasson, Bernstein, "SipHash", 2012): who does
/// not know it cannot send names that fall together. It goes with what is stored by these hashes.
/// </summary>
internal readonly record struct HashKey(ulong First, ulong Second)
{
    /// <summary>Of all tables that this process began; those that were read have the key that they had.</summary>
    public static readonly HashKey OfProcess = MemoryMarshal.Read<HashKey>(RandomNumberGenerator.GetBytes(16));

    public int Of(string name)
    {
        var bytes = MemoryMarshal.AsBytes(name.AsSpan());
        var (a, b) = (First ^ 0x736f6d6570736575, Second ^ 0x646f72616e646f6d);
        var (c, d) = (First ^ 0x6c7967656e657261, Second ^ 0x7465646279746573);
        var last = (ulong)bytes.Length << 56;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            Take(MemoryMarshal.Read<ulong>(bytes), ref a, ref b, ref c, ref d);
        for (var i = 0; i < bytes.Length; i++) last |= (ulong)bytes[i] << (i * 8);
        return Last(last, ref a, ref b, ref c, ref d);
    }

    /// <summary>Of a name each of whose characters is a byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Of(ReadOnlySpan<byte> ascii)
    {
        var (a, b) = (First ^ 0x736f6d6570736575, Second ^ 0x646f72616e646f6d);
        var (c, d) = (First ^ 0x6c7967656e657261, Second ^ 0x7465646279746573);
        var last = (ulong)ascii.Length * sizeof(char) << 56;
        for (; ascii.Length >= sizeof(uint); ascii = ascii[sizeof(uint)..])
        {
            ulong four = MemoryMarshal.Read<uint>(ascii);
            four = (four | four << 16) & 0x0000FFFF0000FFFF;
            Take((four | four << 8) & 0x00FF00FF00FF00FF, ref a, ref b, ref c, ref d);
        }
        for (var i = 0; i < ascii.Length; i++) last |= (ulong)ascii[i] << (i * 16);
        return Last(last, ref a, ref b, ref c, ref d);
    }

    /// <summary>Of a number that is good as random but may be chosen: a product of which nobody knows the factors.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Of(UInt128 number)
    {
        var high = Math.BigMul((ulong)number ^ First, (ulong)(number >> 64) ^ Second, out var low);
        return (int)(high ^ low ^ (high ^ low) >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Last(ulong word, ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        Take(word, ref a, ref b, ref c, ref d);
        c ^= 0xFF;
        for (var round = 0; round < 3; round++) Mix(ref a, ref b, ref c, ref d);
        return (int)(a ^ b ^ c ^ d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Take(ulong word, ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        d ^= word;
        Mix(ref a, ref b, ref c, ref d);
        a ^= word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        a += b;
        c += d;
        b = BitOperations.RotateLeft(b, 13) ^ a;
        d = BitOperations.RotateLeft(d, 16) ^ c;
        a = BitOperations.RotateLeft(a, 32) + d;
        c += b;
        b = BitOperations.RotateLeft(b, 17) ^ c;
        d = BitOperations.RotateLeft(d, 21) ^ a;
        c = BitOperations.RotateLeft(c, 32);
    }
}
