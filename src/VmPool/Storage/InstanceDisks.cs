using LinuxHost;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Storage;

/// <summary>
/// One machine's disks, all in its own directory:
/// <code>
/// base.raw     hard link to the image's disk: keeps the content alive when the image is replaced and removed
/// disk.qcow2   what this machine writes, over base.raw
/// seed.iso     who this machine is, for cloud-init
/// </code>
/// The link is what makes removal of old images safe without any bookkeeping: deleting the machine's directory is the
/// release, also when it is recovery that deletes it.
/// </summary>
public sealed class InstanceDisks(GroupOptions options) : IInstanceDisks
{
    private const string BaseName = "base.raw";
    private const string DiskName = "disk.qcow2";

    /// <inheritdoc />
    public long FreeBytes() => DiskSpace.FreeBytes(options.DiskDirectory);

    /// <inheritdoc />
    public async Task<IReadOnlyList<VmDisk>> CreateAsync(
        ImageGeneration image, string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken)
    {
        PrivateDirectory.Ensure(directory);
        HardLink.Create(image.DiskPath, Path.Combine(directory, BaseName));
        string disk = Path.Combine(directory, DiskName);
        // Both at once: each is little more than the start of a process.
        Task<string> seed = NoCloudSeed.CreateAsync(
            directory, identity.InstanceId, identity.HostName, InstanceSeed.UserData(identity), userId, cancellationToken);
        Task overlay = CreateOverlayAsync(disk, userId, cancellationToken);
        await Task.WhenAll(seed, overlay);
        FileOwner.Set(directory, userId, userId, PrivateDirectory.OwnerOnly);
        return [new VmDisk(disk, "qcow2", false), new VmDisk(await seed, "raw", true)];
    }

    /// <inheritdoc />
    public IReadOnlyList<VmDisk> CreateClone(Template template, string directory, uint userId)
    {
        PrivateDirectory.Ensure(directory);
        string disk = Path.Combine(directory, DiskName);
        // An empty overlay is the same for every clone: a copy costs a tenth of a millisecond, a run of qemu-img a hundred times that.
        File.Copy(template.Disk.Path, disk);
        FileOwner.Set(disk, userId, userId, AtomicFile.PrivateMode);
        FileOwner.Set(directory, userId, userId, PrivateDirectory.OwnerOnly);
        return [new VmDisk(disk, template.Disk.Format, false), template.Seed];
    }

    // The backing name is relative to the overlay: the pair works wherever the directory is mounted.
    private static async Task CreateOverlayAsync(string disk, uint userId, CancellationToken cancellationToken)
    {
        await HostProgram.RunAsync(
            "qemu-img", "qemu-utils", ["create", "-q", "-f", "qcow2", "-b", BaseName, "-F", "raw", disk], null, cancellationToken);
        FileOwner.Set(disk, userId, userId, AtomicFile.PrivateMode);
    }
}
