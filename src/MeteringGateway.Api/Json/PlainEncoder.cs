using System.Text;
using System.Text.Encodings.Web;

namespace MeteringGateway.Api.Json;

/// <summary>
/// Text as it is, quotes and what JSON forbids apart: what is sent as JSON is no part of a page, and says so. As the
/// platform's own, which escapes whatever is beyond the first 65,536 characters, such as every emoji.
/// </summary>
internal sealed unsafe class PlainEncoder : JavaScriptEncoder
{
    public static readonly PlainEncoder One = new();
    private static readonly JavaScriptEncoder Platform = UnsafeRelaxedJsonEscaping;

    public override int MaxOutputCharactersPerInputCharacter => Platform.MaxOutputCharactersPerInputCharacter;

    public override bool WillEncode(int unicodeScalar) =>
        unicodeScalar <= char.MaxValue && Platform.WillEncode(unicodeScalar);

    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        for (var at = 0; at < textLength; at += 2)
        {
            var found = Platform.FindFirstCharacterToEncode(text + at, textLength - at);
            if (found < 0) return -1;
            at += found;
            if (at + 1 == textLength || !char.IsSurrogatePair(text[at], text[at + 1])) return at;
        }
        return -1;
    }

    public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
    {
        for (var at = 0; at < utf8Text.Length;)
        {
            var found = Platform.FindFirstCharacterToEncodeUtf8(utf8Text[at..]);
            if (found < 0) return -1;
            at += found;
            if (Rune.DecodeFromUtf8(utf8Text[at..], out var rune, out var length) != System.Buffers.OperationStatus.Done
                || WillEncode(rune.Value)) return at;
            at += length;
        }
        return -1;
    }

    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength,
        out int numberOfCharactersWritten) =>
        Platform.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);
}
