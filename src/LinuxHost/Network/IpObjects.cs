using System.Text.Json.Serialization;

namespace LinuxHost;

// Values that iproute2 leaves out take the defaults of the constructor parameters: source-generated deserialization
// honours those, but not the initializers of init-only properties.

/// <summary>A network device as `ip -json -details link` shows it.</summary>
/// <param name="Index">Interface index, unique in its namespace.</param>
/// <param name="Name">At most 15 bytes.</param>
/// <param name="Mtu">Bytes.</param>
/// <param name="Flags">UP, LOWER_UP, LOOPBACK, …</param>
/// <param name="MacAddress">In lower case; empty for devices without one.</param>
/// <param name="Alias">Free text set by `ip link set … alias`.</param>
/// <param name="LinkKind">The kind of virtual device; absent for physical ones.</param>
public sealed record IpLink(
    [property: JsonPropertyName("ifindex")] int Index,
    [property: JsonPropertyName("ifname")] string Name,
    [property: JsonPropertyName("mtu")] int Mtu = 0,
    IReadOnlyList<string>? Flags = null,
    [property: JsonPropertyName("address")] string MacAddress = "",
    [property: JsonPropertyName("ifalias")] string Alias = "",
    [property: JsonPropertyName("linkinfo")] IpLinkKind? LinkKind = null)
{
    /// <summary>UP, LOWER_UP, LOOPBACK, …</summary>
    [JsonPropertyName("flags")]
    public IReadOnlyList<string> Flags { get; } = Flags ?? [];

    /// <summary>veth, tun, bridge, …; empty for physical devices.</summary>
    [JsonIgnore]
    public string Kind => LinkKind?.Kind ?? "";

    /// <summary>Administratively up.</summary>
    [JsonIgnore]
    public bool IsUp => Flags.Contains("UP");
}

/// <summary>The part of a link that names its kind.</summary>
/// <param name="Kind">veth, tun, bridge, …</param>
public sealed record IpLinkKind([property: JsonPropertyName("info_kind")] string Kind = "");

/// <summary>One address of one interface.</summary>
/// <param name="InterfaceName">The device that holds it.</param>
/// <param name="Local">The address, without prefix length.</param>
/// <param name="PrefixLength">0 to 32 or 128.</param>
/// <param name="Family">inet or inet6.</param>
/// <param name="Scope">global, link, host.</param>
public sealed record IpAddress(string InterfaceName, string Local, int PrefixLength, string Family, string Scope);

/// <summary>One route of one table.</summary>
/// <param name="Destination">"default", an address, or an address with prefix length.</param>
/// <param name="Gateway">Next hop; absent for connected networks.</param>
/// <param name="InterfaceName">Outgoing interface; empty for blackholes and multipath routes.</param>
/// <param name="Type">unicast, local, broadcast, blackhole, unreachable, …</param>
/// <param name="Table">main, local, default, or a number.</param>
/// <param name="PreferredSource">Source address of packets that have none yet.</param>
/// <param name="Metric">Lower wins.</param>
/// <param name="Family">inet or inet6.</param>
public sealed record IpRoute(
    [property: JsonPropertyName("dst")] string Destination,
    [property: JsonPropertyName("gateway")] string? Gateway = null,
    [property: JsonPropertyName("dev")] string InterfaceName = "",
    [property: JsonPropertyName("type")] string Type = "unicast",
    [property: JsonPropertyName("table")] string Table = "main",
    [property: JsonPropertyName("prefsrc")] string? PreferredSource = null,
    [property: JsonPropertyName("metric")] long Metric = 0,
    string Family = "")
{
    /// <summary>A usable default route.</summary>
    [JsonIgnore]
    public bool IsDefault => Destination == "default" && Type == "unicast" && Table == "main";
}

/// <summary>One interface in the answer of `ip -json address`.</summary>
internal sealed record IpInterfaceEntry(
    [property: JsonPropertyName("ifname")] string InterfaceName = "",
    [property: JsonPropertyName("addr_info")] IReadOnlyList<IpAddressEntry>? Addresses = null);

/// <summary>One address in that answer.</summary>
internal sealed record IpAddressEntry(
    [property: JsonPropertyName("local")] string Local = "",
    [property: JsonPropertyName("prefixlen")] int PrefixLength = 0,
    [property: JsonPropertyName("family")] string Family = "",
    [property: JsonPropertyName("scope")] string Scope = "");

[JsonSerializable(typeof(IpLink[]))]
[JsonSerializable(typeof(IpInterfaceEntry[]))]
[JsonSerializable(typeof(IpRoute[]))]
internal sealed partial class IpJsonContext : JsonSerializerContext;
