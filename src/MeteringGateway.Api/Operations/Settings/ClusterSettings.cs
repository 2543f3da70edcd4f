namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Cluster</c> of the settings: of a gateway that is a silo.</summary>
public sealed class ClusterSettings
{
    /// <summary>
    /// The Redis that all silos share, as StackExchange.Redis reads it: <c>host:port,password=...,ssl=true</c>.
    /// It makes a gateway a silo.
    /// </summary>
    public string? Redis { get; set; }

    public bool IsSilo => !string.IsNullOrWhiteSpace(Redis);

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
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a silo answers from memory after it last saw that it belongs to the cluster.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a silo that was told to stop goes on serving, unready, so that a load balancer can turn away from it.
    /// </summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a silo asks whether plans, keys or webhooks were changed elsewhere.</summary>
    public TimeSpan BooksPoll { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How often a silo looks whether it has more tenants than its share, and lets some move; zero: never.
    /// </summary>
    public TimeSpan BalanceEvery { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Who one side of TLS connections is, and whom it trusts: PEM files, read when the process starts. Nothing but what
/// the authorities of <see cref="Ca"/> have signed is trusted, whatever the machine trusts otherwise.
/// </summary>
public sealed class TlsFiles
{
    /// <summary>Whose signature the other side's certificate must have.</summary>
    public string? Ca { get; set; }

    /// <summary>What this side shows.</summary>
    public string? Certificate { get; set; }

    /// <summary>The certificate's private key, not encrypted.</summary>
    public string? Key { get; set; }

    public bool IsGiven => Ca is not null || Certificate is not null || Key is not null;
}
