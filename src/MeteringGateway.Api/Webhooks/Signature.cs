using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Webhooks;

/// <summary>How a delivery is signed: Standard Webhooks 1.0.0, symmetric (<c>v1</c>).</summary>
internal static class Signature
{
    private const string Prefix = "whsec_";

    public static string NewSecret() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    /// <summary>
    /// The value of <c>webhook-signature</c>: one signature for each secret, with spaces between them.
    /// </summary>
    /// <param name="timestamp">Unix seconds, as in <c>webhook-timestamp</c>.</param>
    public static string Sign(IEnumerable<string> secrets, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        byte[] content = [.. Encoding.UTF8.GetBytes($"{id}.{Text.Of(timestamp)}."), .. body];
        return string.Join(' ',
            secrets.Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(Key(secret), content))));
    }

    private static byte[] Key(string secret) => Convert.FromBase64String(secret[Prefix.Length..]);
}
