using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace VmPool.Networking;

/// <summary>What the rules of a slot depend on besides its number: this group's configuration and the host as it is now.</summary>
public sealed record SlotPolicy
{
    /// <summary>Interface on which guests' IPv4 traffic leaves.</summary>
    public required string EgressLink { get; init; }

    /// <summary>Interface on which guests' IPv6 traffic leaves; absent when the host does not forward IPv6 for us.</summary>
    public string? EgressLink6 { get; init; }

    /// <summary>MTU of the whole path up to the guest: that of the egress interface.</summary>
    public required int Mtu { get; init; }

    /// <summary>Whether the host's kernel has IPv6 at all.</summary>
    public required bool HasIpv6 { get; init; }

    /// <summary>Addresses of the slots, refused as a destination.</summary>
    public required IPNetwork Subnet { get; init; }

    /// <summary>Resolvers that the guest's questions to its gateway go to.</summary>
    public required IReadOnlyList<IPAddress> Resolvers { get; init; }

    /// <summary>The host's own addresses, refused as a destination.</summary>
    public required IReadOnlyList<IPAddress> HostAddresses { get; init; }

    /// <summary>Exceptions.</summary>
    public required IReadOnlyList<AllowRule> Allow { get; init; }

    /// <summary>Where the operator's guests have their SSH server, see <see cref="Options.NetworkOptions.SshPort"/>.</summary>
    public int SshPort { get; init; } = GuestNetwork.SshPort;

    /// <summary>Two policies with the same fingerprint make the same slot.</summary>
    public string Fingerprint()
    {
        // The kernel may list addresses in any order.
        IEnumerable<string> addresses = HostAddresses.Select(address => address.ToString()).Order(StringComparer.Ordinal);
        string text = string.Join('\n',
        [
            EgressLink, EgressLink6 ?? "", Mtu.ToString(CultureInfo.InvariantCulture), HasIpv6 ? "6" : "4", Subnet.ToString(),
            SshPort.ToString(CultureInfo.InvariantCulture), string.Join(' ', Resolvers), string.Join(' ', addresses), string.Join(' ', Allow),
        ]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
    }
}
