using LinuxHost;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Storage;

/// <summary>
/// One machine's disks, all in its own directory:
/// <code>
/// disk.qcow2   what this machine writes, over what is linked beside it (see QcowDisks); or
/// disk.raw     what it comes from as far as this machine has not written it: the two share their blocks (see RawDisks)
/// seed.iso     who this machine is, for cloud-init; not with a prepared image, whose agent is told
/// </code>
/// The links, or the sharing, are what makes removal of old images and templates safe without any bookkeeping: deleting the machine's
/// directory is the release, also when it is recovery that deletes it.
/// </summary>
public sealed class InstanceDisks(GroupOptions options, IHypervisor hypervisor) : IInstanceDisks
{
    private string? _format;

    /// <inheritdoc />
    public long FreeBytes() =>
        options.DiskLoopGb > 0 ? LoopFileSystem.FreeBytes(options.DiskDirectory) : DiskSpace.FreeBytes(options.DiskDirectory);

    /// <inheritdoc />
    public async Task<IReadOnlyList<VmDisk>> CreateAsync(
        ImageGeneration image, string directory, uint userId, GuestIdentity identity, CancellationToken cancellationToken)
    {
        string format = await FormatAsync(cancellationToken);
        LoopFileSystem.RequireMounted(options);
        PrivateDirectory.Ensure(directory);
        // Both at once: each is little more than the start of a process.
        Task<VmDisk[]> seed = image.IsPrepared ? Task.FromResult<VmDisk[]>([]) : CreateSeedAsync(directory, userId, identity, cancellationToken);
        Task<VmDisk> disk = format == "raw"
            ? Task.Run(() => CopyRaw(image.DiskPath, directory), cancellationToken)
            : CreateQcowAsync(image.DiskPath, directory, cancellationToken);
        await Task.WhenAll(seed, disk);
        FileOwner.Set((await disk).Path, userId, userId, AtomicFile.PrivateMode);
        FileOwner.Set(directory, userId, userId, PrivateDirectory.OwnerOnly);
        return [await disk, .. await seed];
    }

    /// <inheritdoc />
    public IReadOnlyList<VmDisk> CreateClone(Template template, string directory, uint userId)
    {
        LoopFileSystem.RequireMounted(options);
        PrivateDirectory.Ensure(directory);
        VmDisk disk = template.Disk.Format == "raw"
            ? CopyRaw(template.Disk.Path, directory)
            : new VmDisk(QcowDisks.Copy(template.Disk.Path, directory), "qcow2", ReadOnly: false);
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

    /// <summary>Format of the disks of machines that boot, raw or qcow2; a clone's is its template's. Found out once.</summary>
    /// <exception cref="HostRequirementException">The hypervisor's disks cannot be had here; says what to do.</exception>
    internal async Task<string> FormatAsync(CancellationToken cancellationToken) =>
        _format ??= DiskFormat.Choose(await hypervisor.ProbeAsync(cancellationToken), options.DiskDirectory);

    private static VmDisk CopyRaw(string source, string directory) => new(RawDisks.Copy(source, directory), "raw", ReadOnly: false);

    private static async Task<VmDisk> CreateQcowAsync(string imageDisk, string directory, CancellationToken cancellationToken) =>
        new(await QcowDisks.CreateAsync(imageDisk, directory, cancellationToken), "qcow2", ReadOnly: false);
}
