using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>The section <c>Metering:Cluster</c> of the settings.</summary>
internal sealed class ClusterSettings
{
    /// <summary>
    /// The Redis that all silos share, as StackExchange.Redis reads it: <c>host:port,password=...,ssl=true</c>.
    /// </summary>
    public string Redis { get; set; } = "127.0.0.1:6379";

    /// <summary>Silos with the same cluster id find each other.</summary>
    public string ClusterId { get; set; } = "metering";

    /// <summary>
    /// Prefix of every key in Redis: what was written under one service id is not seen under another.
    /// </summary>
    public string ServiceId { get; set; } = "metering";

    public int SiloPort { get; set; } = 11111;
    public int GatewayPort { get; set; } = 30000;

    /// <summary>Where the other silos reach this one: an IP address. Null: the host's own.</summary>
    public string? AdvertisedAddress { get; set; }

    /// <summary>How often silos ask each other whether they live.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// So many probes in a row unanswered, and a silo is taken for dead: its tenants live elsewhere from then on.
    /// </summary>
    public int MissedProbes { get; set; } = 3;

    /// <summary>
    /// How long a caller is kept waiting, in all, while its tenant moves or does not answer, before it is answered 503.
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

    /// <exception cref="InvalidOperationException">The settings are not possible.</exception>
    public static ClusterSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection("Metering:Cluster").Get<ClusterSettings>() ?? new ClusterSettings();
        return settings.IsValid ? settings
            : throw new InvalidOperationException("The settings Metering:Cluster are not possible.");
    }

    /// <summary>
    /// How often a silo looks whether it has more tenants than its share, and lets some move; zero: never.
    /// </summary>
    public TimeSpan BalanceEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// One that is not there yet, or for a moment, is tried again and again; a command without an answer, soon.
    /// </summary>
    public ConfigurationOptions RedisOptions()
    {
        var options = ConfigurationOptions.Parse(Redis);
        options.AbortOnConnectFail = false;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        options.AsyncTimeout = Math.Min(options.AsyncTimeout, 2000);
        return options;
    }

    public bool IsValid =>
        ProbeTimeout > TimeSpan.Zero && MissedProbes > 0 && Patience > TimeSpan.Zero
        && Lease > TimeSpan.Zero && DrainDelay >= TimeSpan.Zero && BooksPoll > TimeSpan.Zero
        && BalanceEvery >= TimeSpan.Zero
        && ClusterId.Length > 0 && ServiceId.Length > 0
        && (AdvertisedAddress is null || System.Net.IPAddress.TryParse(AdvertisedAddress, out _));
}
