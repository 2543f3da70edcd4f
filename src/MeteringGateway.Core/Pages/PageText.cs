using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace MeteringGateway.Core;

/// <summary>
/// A text as pages hold it: a number of one byte or two, 0 for none, else two more than its length, and its UTF-8. What
/// UTF-8 cannot say (half a surrogate pair) is 1, and the same with its UTF-16.
/// </summary>
internal static class PageText
{
    /// <summary>Characters of the longest.</summary>
    public const int MostLength = ((1 << 14) - Lengths - 1) / 3;

    private const int None = 0, Utf16 = 1, Lengths = 2;

    /// <summary>Bytes that it takes at most.</summary>
    public static int Most(string? text) => 3 + 3 * (text?.Length ?? 0);

    /// <param name="to">Of <see cref="Most"/> bytes.</param>
    /// <returns>How many it took.</returns>
    /// <exception cref="ArgumentException">It is longer than <see cref="MostLength"/>.</exception>
    public static int Write(string? text, Span<byte> to)
    {
        to[0] = None;
        if (text is null) return 1;
        if (text.Length > MostLength) throw new ArgumentException("the text is too long", nameof(text));
        // Whether its length takes one byte is known only where no character could make it two.
        var head = text.Length * 3 + Lengths < 128 ? 1 : 2;
        if (Utf8.FromUtf16(text, to[head..], out _, out var written, replaceInvalidSequences: false)
            == OperationStatus.Done)
        {
            Number(written + Lengths, to[..head]);
            return head + written;
        }
        to[0] = Utf16;
        var chars = MemoryMarshal.AsBytes(text.AsSpan());
        Number(chars.Length + Lengths, to.Slice(1, 2));
        chars.CopyTo(to[3..]);
        return 3 + chars.Length;
    }

    /// <summary>Bytes of the longest number before a text.</summary>
    public const int MostHead = 2;

    /// <summary>The same of a text of which each character is a byte, and that is not the longest by far.</summary>
    /// <param name="isThere">False: there is none.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WriteAscii(ReadOnlySpan<byte> text, bool isThere, Span<byte> to)
    {
        to[0] = None;
        if (!isThere) return 1;
        var head = text.Length * 3 + Lengths < 128 ? 1 : 2;
        Number(text.Length + Lengths, to[..head]);
        text.CopyTo(to[head..]);
        return head + text.Length;
    }

    /// <param name="at">Moves behind it.</param>
    public static string? Read(ReadOnlySpan<byte> from, ref int at)
    {
        var begin = at;
        if (!Skip(from, ref at)) return null;
        var isUtf16 = from[begin] == Utf16;
        if (isUtf16) begin++;
        var text = from[(begin + (from[begin] < 128 ? 1 : 2))..at];
        return isUtf16 ? new string(MemoryMarshal.Cast<byte, char>(text)) : Encoding.UTF8.GetString(text);
    }

    /// <summary>
    /// Its bytes, if each is a character: these have the order of the texts; else, and of none, nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> Ascii(ReadOnlySpan<byte> from, int at)
    {
        var begin = at;
        if (from[at] == Utf16 || !Skip(from, ref at)) return default;
        var text = from[(begin + (from[begin] < 128 ? 1 : 2))..at];
        return System.Text.Ascii.IsValid(text) ? text : default;
    }

    /// <param name="at">Moves behind it.</param>
    /// <returns>False: there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Skip(ReadOnlySpan<byte> from, ref int at)
    {
        if (from[at] == Utf16) at++;
        int number = from[at++];
        if (number >= 128) number = number & 127 | from[at++] << 7;
        if (number == None) return false;
        at += number - Lengths;
        return true;
    }

    /// <summary>Of what may be anything.</summary>
    /// <param name="isAscii">So is each byte.</param>
    /// <param name="at">Moves behind it.</param>
    /// <returns>How many characters it has; -1: there is none.</returns>
    /// <exception cref="FormatException">It is no text.</exception>
    /// <exception cref="ArgumentOutOfRangeException">It ends early.</exception>
    /// <exception cref="IndexOutOfRangeException">It does not begin.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Length(ReadOnlySpan<byte> from, bool isAscii, ref int at)
    {
        var isUtf16 = from[at] == Utf16;
        if (isUtf16) at++;
        int number = from[at++];
        if (number >= 128) number = number & 127 | from[at++] << 7;
        if (number == None) return -1;
        if (number < Lengths || (isUtf16 && number % 2 != Lengths % 2)) throw new FormatException("it is no text");
        var text = from.Slice(at, number - Lengths);
        at += text.Length;
        return isUtf16 ? text.Length / sizeof(char) : isAscii ? text.Length : Encoding.UTF8.GetCharCount(text);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Number(int number, Span<byte> to)
    {
        to[0] = (byte)(to.Length == 1 ? number : number & 127 | 128);
        if (to.Length == 2) to[1] = (byte)(number >> 7);
    }
}
