using System.Net;
using StackExchange.Redis;

namespace MeteringGateway.Cluster;

/// <summary>What is wrong with the settings of a silo, each said with its name.</summary>
internal static class ClusterSettingsCheck
{
    /// <exception cref="InvalidOperationException">They are not possible; the message names the setting.</exception>
    public static void Demand(ClusterSettings settings)
    {
        Demand(settings.SiloPort is >= 1 and <= 65_535, nameof(settings.SiloPort),
            $"must be a port from 1 to 65535, not {settings.SiloPort}");
        Demand(settings.AdvertisedAddress is null || IsAddress(settings.AdvertisedAddress),
            nameof(settings.AdvertisedAddress),
            $"must be the IP address at which the other silos reach this one, not '{settings.AdvertisedAddress}'");
        Demand(settings.ClusterId.Length > 0, nameof(settings.ClusterId), "must not be empty");
        Demand(settings.ServiceId.Length > 0, nameof(settings.ServiceId), "must not be empty");
        Demand(settings.MissedProbes > 0, nameof(settings.MissedProbes), "must be 1 or more");
        Positive(settings.ProbeTimeout, nameof(settings.ProbeTimeout));
        Positive(settings.Patience, nameof(settings.Patience));
        Positive(settings.Lease, nameof(settings.Lease));
        Positive(settings.BooksPoll, nameof(settings.BooksPoll));
        Demand(settings.DrainDelay >= TimeSpan.Zero, nameof(settings.DrainDelay), "must not be negative");
        Demand(settings.BalanceEvery >= TimeSpan.Zero, nameof(settings.BalanceEvery), "must not be negative");
        var tls = settings.SiloTls;
        Demand(!tls.IsGiven || (tls.Ca is not null && tls.Certificate is not null && tls.Key is not null),
            nameof(settings.SiloTls), "must have all of Ca, Certificate and Key: silos show each other who they are");
        settings.RedisOptions();
    }

    /// <exception cref="InvalidOperationException">It is no address of a Redis.</exception>
    public static ConfigurationOptions Parse(string redis)
    {
        if (redis.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme)
            throw Wrong(nameof(ClusterSettings.Redis),
                "is host:port, and options after commas, such as 127.0.0.1:6379,password=...,ssl=true: "
                    + $"without '{redis[..(scheme + 3)]}'");
        try
        {
            var options = ConfigurationOptions.Parse(redis);
            Demand(options.EndPoints.Count > 0, nameof(ClusterSettings.Redis), "names no host, such as 127.0.0.1:6379");
            foreach (var endpoint in options.EndPoints)
                Demand(Port(endpoint) is >= 0 and <= 65_535, nameof(ClusterSettings.Redis),
                    $"has the port {Port(endpoint)}: a port is from 1 to 65535");
            return options;
        }
        catch (ArgumentException failure)
        {
            throw Wrong(nameof(ClusterSettings.Redis), $"cannot be read: {failure.Message}");
        }
    }

    private static int Port(EndPoint endpoint) => endpoint switch
    {
        DnsEndPoint named => named.Port,
        IPEndPoint numbered => numbered.Port,
        _ => 0,
    };

    // A lone number, or two, would pass for one.
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address) && (text.Contains(':', StringComparison.Ordinal)
            || text.Count(one => one == '.') == 3)
            && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    private static void Positive(TimeSpan time, string name) =>
        Demand(time > TimeSpan.Zero, name, "must be longer than 00:00:00");

    private static void Demand(bool fulfilled, string name, string must)
    {
        if (!fulfilled) throw Wrong(name, must);
    }

    private static InvalidOperationException Wrong(string name, string what) =>
        new($"The setting {ClusterSettings.Section}:{name} {what}.");
}
