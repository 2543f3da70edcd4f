using System.Buffers.Text;

namespace MeteringGateway.Api.Json;

/// <summary>
/// Base64url as RFC 7515 (2) has it: bytes have one text, without padding, white space or spare bits.
/// </summary>
internal static class Base64Text
{
    /// <summary>Null when it is anything but the one text of its bytes: the platform's reading takes more.</summary>
    public static byte[]? Read(string? text)
    {
        if (text is null || !Base64Url.IsValid(text)) return null;
        try
        {
            var bytes = Base64Url.DecodeFromChars(text);
            return Base64Url.EncodeToString(bytes) == text ? bytes : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
