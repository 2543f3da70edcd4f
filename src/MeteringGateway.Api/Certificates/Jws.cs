using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Certificates;

/// <summary>Why a certificate or a head is not good, in one line.</summary>
public class CertificateException(string why) : Exception(why);

/// <summary>What was given is no certificate, or no key set: nothing can be said of it.</summary>
public sealed class UncheckableException(string why) : CertificateException(why);

/// <summary>It is signed as it should be, and says something else than the entries.</summary>
public sealed class EntriesPartException(string why) : CertificateException(why);

/// <summary>A compact JWS whose signature was found to be by a key of the set.</summary>
/// <param name="Type">Its header's <c>typ</c>.</param>
internal sealed record Jws(string Type, string Kid, byte[] Payload)
{
    private const int SignatureLength = 64;
    private const int Longest = 1 << 20;

    /// <summary>Only ES256 is taken, whatever the header says, and only by a key of the set that it names.</summary>
    /// <param name="keys">A JWK set, UTF-8.</param>
    /// <exception cref="UncheckableException">It is no JWS, or the keys are no JWK set.</exception>
    /// <exception cref="CertificateException">Its signature does not fit.</exception>
    public static Jws Open(string signed, ReadOnlySpan<byte> keys)
    {
        try
        {
            return Read(signed, keys);
        }
        catch (InvalidOperationException e) when (Text.IsHalf(e))
        {
            throw new UncheckableException("a string of the certificate's header or of the key set is not text: it is "
                + "not UTF-8, or holds half of a surrogate pair");
        }
    }

    private static Jws Read(string signed, ReadOnlySpan<byte> keys)
    {
        if (signed.Length > Longest)
            throw new UncheckableException($"the certificate is longer than {Longest} characters");
        var parts = signed.Split('.');
        if (parts.Length != 3)
            throw new UncheckableException("the certificate is not a compact JWS: three parts, and dots between");
        using var header = Header(parts[0]);
        var algorithm = Member(header.RootElement, "alg");
        if (algorithm != "ES256")
            throw new CertificateException($"its algorithm is '{algorithm}'; only ES256 is taken");
        if (header.RootElement.TryGetProperty("crit", out _))
            throw new CertificateException("its header has 'crit', of which nothing is known here");
        var (kid, type) = (Member(header.RootElement, "kid"), Member(header.RootElement, "typ"));
        using var key = Key(keys, kid ?? throw new CertificateException("its header names no key (kid)"));
        var signature = Decoded(parts[2], "signature");
        if (signature.Length != SignatureLength
            || !key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature, HashAlgorithmName.SHA256,
                DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
            throw new CertificateException(
                $"the signature is not by the key '{kid}' over this content: something in it was changed");
        return new Jws(type ?? "", kid, Decoded(parts[1], "payload"));
    }

    private static JsonDocument Header(string part)
    {
        const string not = "the certificate is not a compact JWS";
        try
        {
            var header = JsonDocument.Parse(
                Base64Text.Read(part) ?? throw new FormatException(),
                new JsonDocumentOptions { AllowDuplicateProperties = false });
            return header.RootElement.ValueKind == JsonValueKind.Object ? header
                : throw new UncheckableException($"{not}: its header is not a JSON object");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new UncheckableException($"{not}: its header is not JSON in base64url without padding");
        }
    }

    private static ECDsa Key(ReadOnlySpan<byte> set, string kid)
    {
        using var document = KeySet(set);
        foreach (var key in document.RootElement.GetProperty("keys").EnumerateArray())
        {
            if (Member(key, "kid") != kid) continue;
            if (Member(key, "kty") != "EC" || Member(key, "crv") != "P-256")
                throw new CertificateException($"the key '{kid}' is not one of the curve P-256");
            try
            {
                return ECDsa.Create(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    Q = new ECPoint { X = Coordinate(key, "x"), Y = Coordinate(key, "y") },
                });
            }
            catch (Exception e) when (e is CryptographicException or FormatException)
            {
                throw new CertificateException(
                    $"the key '{kid}' of the set cannot be used: its 'x' and 'y' are no point of the curve");
            }
        }
        throw new CertificateException($"the key set has no key '{kid}'");
    }

    private static JsonDocument KeySet(ReadOnlySpan<byte> set)
    {
        const string not = "the key set is not a JWK set";
        try
        {
            var document = JsonDocument.Parse(set.ToArray());
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array
                && keys.EnumerateArray().All(key => key.ValueKind == JsonValueKind.Object)) return document;
            document.Dispose();
            throw new UncheckableException($"{not}: it must be a JSON object with a list of objects, 'keys'");
        }
        catch (JsonException)
        {
            throw new UncheckableException($"{not}: it is not JSON");
        }
    }

    private static byte[] Coordinate(JsonElement key, string name) =>
        Base64Text.Read(Member(key, name)) ?? throw new FormatException();

    private static string? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Decoded(string part, string what) => Base64Text.Read(part)
        ?? throw new CertificateException($"its {what} is not base64url without padding");
}
