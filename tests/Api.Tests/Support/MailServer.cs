using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.ComponentModel;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// Somebody else's mail server on a loopback port, with STARTTLS by a certificate of its own and a password. Takes each
/// mail unless told otherwise.
/// </summary>
public sealed class MailServer : IDisposable
{
    public const string User = "gateway";
    public const string Password = "a password of the tests";
    public const string From = "alerts@metering.example";
    public const string PublicUrl = "https://metering.example/gateway";

    private readonly Channel<MimeMessage> _mails = Channel.CreateUnbounded<MimeMessage>();
    private readonly ConcurrentQueue<MimeMessage> _all = [];
    private readonly string _ca = Path.Combine(Directory.CreateTempSubdirectory("metering-mail").FullName, "ca.pem");
    private SmtpServer.SmtpServer? _server;
    private Task _running = Task.CompletedTask;

    public int Port { get; } = FreePort.Find();

    /// <summary>What is answered to a mail; null: it is taken.</summary>
    public Func<MimeMessage, SmtpResponse?> Answer { get; set; } = _ => null;

    /// <summary>What is answered to a recipient; null: it is taken.</summary>
    public Func<string, SmtpResponse?> Recipient { get; set; } = _ => null;

    /// <summary>Those that were taken.</summary>
    public IReadOnlyCollection<MimeMessage> All => _all;

    /// <summary>What was offered, taken or not.</summary>
    public ConcurrentQueue<MimeMessage> Offered { get; } = [];

    /// <summary>The settings of a gateway that sends by it.</summary>
    public Dictionary<string, string?> Settings(params (string Name, string? Value)[] others)
    {
        var all = new Dictionary<string, string?>
        {
            ["Metering:Email:Host"] = "127.0.0.1", ["Metering:Email:Port"] = $"{Port}", ["Metering:Email:Ca"] = _ca,
            ["Metering:Email:User"] = User, ["Metering:Email:Password"] = Password, ["Metering:Email:From"] = From,
            ["Metering:Email:PublicUrl"] = PublicUrl, ["Metering:Webhooks:CapAlertsEvery"] = "00:00:00",
            ["Metering:Webhooks:AllowPrivate"] = "true",
        };
        foreach (var (name, value) in others) all[$"Metering:{name}"] = value;
        return all;
    }

    public static MailServer Run(bool withTls = true, bool trusted = true)
    {
        var server = new MailServer(trusted);
        server.Start(withTls);
        return server;
    }

    private readonly X509Certificate2 _certificate = Certificate();

    public MailServer(bool trusted = true)
    {
        using var other = Certificate();
        File.WriteAllText(_ca, (trusted ? _certificate : other).ExportCertificatePem());
    }

    public void Start(bool withTls = true)
    {
        var services = new ServiceProvider();
        var desk = new Desk(this); // not the server itself: it is disposed of after each mail
        services.Add((IMessageStore)desk);
        services.Add((IMailboxFilter)desk);
        services.Add(new DelegatingUserAuthenticator((user, password) => user == User && password == Password));
        var options = new SmtpServerOptionsBuilder().ServerName("mail.example").Endpoint(endpoint =>
        {
            endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, Port)).AuthenticationRequired(withTls);
            if (withTls) endpoint.Certificate(_certificate);
        }).Build();
        _server = new SmtpServer.SmtpServer(options, services);
        _running = _server.StartAsync(CancellationToken.None);
    }

    /// <summary>The next that is taken.</summary>
    public async Task<MimeMessage> Next() =>
        await _mails.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public void Dispose()
    {
        _server?.Shutdown();
        _certificate.Dispose();
        Directory.Delete(Path.GetDirectoryName(_ca)!, recursive: true);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mail.example", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class Desk(MailServer server) : MessageStore, IMailboxFilter
    {
        public override Task<SmtpResponse> SaveAsync(ISessionContext context, IMessageTransaction transaction,
            ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            using var stream = new MemoryStream(buffer.ToArray());
            var mail = MimeMessage.Load(stream, cancellationToken);
            server.Offered.Enqueue(mail);
            if (server.Answer(mail) is { } refusal) return Task.FromResult(refusal);
            server._all.Enqueue(mail);
            server._mails.Writer.TryWrite(mail);
            return Task.FromResult(SmtpResponse.Ok);
        }

        public Task<bool> CanAcceptFromAsync(ISessionContext context, IMailbox @from, int size,
            CancellationToken cancellationToken) => Task.FromResult(true);

        public Task<bool> CanDeliverToAsync(ISessionContext context, IMailbox to, IMailbox @from,
            CancellationToken cancellationToken) => server.Recipient($"{to.User}@{to.Host}") is { } refusal
                ? throw new SmtpResponseException(refusal) : Task.FromResult(true);
    }
}
