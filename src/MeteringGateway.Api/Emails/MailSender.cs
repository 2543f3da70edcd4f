using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Emails;

/// <summary>
/// Hands mails to the server that sends them on: so many at one time, and so many an hour for each tenant and each
/// address.
/// </summary>
internal sealed class MailSender(MeteringSettings settings, EmailLinks links, TimeProvider clock) : IDisposable
{
    private readonly EmailSettings _settings = settings.Email;
    private readonly SemaphoreSlim _room = new(settings.Email.Concurrency, settings.Email.Concurrency);
    private readonly Hourly _tenants = new(settings.Limits.TenantMailsPerHour);
    private readonly Hourly _addresses = new(settings.Limits.AddressMailsPerHour);
    private readonly Hourly _confirmations = new(settings.Limits.AddressConfirmationsPerHour);
    /// <summary>Of each tenant and address: a part of them, so that another tenant's is not what waits.</summary>
    private readonly Hourly _tenantsConfirmations = new(settings.Limits.TenantConfirmationsPerHour);
    private readonly Authorities? _authorities = new TlsFiles { Ca = settings.Email.Ca }.ReadAuthorities("Email");

    public EmailLinks Links => links;

    private Instant Now => Instant.From(clock.GetUtcNow());

    public void Dispose() => _room.Dispose();

    /// <summary>
    /// Zero: a mail to this address is to go now, and is counted. Else it may not before so long.
    /// </summary>
    /// <param name="newest">Of what is to go.</param>
    public TimeSpan Take(StoredWebhook to, Delivery newest)
    {
        var now = Now;
        var wait = Counts(to, newest).Max(one => one.Of.Wait(one.Key, now));
        if (wait > TimeSpan.Zero) return wait;
        foreach (var (of, key) in Counts(to, newest)) of.Take(key, now);
        return TimeSpan.Zero;
    }

    private IEnumerable<(Hourly Of, string Key)> Counts(StoredWebhook to, Delivery newest)
    {
        var isConfirmation = newest.Type == Mail.Confirmation;
        yield return (_tenants, newest.Tenant);
        yield return (isConfirmation ? _confirmations : _addresses, Address(to));
        if (isConfirmation) yield return (_tenantsConfirmations, $"{newest.Tenant} {Address(to)}");
    }

    private static string Address(StoredWebhook to) =>
        EmailAddress.Folded(to.Url[StoredEmail.Scheme.Length..]);

    /// <summary>One attempt, which <see cref="Take"/> has let through.</summary>
    /// <param name="write">Makes the mail.</param>
    public async Task<Attempt> Send(StoredWebhook to, Delivery newest, Func<CancellationToken, Task<Mail>> write,
        CancellationToken stop)
    {
        await _room.WaitAsync(stop);
        try
        {
            var attempt = await Try(to, write, stop);
            // What nobody has got is no mail; of what was broken off nobody knows.
            if (attempt.Succeeded || attempt.Wire.Error == "timeout") return attempt;
            foreach (var (of, key) in Counts(to, newest)) of.GiveBack(key);
            return attempt;
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task<Attempt> Try(StoredWebhook to, Func<CancellationToken, Task<Mail>> write,
        CancellationToken stop)
    {
        var (at, began) = (Now, clock.GetTimestamp());
        using var timeout = new CancellationTokenSource(_settings.Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            if (!_settings.IsOn) return Ended(null, "no_mail_server");
            using var message = (await write(either.Token)).Message(_settings.From!,
                to.Url[StoredEmail.Scheme.Length..], clock.GetUtcNow());
            await HandOver(message, either.Token);
            return Ended((int)SmtpStatusCode.Ok, null);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Ended(null, "timeout");
        }
        catch (SmtpCommandException refused)
        {
            // What the server says of this mail or this recipient for good; of us, it may think better.
            return Ended((int)refused.StatusCode, null) with { IsFinal = (int)refused.StatusCode / 100 == 5
                && refused.ErrorCode is SmtpErrorCode.RecipientNotAccepted or SmtpErrorCode.MessageNotAccepted };
        }
        catch (Exception failure) when (Name(failure) is not null)
        {
            return Ended(null, Name(failure));
        }

        Attempt Ended(int? status, string? error) => new(new AttemptWire(at.ToString(), status, error,
            (long)clock.GetElapsedTime(began).TotalMilliseconds), null);
    }

    private async Task HandOver(MimeMessage message, CancellationToken cancellation)
    {
        using var smtp = new SmtpClient();
        // Not what this machine is called within: where it is known.
        smtp.LocalDomain = new Uri(_settings.PublicUrl!).IdnHost;
        smtp.CheckCertificateRevocation = false; // as of webhooks: it would ask third parties
        if (_authorities is { } trusted)
            smtp.ServerCertificateValidationCallback = (_, certificate, chain, errors) =>
                !errors.HasFlag(System.Net.Security.SslPolicyErrors.RemoteCertificateNameMismatch)
                && certificate is X509Certificate2 one && trusted.HaveSigned(one, chain);
        await smtp.ConnectAsync(_settings.Host!, _settings.Port, _settings.Tls switch
        {
            EmailSettings.Implicit => SecureSocketOptions.SslOnConnect,
            EmailSettings.None => SecureSocketOptions.None,
            _ => SecureSocketOptions.StartTls,
        }, cancellation);
        if (_settings.User is { } user) await smtp.AuthenticateAsync(user, _settings.Password ?? "", cancellation);
        await smtp.SendAsync(message, cancellation);
        try
        {
            await smtp.DisconnectAsync(quit: true, cancellation);
        }
        catch (Exception failure) when (Name(failure) is not null || failure is OperationCanceledException)
        {
            // It has taken the mail.
        }
    }

    private static string? Name(Exception failure) => failure switch
    {
        AuthenticationException => "authentication_failed",
        // A server that does not offer STARTTLS, too.
        SslHandshakeException or NotSupportedException => "tls_failed",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } =>
            "name_not_resolved",
        SocketException or IOException => "connection_failed",
        ProtocolException or CommandException => "invalid_response",
        TenantFailedException or TenantUnavailableException => "tenant_unavailable",
        _ => null,
    };
}
