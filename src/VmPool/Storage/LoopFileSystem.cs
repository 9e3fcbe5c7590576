using LinuxHost;
using VmPool.Options;

namespace VmPool.Storage;

/// <summary>
/// A file system where files can share their blocks, in a file, for hosts whose own one cannot:
/// <code>
/// vm_disk_directory/disks.xfs   sparse: takes the room that its content takes
/// vm_disk_directory/disks/      where it is mounted; images, templates and instances live there
/// </code>
/// It is made once and stays mounted: instances outlive the plugin. After a reboot the next Init mounts it again.
/// </summary>
public static class LoopFileSystem
{
    private const string Name = "disks";
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Where the file system of a directory is mounted.</summary>
    public static string MountPointIn(string directory) => Path.Combine(directory, Name);

    /// <summary>
    /// Bytes that can still be written in it. The file is sparse: room inside that is not there outside is none, and what is written
    /// into it is lost, often without an error to the writer.
    /// </summary>
    /// <exception cref="HostResourceException">One of the two file systems cannot be asked.</exception>
    public static long FreeBytes(string mountPoint) =>
        Math.Min(DiskSpace.FreeBytes(mountPoint), DiskSpace.FreeBytes(Path.GetDirectoryName(mountPoint)!));

    /// <summary>Makes it unless it is there, and mounts it unless it is.</summary>
    /// <param name="mountPoint">As <see cref="MountPointIn"/> says.</param>
    /// <param name="gigabytes">Its size when it is made; one that is there keeps its own.</param>
    /// <param name="time">For waiting for another process that does the same.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="HostRequirementException">It cannot be had; says why.</exception>
    public static async Task EnsureAsync(string mountPoint, int gigabytes, TimeProvider time, CancellationToken cancellationToken)
    {
        string directory = Path.GetDirectoryName(mountPoint)!;
        string file = mountPoint + ".xfs";
        try
        {
            OwnDirectory.Ensure(directory);
            using FileLock alone = await FileLock.WaitAsync(Path.Combine(directory, $".{Name}.lock"), _ => { }, time, cancellationToken);
            PrivateDirectory.Ensure(mountPoint);
            if (IsMounted(mountPoint))
            {
                return;
            }
            if (!File.Exists(file))
            {
                await MakeAsync(file, gigabytes, cancellationToken);
            }
            // Blocks that were given back inside are given back outside.
            await RunAsync("mount", "mount", ["-t", "xfs", "-o", "loop,discard,nodev,nosuid", file, mountPoint], cancellationToken);
            PrivateDirectory.Ensure(mountPoint);
        }
        catch (Exception e) when (e is HostCommandException or HostResourceException or IOException or UnauthorizedAccessException)
        {
            throw new HostRequirementException($"vm_disk_loop_gb = {gigabytes}: the file system in {file} cannot be mounted on {mountPoint}: {e.Message}", e);
        }
    }

    /// <summary>Whether a group's images, templates and disks are to be seen: what is written in their place would be hidden by the next mount.</summary>
    /// <exception cref="HostRequirementException">The file system has been made and is not mounted, as after a reboot; says what to do.</exception>
    public static void RequireMounted(GroupOptions options)
    {
        string mountPoint = options.DiskDirectory;
        if (options.DiskLoopGb > 0 && File.Exists(mountPoint + ".xfs") && !IsMounted(mountPoint))
        {
            throw new HostRequirementException(
                $"{mountPoint}.xfs, which holds images, templates and disks, is not mounted on {mountPoint}; `image build` mounts it, and so does the plugin at its next start");
        }
    }

    // Whatever links the path goes through, and at the price of two looks: every clone asks.
    private static bool IsMounted(string mountPoint) =>
        FileStamp.Of(mountPoint) is { } inside && FileStamp.Of(Path.GetDirectoryName(mountPoint)!) is { } outside && inside.Device != outside.Device;

    // Under its name there is only ever a whole one: it is made aside.
    private static async Task MakeAsync(string file, int gigabytes, CancellationToken cancellationToken)
    {
        TemporaryName.RemoveLeftovers(Path.GetDirectoryName(file)!);
        string unfinished = TemporaryName.For(file);
        try
        {
            await using (var stream = new FileStream(unfinished, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = AtomicFile.PrivateMode,
            }))
            {
                stream.SetLength((long)gigabytes << 30);
            }
            await RunAsync("mkfs.xfs", "xfsprogs", ["-q", "-m", "reflink=1", unfinished], cancellationToken);
            File.Move(unfinished, file);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static Task<HostCommandResult> RunAsync(string program, string package, IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        HostProgram.RunAsync(program, package, arguments, new HostCommandOptions { Timeout = CommandTimeout }, cancellationToken);
}
