using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeteringGateway.Cluster.Tests.Support;

/// <summary>An authority of a test's own, and what it signs, as PEM files for machines on the loopback.</summary>
internal sealed class Certificates : IDisposable
{
    private static readonly DateTimeOffset From = DateTimeOffset.UtcNow.AddDays(-1);
    private static readonly DateTimeOffset Until = DateTimeOffset.UtcNow.AddDays(1);

    private readonly string _directory = Directory.CreateTempSubdirectory("metering-tls").FullName;
    private readonly X509Certificate2 _authority;
    private int _signed;

    public Certificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(From, Until);
        File.WriteAllText(Ca, _authority.ExportCertificatePem());
    }

    public string Ca => Path.Combine(_directory, "ca.pem");

    /// <returns>The files of a certificate and of its key.</returns>
    public (string Certificate, string Key) Sign(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(_authority, From, Until, [(byte)Interlocked.Increment(ref _signed)]);
        var (pem, secret) = (Path.Combine(_directory, name + ".pem"), Path.Combine(_directory, name + ".key"));
        File.WriteAllText(pem, certificate.ExportCertificatePem());
        File.WriteAllText(secret, key.ExportPkcs8PrivateKeyPem());
        return (pem, secret);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
