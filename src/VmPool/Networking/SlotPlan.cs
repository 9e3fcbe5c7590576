using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace VmPool.Networking;

/// <summary>
/// Every name and address of one slot, computed from its number and nothing else, so that whoever finds a leftover knows
/// whose it is. The number is the slot's place among all IPv4 /31 pairs (address divided by two): two groups with
/// different subnets can never mean different slots by the same number. See docs/adr/0004-slots.md.
/// <code>
///   number 87621633 = 10.210.0.2/31:  host end 10.210.0.2 (vmp0ad20003)  ══  slot 10.210.0.3 (ext0 in vmpool-10.210.0.3)
/// </code>
/// </summary>
public sealed record SlotPlan
{
    /// <summary>What every interface of ours on the host begins with; eight hexadecimal digits follow.</summary>
    public const string LinkPrefix = "vmp";

    /// <summary>What every network namespace of ours begins with; the slot's address follows.</summary>
    public const string NamespacePrefix = "vmpool-";

    /// <summary>Name of the veth end inside the slot.</summary>
    public const string SlotLink = "ext0";

    /// <summary>Name of the guest's TAP device inside the slot.</summary>
    public const string TapLink = "tap0";

    /// <summary>MAC address of the host's veth end; the same in all slots, because each link has only two ends.</summary>
    public const string HostMac = "52:54:00:00:01:01";

    /// <summary>MAC address of the slot's veth end.</summary>
    public const string SlotMac = "52:54:00:00:01:02";

    // Above the ranges of systemd (containers end at 0x6fffffff) and of subordinate ids, below 2^31.
    private const uint FirstUserId = 0x7000_0000;
    private const uint UserIdMask = 0x0fff_ffff;

    private static readonly byte[] LinkNetwork6 = IPAddress.Parse("fd76:6d70:6f6f:6c01::").GetAddressBytes();

    /// <summary>Computes the plan of a slot.</summary>
    /// <param name="number">0 to 2^31 - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public SlotPlan(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        Number = number;
        uint host = (uint)number << 1;
        HostAddress = ToAddress(host);
        Address = ToAddress(host + 1);
        HostAddress6 = ToAddress6(host);
        Address6 = ToAddress6(host + 1);
        HostLink = LinkPrefix + (host + 1).ToString("x8", CultureInfo.InvariantCulture);
        Namespace = NamespacePrefix + Address;
        UserId = FirstUserId + ((uint)number & UserIdMask);
    }

    /// <summary>The slot's number.</summary>
    public int Number { get; }

    /// <summary>The host's end of the link, even address of the /31.</summary>
    public IPAddress HostAddress { get; }

    /// <summary>The slot's end, odd address of the /31: where the host reaches the guest.</summary>
    public IPAddress Address { get; }

    /// <summary>The host's end in IPv6, even address of a /127.</summary>
    public IPAddress HostAddress6 { get; }

    /// <summary>The slot's end in IPv6.</summary>
    public IPAddress Address6 { get; }

    /// <summary>Name of the veth end on the host, 11 characters (the kernel allows 15).</summary>
    public string HostLink { get; }

    /// <summary>Name of the slot's network namespace.</summary>
    public string Namespace { get; }

    /// <summary>User and group of this slot's hypervisor process; different for any two slots in private address space.</summary>
    public uint UserId { get; }

    /// <summary>The number of the slot with this address; absent when it is not a slot's (odd) IPv4 address.</summary>
    public static int? NumberOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out int length) && length == 4 && (bytes[3] & 1) == 1
            ? (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 1)
            : null;
    }

    /// <summary>Whether an interface name is one that a slot of ours has on the host.</summary>
    public static bool IsHostLink(string name) =>
        name.Length == LinkPrefix.Length + 8
        && name.StartsWith(LinkPrefix, StringComparison.Ordinal)
        && name.Skip(LinkPrefix.Length).All(char.IsAsciiHexDigitLower);

    private static IPAddress ToAddress(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return new IPAddress(bytes);
    }

    private static IPAddress ToAddress6(uint value)
    {
        Span<byte> bytes = stackalloc byte[16];
        LinkNetwork6.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], value);
        return new IPAddress(bytes);
    }
}
