using System.Net;

namespace VmPool.Networking;

/// <summary>
/// The network identity that every guest of every group has. It never varies, so neither a running guest nor a saved one
/// has to learn anything about its slot.
/// </summary>
public static class GuestNetwork
{
    /// <summary>Prefix length of the guest's IPv4 network.</summary>
    public const int PrefixLength = 30;

    /// <summary>Prefix length of the guest's IPv6 network.</summary>
    public const int PrefixLength6 = 64;

    /// <summary>MAC address of the guest's network card.</summary>
    public const string GuestMac = "52:54:00:00:00:02";

    /// <summary>MAC address of tap0, which the guest knows as its gateway's.</summary>
    public const string GatewayMac = "52:54:00:00:00:01";

    /// <summary>Port of the agent inside the guest.</summary>
    public const int AgentPort = 1022;

    /// <summary>Port of the guest's sshd.</summary>
    public const int SshPort = 22;

    /// <summary>The guest's IPv4 address.</summary>
    public static IPAddress Address { get; } = IPAddress.Parse("10.255.255.2");

    /// <summary>The guest's IPv6 address.</summary>
    public static IPAddress Address6 { get; } = IPAddress.Parse("fd76:6d70:6f6f:6c00::2");

    /// <summary>The guest's gateway and resolver.</summary>
    public static IPAddress Gateway { get; } = IPAddress.Parse("10.255.255.1");

    /// <summary>The guest's IPv6 gateway and resolver.</summary>
    public static IPAddress Gateway6 { get; } = IPAddress.Parse("fd76:6d70:6f6f:6c00::1");

    /// <summary>The IPv4 network between guest and gateway.</summary>
    public static IPNetwork Network { get; } = IPNetwork.Parse("10.255.255.0/30");
}
