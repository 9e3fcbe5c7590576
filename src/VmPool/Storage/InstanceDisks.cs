using LinuxHost;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Storage;

/// <summary>
/// One machine's disks, all in its own directory. With a hypervisor that runs qcow2 files, on any file system:
/// <code>
/// base.raw     hard link to the image's disk: keeps the content alive when the image is replaced and removed
/// disk.qcow2   what this machine writes, over base.raw
/// seed.iso     who this machine is, for cloud-init; not with a prepared image, whose agent is told
/// </code>
/// With one that runs raw files only, on a file system where files can share their blocks:
/// <code>
/// disk.raw     the image's disk as far as this machine has not written it
/// seed.iso     as above
/// </code>
/// The link, or the sharing, is what makes removal of old images safe without any bookkeeping: deleting the machine's directory is the
/// release, also when it is recovery that deletes it.
/// </summary>
public sealed class InstanceDisks(GroupOptions options, IHypervisor hypervisor) : IInstanceDisks
{
    private const string BaseName = "base.raw";
    private const string OverlayName = "disk.qcow2";
    private const string RawName = "disk.raw";

    /// <inheritdoc />
    public long FreeBytes() => DiskSpace.FreeBytes(options.DiskDirectory);

    /// <inheritdoc />
    public async Task<IReadOnlyList<VmDisk>> CreateAsync(
        ImageGeneration image, string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken)
    {
        HypervisorCapabilities capabilities = await hypervisor.ProbeAsync(cancellationToken);
        PrivateDirectory.Ensure(directory);
        // Both at once: each is little more than the start of a process.
        Task<VmDisk[]> seed = image.IsPrepared ? Task.FromResult<VmDisk[]>([]) : CreateSeedAsync(directory, userId, identity, cancellationToken);
        Task<VmDisk> disk = capabilities.DiskFormats.Contains("qcow2")
            ? CreateOverlayAsync(image.DiskPath, directory, cancellationToken)
            : Task.Run(() => CreateRaw(image.DiskPath, directory), cancellationToken);
        await Task.WhenAll(seed, disk);
        FileOwner.Set((await disk).Path, userId, userId, AtomicFile.PrivateMode);
        FileOwner.Set(directory, userId, userId, PrivateDirectory.OwnerOnly);
        return [await disk, .. await seed];
    }

    /// <inheritdoc />
    public IReadOnlyList<VmDisk> CreateClone(Template template, string directory, uint userId)
    {
        PrivateDirectory.Ensure(directory);
        VmDisk disk = template.Disk.Format == "raw" ? CreateRaw(template.Disk.Path, directory) : CopyOverlay(template.Disk.Path, directory);
        FileOwner.Set(disk.Path, userId, userId, AtomicFile.PrivateMode);
        FileOwner.Set(directory, userId, userId, PrivateDirectory.OwnerOnly);
        return template.Seed is { } seed ? [disk, seed] : [disk];
    }

    private static async Task<VmDisk[]> CreateSeedAsync(string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken)
    {
        string seed = await NoCloudSeed.CreateAsync(
            directory, identity.InstanceId, identity.HostName, InstanceSeed.UserData(identity), userId, cancellationToken);
        return [new VmDisk(seed, "raw", ReadOnly: true)];
    }

    private static VmDisk CreateRaw(string source, string directory)
    {
        string disk = Path.Combine(directory, RawName);
        RawDisks.Copy(source, disk);
        return new VmDisk(disk, "raw", ReadOnly: false);
    }

    // An empty overlay is the same for every clone: a copy costs a tenth of a millisecond, a run of qemu-img a hundred times that.
    private static VmDisk CopyOverlay(string source, string directory)
    {
        string disk = Path.Combine(directory, OverlayName);
        File.Copy(source, disk);
        return new VmDisk(disk, "qcow2", ReadOnly: false);
    }

    // The backing name is relative to the overlay: the pair works wherever the directory is mounted.
    private static async Task<VmDisk> CreateOverlayAsync(string imageDisk, string directory, CancellationToken cancellationToken)
    {
        HardLink.Create(imageDisk, Path.Combine(directory, BaseName));
        string disk = Path.Combine(directory, OverlayName);
        await HostProgram.RunAsync(
            "qemu-img", "qemu-utils", ["create", "-q", "-f", "qcow2", "-b", BaseName, "-F", "raw", disk], null, cancellationToken);
        return new VmDisk(disk, "qcow2", ReadOnly: false);
    }
}
