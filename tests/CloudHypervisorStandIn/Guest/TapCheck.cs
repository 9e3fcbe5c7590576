using System.Globalization;

namespace CloudHypervisorStandIn;

/// <summary>What the real one reads about a TAP device from /sys, which must belong to the same network namespace.</summary>
internal static class TapCheck
{
    private const int LongestName = 15;
    private const int MultiQueue = 0x100;

    /// <exception cref="VmException">The device cannot be used as it is configured.</exception>
    internal static void Check(NetConfig net)
    {
        string tap = net.Tap ?? throw VmException.NotOffered("network cards without a TAP device");
        if (tap.Length > LongestName)
        {
            throw Failed($"Interface name too long (max length is {LongestName}): {tap}");
        }
        string flags = $"/sys/class/net/{tap}/tun_flags";
        if (File.Exists(flags) && (Read(flags) & MultiQueue) != 0)
        {
            throw Failed("Error related to the multiqueue support (no support device side)");
        }
    }

    /// <summary>Absent when there is no such device: the real one would make it.</summary>
    internal static int? FindMtu(string tap)
    {
        string path = $"/sys/class/net/{tap}/mtu";
        return File.Exists(path) ? int.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture) : null;
    }

    internal static VmException Failed(params string[] causes) =>
        VmException.Device(["Cannot create virtio-net device", "Failed to open taps", "Open tap device failed", .. causes]);

    private static int Read(string path) => Convert.ToInt32(File.ReadAllText(path).Trim(), 16);
}
