using System.Net;
using System.Net.Sockets;

namespace MeteringGateway.Api.Webhooks;

/// <summary>Which addresses are on the public internet, by IANA's registries of special-purpose addresses.</summary>
internal static class PublicAddress
{
    private static readonly IPNetwork[] NotPublic4 =
    [
        .. new[]
        {
            "0.0.0.0/8", // this network
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // private
            "100.64.0.0/10", // shared by carriers
            "127.0.0.0/8", // loopback
            "169.254.0.0/16", // link-local; the metadata of cloud machines
            "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // protocols, documentation
            "192.88.99.0/24", // relays of 6to4
            "198.18.0.0/15", // benchmarks
            "224.0.0.0/4", "240.0.0.0/4", // multicast, reserved, broadcast
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork Unicast6 = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    private static readonly IPNetwork[] NotPublic6 =
    [
        .. new[]
        {
            "2001::/23", // protocols; Teredo
            "2001:db8::/32", "3fff::/20", // documentation
            "2002::/16", // 6to4: any IPv4 address may be in it
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>
    /// False for an address that is not public, and for the names that stand for this machine (RFC 6761, 6.3); what
    /// other names stand for is seen when they are called.
    /// </summary>
    /// <param name="host">Without brackets; a name in ASCII.</param>
    public static bool MayBe(string host)
    {
        host = host.TrimEnd('.'); // the root, which a name may end with
        if (IPAddress.TryParse(host, out var address)) return IsPublic(address);
        return !host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            && !host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }

    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return IsPublic(address.MapToIPv4());
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !NotPublic4.Any(network => network.Contains(address));
        // What a network without IPv4 makes of an IPv4 address.
        if (Nat64.Contains(address)) return IsPublic(new IPAddress(address.GetAddressBytes().AsSpan(12)));
        // Loopback, link-local, unique local, multicast and the rest are outside.
        return Unicast6.Contains(address) && !NotPublic6.Any(network => network.Contains(address));
    }
}
