namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Email</c> of the settings.</summary>
public sealed class EmailSettings
{
    /// <summary>
    /// The mail server that alerts are handed to (<see href="webhooks.md#by-mail">alerts by mail</see>). Without it
    /// nothing is mailed.
    /// </summary>
    public string? Host { get; set; }

    public bool IsOn => !string.IsNullOrWhiteSpace(Host);

    /// <summary>The port of the mail server.</summary>
    public int Port { get; set; } = 587;

    /// <summary>
    /// <c>starttls</c>: TLS is asked for on a plain connection, and without it nothing is sent; <c>implicit</c>: TLS
    /// from the first byte (port 465, as a rule); <c>none</c>: no TLS, for a server on the same machine.
    /// </summary>
    public string Tls { get; set; } = StartTls;

    public const string StartTls = "starttls";
    public const string Implicit = "implicit";
    public const string None = "none";

    /// <summary>
    /// PEM file of the authorities that the server's certificate is of; without it, those that the system trusts.
    /// </summary>
    public string? Ca { get; set; }

    /// <summary>With it the gateway signs in; not without TLS.</summary>
    public string? User { get; set; }

    /// <summary>Given by the environment, <c>METERING__EMAIL__PASSWORD</c>; it is in no log.</summary>
    public string? Password { get; set; }

    /// <summary>The address that mails come from.</summary>
    public string? From { get; set; }

    /// <summary>
    /// Where people reach the gateway: links in mails begin with it, such as <c>https://metering.example</c>.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>One mail in all: connection, sign-in, and the server's answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Mails that are handed over at one time.</summary>
    public int Concurrency { get; set; } = 4;
}
