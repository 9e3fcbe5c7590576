using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace FleetingPlugin.Options;

/// <summary>Values of plugin_config that speak of addresses.</summary>
internal static class NetworkRules
{
    /// <summary>vm_subnet.</summary>
    public static ValueRule<IPNetwork> SlotNetwork { get; } = new("IPv4 network", "an IPv4 network from /8 to /30 such as \"10.210.0.0/20\", or fleetingd's \"172.16.120.\" for that /24",
        element => element.ValueKind == JsonValueKind.String ? Subnet.ReadSlotNetwork(element.GetString()!) : Rules.WrongKind<IPNetwork>(element));

    /// <summary>network.allow; entries come out as <c>CIDR</c>, <c>CIDR:port</c> or <c>host:port</c>, whatever shorthand was written.</summary>
    public static ValueRule<IReadOnlyList<string>> Allow { get; } = Rules.List("array of strings",
        "an array of \"CIDR\", \"CIDR:port\" or \"host:port\" (the word host: this machine)",
        element => element.ValueKind == JsonValueKind.String ? ReadAllowed(element.GetString()!) : Rules.WrongKind<string>(element));

    /// <summary>network.dns.</summary>
    public static ValueRule<IReadOnlyList<IPAddress>> Resolvers { get; } = Rules.List("array of addresses", "an array of resolver addresses",
        element => element.ValueKind == JsonValueKind.String ? ReadResolver(element.GetString()!) : Rules.WrongKind<IPAddress>(element));

    private static Reading<IPAddress> ReadResolver(string text) =>
        Subnet.ReadAddress(text) is not { } address ? Reading<IPAddress>.Fault("is not an address")
        : IPAddress.IsLoopback(address) ? Reading<IPAddress>.Fault("a loopback resolver cannot be reached from a guest")
        : address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.IsIPv6Multicast || address.IsIPv6LinkLocal ? Reading<IPAddress>.Fault("is not an address that a guest can ask")
        : Reading<IPAddress>.Of(address);

    private static Reading<string> ReadAllowed(string text)
    {
        var (destination, port) = SplitPort(text);
        if (port is not null && (port.Length is 0 or > 5 || !port.All(char.IsAsciiDigit) || int.Parse(port, CultureInfo.InvariantCulture) is < 1 or > 65535))
        {
            return Reading<string>.Fault($"\"{port}\" is not a port from 1 to 65535");
        }

        var suffix = port is null ? "" : ":" + int.Parse(port, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
        if (destination.Equals("host", StringComparison.OrdinalIgnoreCase))
        {
            return port is null ? Reading<string>.Fault("\"host\" needs a port, as in \"host:5000\"") : Reading<string>.Of("host" + suffix);
        }

        if (Subnet.ReadAddress(destination) is { } address)
        {
            return Reading<string>.Of($"{address}/{(address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)}{suffix}");
        }

        if (!destination.Contains('/', StringComparison.Ordinal))
        {
            return Reading<string>.Fault("is neither a network nor \"host:port\"; names are not looked up, write the address");
        }

        var network = Subnet.ReadCidr(destination);
        return network.Success ? Reading<string>.Of(network.Value + suffix) : Reading<string>.Fault(network.Reason);
    }

    // The port is what follows the colon behind the prefix length, behind a bracket, or the only colon there is: IPv6 has colons of its own.
    private static (string Destination, string? Port) SplitPort(string text)
    {
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var bracket)
        {
            var inner = text[1..bracket];
            var rest = text[(bracket + 1)..];
            var portMark = rest.IndexOf(':', StringComparison.Ordinal);
            return portMark < 0 ? (inner + rest, null) : (inner + rest[..portMark], rest[(portMark + 1)..]);
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var colon = slash >= 0 ? text.IndexOf(':', slash)
            : text.Count(c => c == ':') == 1 ? text.IndexOf(':', StringComparison.Ordinal)
            : -1;
        return colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }
}
