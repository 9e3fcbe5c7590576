using System.Security.Cryptography;
using VmPool.Ports;

namespace VmmProcess;

/// <summary>
/// Tells apart templates whose machines have other devices: a state saved with one set of devices cannot be loaded by another.
/// A driver describes one sample machine, which has every device there is, as it would describe a real one.
/// </summary>
public static class DeviceFingerprint
{
    /// <summary>The machine to describe. Nothing of it exists.</summary>
    public static BootRequest Sample { get; } = new()
    {
        InstanceId = "",
        Directory = "/vm",
        NetworkNamespace = "",
        Mtu = 1,
        UserId = 1,
        Cpus = 1,
        MemoryMb = 1,
        VirtioConsole = true,
        Disks = [new VmDisk("/vm/disk", "raw", ReadOnly: false), new VmDisk("/vm/seed", "raw", ReadOnly: true)],
        KernelPath = "/vm/kernel",
        InitrdPath = "/vm/initrd",
        KernelCommandLine = "",
    };

    /// <summary>Eight hex digits that are others whenever the description is.</summary>
    public static string Of(ReadOnlySpan<byte> description) => Convert.ToHexStringLower(SHA256.HashData(description))[..8];
}
