using System.Net;

namespace VmPool.Networking;

/// <summary>
/// Where a guest must not go unless <c>network.allow</c> says so: everything that is not the public internet. The ranges
/// for documentation (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32) are not here: nothing private lives in
/// them, and demonstrations and tests play the internet with them.
/// </summary>
internal static class RefusedNetworks
{
    /// <summary>IPv4: this network, private, carrier-grade NAT, loopback, link-local (cloud metadata), protocol assignments, benchmarks, multicast, reserved.</summary>
    public static IReadOnlyList<string> V4 { get; } =
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
    ];

    /// <summary>
    /// IPv6: unspecified, loopback, IPv4-mapped, unique local, link-local, site-local, multicast, the tunnels that carry an
    /// IPv4 address inside (6to4, Teredo, local NAT64), and what the public NAT64 prefix would translate into <see cref="V4"/>.
    /// </summary>
    public static IReadOnlyList<string> V6 { get; } =
    [
        "::/127", "::ffff:0:0/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        .. V4.Select(Nat64),
    ];

    private static string Nat64(string network)
    {
        IPNetwork v4 = IPNetwork.Parse(network);
        byte[] bytes = IPAddress.Parse("64:ff9b::").GetAddressBytes();
        v4.BaseAddress.GetAddressBytes().CopyTo(bytes, 12);
        return new IPNetwork(new IPAddress(bytes), 96 + v4.PrefixLength).ToString();
    }
}
