using LinuxHost;
using VmPool.Ports;

namespace VmPool.Storage;

/// <summary>
/// The format of a group's writable disks: of those that its hypervisor runs, the first that its disk directory can hold. qcow2 files
/// can lie anywhere, raw ones only where files can share their blocks.
/// </summary>
public static class DiskFormat
{
    /// <returns>raw or qcow2.</returns>
    /// <exception cref="HostRequirementException">The directory can hold none of them; says what to do.</exception>
    /// <exception cref="HostResourceException">It cannot be found out: a full disk, for example, must not choose for us.</exception>
    public static string Choose(HypervisorCapabilities capabilities, string directory) =>
        capabilities.DiskFormats.FirstOrDefault(format => Fault(format, directory) is null)
        ?? throw new HostRequirementException(Fault(capabilities.DiskFormats[0], directory)!);

    private static string? Fault(string format, string directory) => format == "raw" ? RawDisks.Fault(directory) : null;
}
