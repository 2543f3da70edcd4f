namespace MeteringGateway.Sdk;

/// <summary>Which gateway, as whom, and how patiently.</summary>
public sealed class MeteringOptions
{
    /// <summary>Such as <c>https://metering.example/</c>.</summary>
    public Uri? Address { get; set; }

    /// <summary>A key with the role <c>agent</c>. It is never logged.</summary>
    public string? Key { get; set; }

    /// <summary>Tenants whose signals are listened to, 1 to 100.</summary>
    public IList<string> Tenants { get; } = [];

    /// <summary>The CloudEvents source of events that name none; one for each runtime (I1).</summary>
    public string Source { get; set; } = "/agents";

    /// <summary>The outbox' file; null: there is none, and reports are sent while their caller waits.</summary>
    public string? OutboxFile { get; set; }

    /// <summary>Bytes of reports that wait in the outbox; beyond them it takes none.</summary>
    public long OutboxBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often one call is attempted, the first included.</summary>
    public int Attempts { get; set; } = 4;

    /// <summary>How long a call is attempted again, waiting included; what takes longer is not waited for.</summary>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A stream that was silent for so long is opened again; the gateway sends something each 15 s.</summary>
    public TimeSpan SilenceTimeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <exception cref="ArgumentException">Something is missing, or makes no sense.</exception>
    internal void Check()
    {
        if (Address is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            throw new ArgumentException("Address must be an http or https address.");
        if (string.IsNullOrEmpty(Key) || Key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw new ArgumentException("Key must be a gateway's key.");
        if (Tenants.Count > 100) throw new ArgumentException("One stream is of at most 100 tenants.");
        if (Attempts < 1) throw new ArgumentException("Attempts must be at least 1.");
        if (OutboxBytes < 4096) throw new ArgumentException("OutboxBytes must be at least 4096.");
        if (AttemptTimeout <= TimeSpan.Zero || RetryFor < TimeSpan.Zero || SilenceTimeout <= TimeSpan.Zero)
            throw new ArgumentException("Times must be longer than none.");
    }
}
