using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace VmPool.Networking;

/// <summary>Pieces of nftables' language that both rule sets are written with.</summary>
internal static class NftText
{
    public static bool IsV6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    public static string Family(IPAddress address) => IsV6(address) ? "ip6" : "ip";

    /// <summary>The part of a rule that matches an exception's destination and port.</summary>
    public static string Destination(AllowRule rule)
    {
        IPNetwork network = rule.Destination!.Value;
        string match = string.Create(CultureInfo.InvariantCulture, $"{Family(network.BaseAddress)} daddr {network}");
        return rule.Port is { } port
            ? string.Create(CultureInfo.InvariantCulture, $"{match} meta l4proto {{ tcp, udp }} th dport {port}")
            : match;
    }

    /// <summary>A comma-separated list of set members.</summary>
    public static string Elements(IEnumerable<object> values) => string.Join(", ", values);
}
