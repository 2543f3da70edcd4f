using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>The section <c>Metering:Cluster</c> of the settings.</summary>
internal sealed class ClusterSettings
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Metering:Cluster";

    /// <summary>
    /// The Redis that all silos share, as StackExchange.Redis reads it: <c>host:port,password=...,ssl=true</c>.
    /// </summary>
    public string Redis { get; set; } = "127.0.0.1:6379";

    /// <summary>With any of them, connections to Redis are TLS; <see cref="TlsFiles.Certificate"/> only where Redis
    /// asks for one.</summary>
    public TlsFiles RedisTls { get; set; } = new();

    /// <summary>Silos with the same cluster id find each other.</summary>
    public string ClusterId { get; set; } = "metering";

    /// <summary>
    /// Prefix of every key in Redis: what was written under one service id is not seen under another.
    /// </summary>
    public string ServiceId { get; set; } = "metering";

    /// <summary>Where this silo listens for the others.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>Where the other silos reach this one: an IP address. Null: the host's own.</summary>
    public string? AdvertisedAddress { get; set; }

    /// <summary>
    /// With all of them, silos show each other certificates, and take no others than those of the CA.
    /// </summary>
    public TlsFiles SiloTls { get; set; } = new();

    /// <summary>How often silos ask each other whether they live.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// So many probes in a row unanswered, and a silo is taken for dead: its tenants live elsewhere from then on.
    /// </summary>
    public int MissedProbes { get; set; } = 3;

    /// <summary>
    /// How long a caller is kept waiting, in all, while its tenant moves or does not answer, before it is answered
    /// 503; and how long a start waits for Redis.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a silo answers from memory after it last saw that it belongs to the cluster.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a silo that was told to stop goes on serving, unready, so that a load balancer can turn away from it.
    /// </summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a silo asks whether plans, keys or webhooks were changed elsewhere.</summary>
    public TimeSpan BooksPoll { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <exception cref="InvalidOperationException">They are not possible; the message names the setting.</exception>
    public static ClusterSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<ClusterSettings>() ?? new ClusterSettings();
        ClusterSettingsCheck.Demand(settings);
        return settings;
    }

    /// <summary>
    /// How often a silo looks whether it has more tenants than its share, and lets some move; zero: never.
    /// </summary>
    public TimeSpan BalanceEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A Redis that is not there yet, or for a moment, is tried again and again; a command without an answer, soon.
    /// </summary>
    /// <exception cref="InvalidOperationException">They are not possible; the message names the setting.</exception>
    public ConfigurationOptions RedisOptions()
    {
        var options = ClusterSettingsCheck.Parse(Redis);
        options.AbortOnConnectFail = false;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        options.AsyncTimeout = Math.Min(options.AsyncTimeout, 2000);
        if (RedisTls.IsGiven) AddTls(options);
        return options;
    }

    private void AddTls(ConfigurationOptions options)
    {
        options.Ssl = true;
        if (RedisTls.ReadAuthorities($"{Section}:RedisTls") is { } authorities)
            // It must be the host that was asked for, too.
            options.CertificateValidation += (_, certificate, chain, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
                    && authorities.HaveSigned((X509Certificate2)certificate!, chain);
        if (RedisTls.ReadCertificate($"{Section}:RedisTls") is { } own)
            options.CertificateSelection += (_, _, _, _, _) => own;
    }
}
