using LinuxHost;

namespace VmPool.Storage;

/// <summary>
/// qcow2 disks for machines, on any file system:
/// <code>
/// base.raw         hard link to the image's disk
/// template.qcow2   with a clone: hard link to what its template has written, over base.raw
/// disk.qcow2       what this machine writes, over the one or the other
/// </code>
/// Each file says the next one's format, because one that is guessed from the content can be forged by a guest, and names it
/// relative to itself: so the files belong together wherever their directory is mounted, also for a hypervisor that follows
/// the names by itself. The links keep the content alive when the image or the template is removed.
/// </summary>
internal static class QcowDisks
{
    private const string BaseName = "base.raw";
    private const string TemplateName = "template.qcow2";
    private const string DiskName = "disk.qcow2";

    /// <summary>Makes the disk of a machine that boots the image.</summary>
    /// <exception cref="HostResourceException">The image cannot be linked.</exception>
    public static async Task<string> CreateAsync(string imageDisk, string directory, CancellationToken cancellationToken)
    {
        HardLink.Create(imageDisk, Path.Combine(directory, BaseName));
        return await CreateOverlayAsync(directory, BaseName, "raw", cancellationToken);
    }

    /// <summary>
    /// Makes what clones get copies of from the disk of a template whose machine has ended: the disk becomes template.qcow2, and
    /// an empty one takes its place. An empty one is the same for every clone, and copying it costs a tenth of a
    /// millisecond, a hundredth of a run of qemu-img.
    /// </summary>
    public static async Task FreezeAsync(string disk, CancellationToken cancellationToken)
    {
        string directory = Path.GetDirectoryName(disk)!;
        File.Move(disk, Path.Combine(directory, TemplateName));
        FileOwner.Set(await CreateOverlayAsync(directory, TemplateName, "qcow2", cancellationToken), 0, 0, AtomicFile.PrivateMode);
    }

    /// <summary>Makes a clone's disk.</summary>
    /// <param name="frozen">The template's empty disk, with what it builds on beside it.</param>
    /// <param name="directory">The clone's.</param>
    /// <exception cref="HostResourceException">The template cannot be linked.</exception>
    public static string Copy(string frozen, string directory)
    {
        foreach (string name in new[] { BaseName, TemplateName })
        {
            HardLink.Create(Path.Combine(Path.GetDirectoryName(frozen)!, name), Path.Combine(directory, name));
        }
        string disk = Path.Combine(directory, DiskName);
        File.Copy(frozen, disk);
        return disk;
    }

    private static async Task<string> CreateOverlayAsync(string directory, string over, string format, CancellationToken cancellationToken)
    {
        string disk = Path.Combine(directory, DiskName);
        await HostProgram.RunAsync("qemu-img", "qemu-utils", ["create", "-q", "-f", "qcow2", "-b", over, "-F", format, disk], null, cancellationToken);
        return disk;
    }
}
