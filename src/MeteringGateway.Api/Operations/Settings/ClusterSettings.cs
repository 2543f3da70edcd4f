namespace MeteringGateway.Api.Operations;

/// <summary>The section <c>Metering:Cluster</c> of the settings: of a gateway that is a silo.</summary>
public sealed class ClusterSettings
{
    /// <summary>
    /// Or <c>--redis</c>: makes a gateway a silo. As StackExchange.Redis reads it:
    /// <c>host:port,password=...,ssl=true</c>; with Sentinel <c>s1:26379,s2:26379,s3:26379,serviceName=metering</c>; of
    /// a Redis Cluster some of its nodes.
    /// </summary>
    public string? Redis { get; set; }

    public bool IsSilo => !string.IsNullOrWhiteSpace(Redis);

    /// <summary>
    /// How many replicas must have received what is written, before it is acknowledged (<c>WAIT</c>); 0: none, 10 at
    /// most. <see href="#what-is-promised">Received is not synced</see>.
    /// </summary>
    public int Replicas { get; set; }

    /// <summary>To Redis.</summary>
    public TlsFiles RedisTls { get; set; } = new();

    /// <summary>
    /// Silos with the same one find each other; without colon or slash. One <c>ServiceId</c> has one: a silo does not
    /// start beside living silos of another one on its store, and a silo that one came to in spite of that says so in
    /// the log.
    /// </summary>
    public string ClusterId { get; set; } = "metering";

    /// <summary>
    /// Begins every key in Redis; without colon or slash. Never change it: the silos would find an empty store.
    /// </summary>
    public string ServiceId { get; set; } = "metering";

    /// <summary>Between silos; its own for each silo of a machine.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>IP address at which the other silos reach this one; without one the host's own.</summary>
    public string? AdvertisedAddress { get; set; }

    /// <summary>Between silos, switched on <see href="#security">all at once</see>, all three.</summary>
    public TlsFiles SiloTls { get; set; } = new();

    /// <summary>How often silos ask each other whether they live; from 100 ms to 1 min.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>So many in a row unanswered, and a silo is taken for dead; 1 to 100.</summary>
    public int MissedProbes { get; set; } = 3;

    /// <summary>
    /// How long a caller waits, in all, before it is answered 503; and a start for Redis. From 100 ms to 10 min; longer
    /// than it takes to find a silo that hangs, or callers see the 503.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a silo answers from memory after it last saw that it belongs to the cluster; 100 ms or more, and no
    /// longer than <c>ProbeTimeout</c> times <c>MissedProbes</c>.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a silo that was told to stop goes on serving, unready, so that a load balancer can turn away from it;
    /// 20 s at most, of the 30 that an end may take.
    /// </summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a silo asks whether plans, keys or webhooks were changed elsewhere.</summary>
    public TimeSpan BooksPoll { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How often a silo looks whether it has more tenants than its share, and lets some move; 0: never; 1 s or more.
    /// </summary>
    public TimeSpan BalanceEvery { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Who one side of TLS connections is, and whom it trusts: PEM files, read when the process starts. Nothing but what
/// the authorities of <see cref="Ca"/> have signed is trusted, whatever the machine trusts otherwise.
/// </summary>
public sealed class TlsFiles
{
    /// <summary>
    /// PEM file of the authority that must have signed the other side's certificate, which is for its host name.
    /// Naming it makes connections TLS.
    /// </summary>
    public string? Ca { get; set; }

    /// <summary>PEM file: the certificate that this side shows; to Redis only where that asks for one.</summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file: that certificate's private key, not encrypted.</summary>
    public string? Key { get; set; }

    public bool IsGiven => Ca is not null || Certificate is not null || Key is not null;
}
