using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MeteringGateway.Core;

/// <summary>
/// SHA-256 of what is short and hashed all the time: ids of events, entries, rows. What the framework does around the
/// hash of a hundred bytes costs five times the hash itself, so where OpenSSL is, which the framework hashes with too,
/// its functions for one algorithm are called as they are.
/// </summary>
public static class Sha256
{
    public const int Length = SHA256.HashSizeInBytes;

    /// <summary>Longer bytes gain nothing, and the collector waits for what is called so.</summary>
    private const int MostAtOnce = 4096;

    [ThreadStatic] private static IncrementalHash? _own;

    /// <param name="hash">At least <see cref="Length"/> bytes; may be the same memory as the others.</param>
    public static void Hash(ReadOnlySpan<byte> bytes, Span<byte> hash) => Hash(bytes, [], hash);

    /// <summary>Of one after the other. Compiled in full at once: whoever reads a journal hashes all of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
    {
        if (Native.IsThere && first.Length <= MostAtOnce && second.Length <= MostAtOnce)
        {
            Native.Hash(first, second, hash[..Length]);
            return;
        }
        var own = _own ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        own.AppendData(first);
        if (!second.IsEmpty) own.AppendData(second);
        own.GetHashAndReset(hash);
    }

    /// <summary>OpenSSL 3's, deprecated there in favour of what is slower, and in all of its releases.</summary>
    private static class Native
    {
        private const string Crypto = "libcrypto.so.3";

        /// <summary>It is there, and hashes as the framework does.</summary>
        public static readonly bool IsThere = OperatingSystem.IsLinux() && Agrees();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> hash)
        {
            Span<ulong> state = stackalloc ulong[16]; // SHA256_CTX: 112 bytes
            ref var context = ref state[0];
            if (Init(ref context) != 1
                || Update(ref context, in MemoryMarshal.GetReference(first), first.Length) != 1
                || Update(ref context, in MemoryMarshal.GetReference(second), second.Length) != 1
                || Final(ref hash[0], ref context) != 1)
                throw new CryptographicException("SHA-256 failed");
        }

        private static bool Agrees()
        {
            try
            {
                Span<byte> hash = stackalloc byte[Length];
                Hash("metering"u8, "gateway"u8, hash);
                return hash.SequenceEqual(SHA256.HashData("meteringgateway"u8));
            }
            catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException
                or BadImageFormatException)
            {
                return false;
            }
        }

        [DllImport(Crypto, EntryPoint = "SHA256_Init"), SuppressGCTransition]
        private static extern int Init(ref ulong context);

        [DllImport(Crypto, EntryPoint = "SHA256_Update"), SuppressGCTransition]
        private static extern int Update(ref ulong context, in byte data, nint length);

        [DllImport(Crypto, EntryPoint = "SHA256_Final"), SuppressGCTransition]
        private static extern int Final(ref byte hash, ref ulong context);
    }
}
