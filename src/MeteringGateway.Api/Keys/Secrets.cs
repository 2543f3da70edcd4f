using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace MeteringGateway.Api.Keys;

/// <summary>
/// How a key is written: <c>mk_</c>, 16 hexadecimal digits that name it, <c>_</c>, 32 random bytes in base64url.
/// </summary>
internal static class Secrets
{
    private const string Prefix = "mk_";
    private const int IdLength = 16;
    private const int Length = 3 + IdLength + 1 + 43;

    public static (string Id, string Key) Random() => Write(RandomNumberGenerator.GetBytes(8 + 32));

    /// <summary>
    /// A key that the same caller gets again with the same Idempotency-Key, without its being kept anywhere: derived
    /// (HKDF, RFC 5869) from the caller's own key, which we do not keep either, and a secret of this store's. So who
    /// holds the derived key cannot try callers' keys at home, and who once saw the caller's key cannot work out what
    /// was made with it.
    /// </summary>
    /// <param name="generation">The next one when an earlier one has had its 24 hours.</param>
    public static (string Id, string Key) Derived(byte[] secret, string callersKey, string idempotencyKey,
        int generation) =>
        Write(HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(callersKey), 8 + 32, salt: secret,
            info: Encoding.UTF8.GetBytes($"metering key\n{generation}\n{idempotencyKey}")));

    /// <summary>
    /// Whether a key that somebody chose has at least 64 bits by the frequencies of its own characters (Shannon). It
    /// keeps out repetitions and short words; no formula knows what a dictionary does.
    /// </summary>
    public static bool IsHardToGuess(string key)
    {
        var bits = key.GroupBy(one => one).Sum(same => same.Count() * Math.Log2((double)key.Length / same.Count()));
        return bits >= 64;
    }

    /// <summary>The id in a key; false if it has not a key's form.</summary>
    public static bool TryId(ReadOnlySpan<char> key, out ReadOnlySpan<char> id)
    {
        id = default;
        if (key.Length != Length || !key.StartsWith(Prefix) || key[Prefix.Length + IdLength] != '_') return false;
        id = key.Slice(Prefix.Length, IdLength);
        return true;
    }

    private static (string Id, string Key) Write(byte[] bytes)
    {
        var id = Convert.ToHexStringLower(bytes.AsSpan(0, 8));
        return (id, $"{Prefix}{id}_{Base64Url.EncodeToString(bytes.AsSpan(8))}");
    }
}
