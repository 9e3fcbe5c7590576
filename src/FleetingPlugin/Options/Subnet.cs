using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FleetingPlugin.Options;

/// <summary>Strict reading of networks: the platform's own parser also takes "10.1" and octal octets, which are typing errors here.</summary>
internal static class Subnet
{
    // The fixed network inside every guest (docs/ARCHITECTURE.md): a slot address in it would be unreachable from the guest.
    private static readonly IPNetwork GuestNetwork = IPNetwork.Parse("10.255.255.0/30");

    private static readonly (IPNetwork Network, string What)[] Unusable =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "\"this network\""),
        (IPNetwork.Parse("127.0.0.0/8"), "loopback"),
        (IPNetwork.Parse("169.254.0.0/16"), "link-local"),
        (IPNetwork.Parse("224.0.0.0/3"), "multicast and reserved"),
    ];

    /// <summary>How many slots a network has: one /31 each.</summary>
    public static int Slots(IPNetwork network) => 1 << (31 - network.PrefixLength);

    /// <summary>Reads vm_subnet: CIDR, or fleetingd's three octets with a final point.</summary>
    public static Reading<IPNetwork> ReadSlotNetwork(string text)
    {
        var cidr = text.EndsWith('.') && text.Count(c => c == '.') == 3 ? text + "0/24" : text;
        var reading = ReadCidr(cidr);
        if (!reading.Success)
        {
            return reading;
        }

        var network = reading.Value;
        if (network.BaseAddress.AddressFamily != AddressFamily.InterNetwork)
        {
            return Reading<IPNetwork>.Fault("it is not IPv4");
        }

        if (network.PrefixLength is < 8 or > 30)
        {
            return Reading<IPNetwork>.Fault($"the prefix length must be 8 to 30: /30 has 2 slots, /20 has {Slots(IPNetwork.Parse("10.210.0.0/20"))}");
        }

        if (Overlap(network, GuestNetwork))
        {
            return Reading<IPNetwork>.Fault($"it overlaps {GuestNetwork}, the fixed network inside every guest");
        }

        foreach (var (unusable, what) in Unusable)
        {
            if (Overlap(network, unusable))
            {
                return Reading<IPNetwork>.Fault($"{unusable} ({what}) cannot be used for slots");
            }
        }

        return reading;
    }

    /// <summary>Reads ADDRESS/LENGTH of either family; bits behind the prefix are a fault that tells the network meant.</summary>
    public static Reading<IPNetwork> ReadCidr(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return Reading<IPNetwork>.Fault("the prefix length is missing");
        }

        if (ReadAddress(text[..slash]) is not { } address)
        {
            return Reading<IPNetwork>.Fault($"\"{text[..slash]}\" is not an address");
        }

        var bits = address.GetAddressBytes().Length * 8;
        var length = text[(slash + 1)..];
        if (length.Length is 0 or > 3 || !length.All(char.IsAsciiDigit) || int.Parse(length, CultureInfo.InvariantCulture) is var prefix && prefix > bits)
        {
            return Reading<IPNetwork>.Fault($"\"/{length}\" is not a prefix length from 0 to {bits}");
        }

        var masked = Mask(address, prefix);
        return masked.Equals(address)
            ? Reading<IPNetwork>.Of(new IPNetwork(masked, prefix))
            : Reading<IPNetwork>.Fault($"{address} is not the first address of its network; did you mean \"{masked}/{prefix}\"?");
    }

    /// <summary>An address in its ordinary notation without a zone, or null.</summary>
    public static IPAddress? ReadAddress(string text)
    {
        if (!IPAddress.TryParse(text, out var address) || text.AsSpan().ContainsAny("%[]"))
        {
            return null;
        }

        // Only the canonical four decimal octets: 010.0.0.1 is eight to some programs and ten to others.
        return address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text ? address : null;
    }

    private static bool Overlap(IPNetwork one, IPNetwork other) => one.Contains(other.BaseAddress) || other.Contains(one.BaseAddress);

    private static IPAddress Mask(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        if (bytes.Length == 4)
        {
            var mask = prefix == 0 ? 0 : uint.MaxValue << (32 - prefix);
            BinaryPrimitives.WriteUInt32BigEndian(bytes, BinaryPrimitives.ReadUInt32BigEndian(bytes) & mask);
        }
        else
        {
            var mask = prefix == 0 ? 0 : UInt128.MaxValue << (128 - prefix);
            BinaryPrimitives.WriteUInt128BigEndian(bytes, BinaryPrimitives.ReadUInt128BigEndian(bytes) & mask);
        }

        return new IPAddress(bytes);
    }
}
