using LinuxHost;

namespace VmPool.Storage;

/// <summary>
/// Raw disks for machines: copies of a file that share its blocks until one of them is written. That takes a file system that
/// can, and both files on the same one.
/// </summary>
public static class RawDisks
{
    private const string DiskName = "disk.raw";

    /// <summary>Why machines with raw disks cannot be made in the directory; absent when they can. Tried with a small file.</summary>
    /// <exception cref="HostResourceException">It could not be tried (a full disk, for example), which says nothing about the file system.</exception>
    public static string? Fault(string directory) =>
        FileClone.CanReflink(directory) ? null : $"files in {directory} cannot share their blocks, {Advice}";

    /// <summary>Makes a machine's disk.</summary>
    /// <exception cref="HostRequirementException">The file system cannot; says what to do.</exception>
    /// <exception cref="HostResourceException">Any other failure; names both files and the errno.</exception>
    internal static string Copy(string source, string directory)
    {
        string disk = Path.Combine(directory, DiskName);
        return FileClone.TryReflink(source, disk)
            ? disk
            : throw new HostRequirementException($"{source} cannot share its blocks with {disk}, {Advice}");
    }

    private static string Advice =>
        "which this hypervisor's disks must: put vm_disk_directory on btrfs or on XFS (reflink=1, its default), or set vm_disk_loop_gb, or hypervisor = \"qemu\"";
}
