using System.Globalization;
using LinuxHost;
using Microsoft.Win32.SafeHandles;

namespace CloudHypervisorStandIn;

/// <summary>
/// Where the guest's memory lies: in the zone's file when it is shared, in a copy of it when it is private. The real one
/// maps the file privately; QEMU 7.2 cannot map a file that it may not write, so each clone pays for a copy.
/// </summary>
/// <param name="Backend">QEMU's description of it.</param>
/// <param name="Copy">For QEMU to inherit; absent when there is none.</param>
internal sealed record GuestMemory(string Backend, SafeFileHandle? Copy) : IDisposable
{
    // What the devices of the real one write when their threads wake up at its end is a few bytes of queue state.
    private static readonly byte[] Damage = "written by a device's thread at the end of the machine"u8.ToArray();

    /// <summary>Bytes the guest has.</summary>
    internal static long SizeOf(VmConfig config) => FindZone(config)?.Size ?? config.Memory.Size;

    /// <summary>Whether the zone's file holds less than the zone: the real one notices when its guest has died of it.</summary>
    internal static bool IsFileShort(VmConfig config, VmConfig saved) =>
        FindZone(config)?.File is { } path && File.Exists(path) && new FileInfo(path).Length < SizeOf(saved);

    /// <exception cref="VmException">The zone's file cannot be used.</exception>
    internal static GuestMemory Open(VmConfig config, bool isRestored)
    {
        MemoryZoneConfig? zone = FindZone(config);
        if (zone?.File is not { } path)
        {
            return isRestored ? throw VmException.NotOffered("restoring memory that is in no file") : new GuestMemory("memory-backend-ram", null);
        }
        try
        {
            bool isInPlace = zone.Shared || !isRestored;
            File.OpenHandle(path, FileMode.Open, isInPlace ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite).Dispose();
            if (isInPlace)
            {
                return new GuestMemory($"memory-backend-file,mem-path={path.Replace(",", ",,", StringComparison.Ordinal)},share={(zone.Shared ? "on" : "off")}", null);
            }
            return new GuestMemory(
                string.Create(CultureInfo.InvariantCulture, $"memory-backend-file,mem-path=/proc/self/fd/{GuestDescriptors.Memory},share=off"),
                SealedMemory.CopyOf(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HostResourceException)
        {
            throw VmException.Failed("Memory manager error", "Failed to create shared file", VmException.Describe(e));
        }
    }

    /// <summary>
    /// Does to a paused template's file what any end but SIGKILL does to it: a driver that ends its template otherwise gets
    /// a template that does not match its checksum.
    /// </summary>
    internal static void Spoil(VmConfig config)
    {
        if (FindZone(config) is { Shared: true, File: { } path })
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            RandomAccess.Write(file, Damage, RandomAccess.GetLength(file) - Damage.Length);
        }
    }

    public void Dispose() => Copy?.Dispose();

    private static MemoryZoneConfig? FindZone(VmConfig config) => config.Memory.Zones is [var zone, ..] ? zone : null;
}
