using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeteringGateway.Api.Operations;

/// <summary>Reads what the settings of TLS name.</summary>
internal static class Tls
{
    /// <summary>The certificate with its key; null if none is given.</summary>
    /// <param name="group">Name of the settings, for what is said of them.</param>
    /// <exception cref="SettingsException">It cannot be read.</exception>
    public static X509Certificate2? ReadCertificate(this TlsFiles files, string group) =>
        files is not { Certificate: { } certificate, Key: { } key } ? null
            : Read($"{group}:Certificate", () => X509Certificate2.CreateFromPemFile(certificate, key));

    /// <inheritdoc cref="ReadCertificate"/>
    public static Authorities? ReadAuthorities(this TlsFiles files, string group) =>
        files.Ca is not { } ca ? null : Read($"{group}:Ca", () =>
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPemFile(ca);
            return all.Count > 0 ? new Authorities(all)
                : throw new CryptographicException($"no certificate is in '{ca}'");
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
            throw new SettingsException([SettingsCheck.Finding(setting,
                $"cannot be used: {failure.Message.TrimEnd('.')}")]);
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
