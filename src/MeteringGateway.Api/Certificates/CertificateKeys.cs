using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MeteringGateway.Api.Certificates;

/// <summary>
/// The key that certificates and heads are signed with (ES256), and the public halves of all that ever were: files in
/// <c>certificates</c> within the key directory, for its owner alone. <c>current.pem</c> is the one private key;
/// <c>{kid}.jwk</c> are the public ones, which stay when their private key is gone. Processes that share the directory
/// share the keys, and notice a rotation by the file's time. Made with the first signature or list of keys that is
/// asked for. <c>docs/decisions/0015-certificates.md</c> says why so.
/// </summary>
/// <param name="keyDirectory">Null: there is none, and nothing is signed here.</param>
public sealed class CertificateKeys(string? keyDirectory) : IDisposable
{
    private readonly string? _directory = keyDirectory is null ? null : Path.Combine(keyDirectory, "certificates");
    private readonly Lock _gate = new();
    private ECDsa? _key;
    private string _kid = "";
    private DateTime _keyTime;
    private byte[]? _published;
    private DateTime _publishedTime;

    /// <summary>Whether a key was ever made there.</summary>
    public bool HasKey => _directory is not null && File.Exists(Path.Combine(_directory, "current.pem"));

    public bool HasDirectory => _directory is not null;

    /// <summary>A compact JWS (RFC 7515) by the current key.</summary>
    /// <param name="type">Of its header's <c>typ</c>.</param>
    /// <exception cref="StoreException">The key cannot be read or made.</exception>
    public string Sign(string type, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
            try
            {
                var key = Current();
                var header = Encoding.UTF8.GetBytes($$"""{"alg":"ES256","kid":"{{_kid}}","typ":"{{type}}"}""");
                var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
                var signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256,
                    DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
                return $"{signed}.{Base64Url.EncodeToString(signature)}";
            }
            catch (Exception e) when (IsOfTheFiles(e))
            {
                throw Unusable(e);
            }
    }

    /// <summary>The JWK set (RFC 7517) of every public key, UTF-8; empty where there is no directory.</summary>
    /// <exception cref="StoreException">The keys cannot be read or made.</exception>
    public byte[] Published()
    {
        if (_directory is null) return """{"keys":[]}"""u8.ToArray();
        lock (_gate)
            try
            {
                Current();
                var time = Directory.GetLastWriteTimeUtc(_directory);
                if (_published is not null && time == _publishedTime) return _published;
                var keys = Directory.GetFiles(_directory, "*.jwk").Order(StringComparer.Ordinal)
                    .Select(file => JsonNode.Parse(File.ReadAllBytes(file)));
                _published = Encoding.UTF8.GetBytes(
                    new JsonObject { ["keys"] = new JsonArray([.. keys]) }.ToJsonString());
                _publishedTime = time;
                return _published;
            }
            catch (Exception e) when (IsOfTheFiles(e))
            {
                throw Unusable(e);
            }
    }

    /// <summary>
    /// A new key takes the place of the current one, whose private half is gone for good; its public half stays.
    /// </summary>
    /// <returns>The new key's id.</returns>
    /// <exception cref="StoreException">The key cannot be made.</exception>
    public string Rotate()
    {
        lock (_gate)
            try
            {
                Make(replace: true);
                Current();
                return _kid;
            }
            catch (Exception e) when (IsOfTheFiles(e))
            {
                throw Unusable(e);
            }
    }

    public void Dispose() => _key?.Dispose();

    private ECDsa Current()
    {
        if (_directory is null) throw new StoreException("there is no key directory: Metering:KeyDirectory is not set");
        var file = new FileInfo(Path.Combine(_directory, "current.pem"));
        if (!file.Exists)
        {
            Make(replace: false);
            file.Refresh();
        }
        if (_key is not null && file.LastWriteTimeUtc == _keyTime) return _key;
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(file.FullName));
            _kid = Publish(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
        _key?.Dispose();
        _keyTime = file.LastWriteTimeUtc;
        return _key = key;
    }

    /// <summary>Others may do the same at the same time: the first one's key is everybody's.</summary>
    private void Make(bool replace)
    {
        foreach (var directory in (string[])[Path.GetDirectoryName(_directory!)!, _directory!])
            OwnerOnly.MakeDirectory(directory);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var fresh = Path.Combine(_directory!, $"new-{Guid.NewGuid():n}");
        Write(fresh, key.ExportPkcs8PrivateKeyPem());
        try
        {
            // Published before anything is signed with it.
            if (replace) Publish(key);
            File.Move(fresh, Path.Combine(_directory!, "current.pem"), replace);
        }
        catch (IOException) when (!replace && File.Exists(Path.Combine(_directory!, "current.pem")))
        {
            // another process was first
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    /// <summary>Writes the public half, if it is not there; returns its id, the JWK's thumbprint (RFC 7638).</summary>
    private string Publish(ECDsa key)
    {
        var point = key.ExportParameters(includePrivateParameters: false);
        if (point.Curve.Oid.FriendlyName != ECCurve.NamedCurves.nistP256.Oid.FriendlyName
            && point.Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            throw new CryptographicException("the key is not on the curve P-256");
        var (x, y) = (Base64Url.EncodeToString(point.Q.X), Base64Url.EncodeToString(point.Q.Y));
        var kid = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(
            $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""")));
        var path = Path.Combine(_directory!, kid + ".jwk");
        if (File.Exists(path)) return kid;
        var fresh = Path.Combine(_directory!, $"new-{Guid.NewGuid():n}");
        Write(fresh,
            $$"""{"kty":"EC","crv":"P-256","x":"{{x}}","y":"{{y}}","kid":"{{kid}}","use":"sig","alg":"ES256"}""");
        File.Move(fresh, path, overwrite: true);
        return kid;
    }

    private static void Write(string path, string text)
    {
        using var file = new FileStream(path, OwnerOnly.Options(FileMode.CreateNew, FileAccess.Write));
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
    }

    private static bool IsOfTheFiles(Exception e) => e is CryptographicException or IOException
        or UnauthorizedAccessException or ArgumentException or JsonException;

    private StoreException Unusable(Exception e) =>
        new($"the certificates' keys in '{Path.GetFullPath(_directory!)}' cannot be used: {e.Message}");
}
