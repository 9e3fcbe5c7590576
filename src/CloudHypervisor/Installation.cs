using VmPool;
using VmPool.Ports;

namespace CloudHypervisor;

/// <summary>The Cloud Hypervisor of this host.</summary>
/// <param name="Version">Of the program.</param>
/// <param name="Processor">Fingerprint of the host's processor.</param>
/// <param name="Landlock">Whether machines are locked in by the kernel, too.</param>
/// <param name="Capabilities">What the pool is told.</param>
internal sealed record Installation(CloudVersion Version, string Processor, bool Landlock, HypervisorCapabilities Capabilities)
{
    /// <summary>Whether it can run the disks.</summary>
    /// <exception cref="HypervisorException">One has another format; names it.</exception>
    internal void Require(IReadOnlyList<VmDisk> disks)
    {
        if (disks.FirstOrDefault(disk => !Capabilities.DiskFormats.Contains(disk.Format)) is { } other)
        {
            throw new HypervisorException(
                $"the disk {other.Path} is a {other.Format} file; cloud-hypervisor {Version.Number} gets {string.Join(" or ", Capabilities.DiskFormats)} disks only");
        }
    }
}
