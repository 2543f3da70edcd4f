using System.Buffers.Binary;
using System.Text;

namespace MeteringGateway.Core;

/// <summary>
/// A small cache of the words that come again and again (types, agents, channels, sources), so that each is made once.
/// A slot holds the last word that fell on it; losing one costs an allocation, never a wrong word. Any thread may use
/// it. It is filled from journals and snapshots as well as from what callers send, and whoever finds a word there does
/// not look at it again: so only what may be a name everywhere is kept.
/// </summary>
public static class Words
{
    private const int Longest = 64;
    private static readonly string?[] Slots = new string?[4096];

    /// <summary>
    /// The word of these bytes, or null if it has to be made. Only what <see cref="Keep"/> was given is found.
    /// </summary>
    public static string? Find(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Longest) return null;
        var kept = Slots[Slot(utf8)];
        return kept is not null && kept.Length == utf8.Length && Ascii.Equals(utf8, kept.AsSpan()) ? kept : null;
    }

    /// <summary>
    /// Keeps a word of 1 to 64 characters that are ASCII and can be printed; of others it takes no note.
    /// </summary>
    public static void Keep(ReadOnlySpan<byte> utf8, string word)
    {
        if (utf8.Length is 0 or > Longest || utf8.ContainsAnyExceptInRange((byte)' ', (byte)'~')) return;
        Slots[Slot(utf8)] = word;
    }

    /// <summary>
    /// A fast 64-bit hash, the same on every machine and for good: journals hold it. Not for secrets.
    /// </summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = (ulong)bytes.Length * 0x9E3779B97F4A7C15;
        for (; bytes.Length >= 8; bytes = bytes[8..]) hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var one in bytes) hash = (hash ^ one) * 0x100000001B3;
        return Mix(hash);
    }

    private static int Slot(ReadOnlySpan<byte> utf8) => (int)(Hash(utf8) >> 52);

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
        return value ^ (value >> 29);
    }
}
