using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeteringGateway.Cluster;

/// <summary>
/// Who one side of TLS connections is, and whom it trusts: PEM files, read when the process starts. Nothing but what
/// the authorities of <see cref="Ca"/> have signed is trusted, whatever the machine trusts otherwise.
/// </summary>
internal sealed class TlsFiles
{
    /// <summary>Whose signature the other side's certificate must have.</summary>
    public string? Ca { get; set; }

    /// <summary>What this side shows.</summary>
    public string? Certificate { get; set; }

    /// <summary>The certificate's private key, not encrypted.</summary>
    public string? Key { get; set; }

    public bool IsGiven => Ca is not null || Certificate is not null || Key is not null;

    /// <summary>The certificate with its key; null if none is given.</summary>
    /// <param name="section">Name of the settings, for what is said of them.</param>
    /// <exception cref="InvalidOperationException">It cannot be read; the message names the setting.</exception>
    public X509Certificate2? ReadCertificate(string section)
    {
        if (Certificate is null != Key is null)
            throw new InvalidOperationException(
                $"The settings {section}:Certificate and {section}:Key belong together: one of them is missing.");
        return Certificate is null ? null
            : Read($"{section}:Certificate", () => X509Certificate2.CreateFromPemFile(Certificate, Key));
    }

    /// <exception cref="InvalidOperationException">It cannot be read; the message names the setting.</exception>
    public Authorities? ReadAuthorities(string section) => Ca is null ? null : Read($"{section}:Ca", () =>
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(Ca);
        return all.Count > 0 ? new Authorities(all) : throw new CryptographicException($"no certificate is in '{Ca}'");
    });

    private static T Read<T>(string setting, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException
            or CryptographicException or ArgumentException)
        {
            throw new InvalidOperationException($"The setting {setting} cannot be used: {failure.Message}", failure);
        }
    }
}

/// <summary>Those whose signature counts.</summary>
internal sealed class Authorities(X509Certificate2Collection all)
{
    /// <param name="sent">What came with the certificate: authorities between may be among it.</param>
    public bool HaveSigned(X509Certificate2 certificate, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(all);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var one in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(one.Certificate);
        return chain.Build(certificate);
    }
}
