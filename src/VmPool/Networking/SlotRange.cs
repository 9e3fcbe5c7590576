using System.Buffers.Binary;
using System.Net;

namespace VmPool.Networking;

/// <summary>The slots of one subnet: one for each /31 in it.</summary>
public sealed record SlotRange
{
    /// <summary>Computes the range.</summary>
    /// <param name="subnet">An IPv4 network of /8 to /31.</param>
    /// <exception cref="ArgumentException">Not IPv4, or the prefix is out of range.</exception>
    public SlotRange(IPNetwork subnet)
    {
        byte[] bytes = subnet.BaseAddress.GetAddressBytes();
        if (bytes.Length != 4 || subnet.PrefixLength is < 8 or > 31)
        {
            throw new ArgumentException($"vm_subnet {subnet} is not an IPv4 network of /8 to /31", nameof(subnet));
        }
        First = (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 1);
        Size = 1 << (31 - subnet.PrefixLength);
    }

    /// <summary>Number of the first slot.</summary>
    public int First { get; }

    /// <summary>How many slots there are.</summary>
    public int Size { get; }

    /// <summary>Whether the slot's pair of addresses lies in the subnet.</summary>
    public bool Contains(int number) => number >= First && number - First < Size;
}
