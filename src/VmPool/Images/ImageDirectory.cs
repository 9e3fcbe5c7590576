using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Ports;

namespace VmPool.Images;

/// <summary>One finished generation on disk.</summary>
/// <param name="Hash">Its name.</param>
/// <param name="Directory">Absolute path.</param>
/// <param name="User">Login user.</param>
/// <param name="Created">When it was published.</param>
/// <param name="Groups">Groups whose current image it is.</param>
/// <param name="Machines">Machines that run on it, of all groups.</param>
public sealed record StoredImage(string Hash, string Directory, string User, DateTimeOffset Created, IReadOnlyList<string> Groups, int Machines);

/// <summary>
/// The images of one disk directory, shared by all groups of it:
/// <code>
/// images/HASH/            a finished generation: disk.raw vmlinuz initrd.img manifest.json
/// images/rootfs-HASH/     what a preparation starts from: disk.raw vmlinuz initrd.img
/// images/groups/GROUP     hash of the generation the group uses now
/// images/.building-HASH-* being built; dead when nobody holds images/.lock-HASH
/// images/logs/            one log for each build
/// </code>
/// A generation may go when no group names it and its disk has no second link, that is, no machine (see InstanceDisks).
/// </summary>
internal sealed class ImageDirectory(string path, ILogger logger)
{
    private const string RootPrefix = "rootfs-";
    private const string BuildingPrefix = ".building-";
    private const UnixFileMode Enterable = PrivateDirectory.OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public string Logs => Path.Combine(path, "logs");

    public string PathOf(string hash) => Path.Combine(path, hash);

    public string RootPathOf(string rootHash) => Path.Combine(path, RootPrefix + rootHash);

    public string LockOf(string name) => Path.Combine(path, ".lock-" + name);

    public void Ensure() => PrivateDirectory.Ensure(path, Enterable);

    public ImageGeneration? Find(string hash)
    {
        var files = new RootFiles(PathOf(hash));
        return ImageManifest.TryRead(files.Directory) is { } manifest && File.Exists(files.Disk)
            ? new ImageGeneration(hash, files.Directory, files.Disk, files.Kernel, files.Initrd, manifest.KernelCommandLine, manifest.User)
            : null;
    }

    /// <summary>A fresh directory to build in; the caller holds the lock of the same name.</summary>
    public string StartBuilding(string name)
    {
        string directory = Path.Combine(path, $"{BuildingPrefix}{name}-{Path.GetRandomFileName()}");
        PrivateDirectory.Ensure(directory, Enterable);
        return directory;
    }

    /// <summary>Gives a finished directory its name, in one step and so that it survives a power loss.</summary>
    public async Task PublishAsync(RootFiles files, string target, CancellationToken cancellationToken)
    {
        foreach (string file in Directory.GetFiles(files.Directory))
        {
            FileOwner.Set(file, 0, 0, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        await SynchronizeAsync([.. Directory.GetFiles(files.Directory), files.Directory], cancellationToken);
        Directory.Move(files.Directory, target);
        await SynchronizeAsync([path], cancellationToken);
    }

    /// <summary>Records which generation a group uses.</summary>
    public void Use(string group, string hash)
    {
        string groups = Path.Combine(path, "groups");
        PrivateDirectory.Ensure(groups);
        AtomicFile.Write(Path.Combine(groups, group), hash + "\n");
    }

    public IReadOnlyList<StoredImage> List()
    {
        ILookup<string, string> groups = Users();
        return [.. Generations().Select(manifest => new StoredImage(
                manifest.Hash, PathOf(manifest.Hash), manifest.User, manifest.Created, [.. groups[manifest.Hash]], CountMachines(manifest.Hash)))
            .OrderByDescending(image => image.Created)];
    }

    /// <summary>Removes one generation; the disks of machines that run on it live on until they end.</summary>
    /// <returns>False when there is none of this hash.</returns>
    public async Task<bool> RemoveAsync(string hash, CancellationToken cancellationToken)
    {
        if (Find(hash) is null)
        {
            return false;
        }
        await DeleteAsync(PathOf(hash), cancellationToken);
        return true;
    }

    /// <summary>Removes what killed builds have left and what no group and no machine uses.</summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        foreach (string building in Directory.GetDirectories(path, BuildingPrefix + "*"))
        {
            string name = Path.GetFileName(building)[BuildingPrefix.Length..];
            using FileLock? dead = FileLock.TryAcquire(LockOf(name[..name.LastIndexOf('-')]));
            if (dead is not null)
            {
                await TryDeleteAsync(building, cancellationToken);
            }
        }
        ILookup<string, string> users = Users();
        foreach (ImageManifest unused in Generations().Where(image => !users.Contains(image.Hash) && CountMachines(image.Hash) == 0).ToList())
        {
            await TryDeleteAsync(PathOf(unused.Hash), cancellationToken);
        }
        HashSet<string> roots = [.. Generations().Select(image => image.RootHash)];
        foreach (string root in Directory.GetDirectories(path, RootPrefix + "*"))
        {
            string hash = Path.GetFileName(root)[RootPrefix.Length..];
            // Somebody may have made it just now for a generation that is not finished.
            using FileLock? unused = roots.Contains(hash) ? null : FileLock.TryAcquire(LockOf(RootPrefix + hash));
            if (unused is not null)
            {
                await TryDeleteAsync(root, cancellationToken);
            }
        }
    }

    /// <summary>Deletes a tree without leaving its file system: a killed installation may have left mounts in it.</summary>
    public static Task DeleteAsync(string directory, CancellationToken cancellationToken) => HostCommand.RunAsync(
        "rm", ["--recursive", "--force", "--one-file-system", directory],
        new HostCommandOptions { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken);

    private async Task TryDeleteAsync(string directory, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(directory, cancellationToken);
            logger.Removed(directory);
        }
        catch (HostCommandException e)
        {
            logger.NotRemoved(directory, e.Message);
        }
    }

    private IEnumerable<ImageManifest> Generations()
        => Directory.Exists(path) ? Directory.GetDirectories(path).Select(ImageManifest.TryRead).OfType<ImageManifest>() : [];

    private ILookup<string, string> Users()
    {
        string groups = Path.Combine(path, "groups");
        IEnumerable<string> files = Directory.Exists(groups) ? Directory.GetFiles(groups).Where(file => !TemporaryName.IsLeftover(file)) : [];
        return files.ToLookup(file => File.ReadAllText(file).Trim(), file => Path.GetFileName(file));
    }

    private int CountMachines(string hash) => HardLink.Count(new RootFiles(PathOf(hash)).Disk) - 1;

    private static Task<HostCommandResult> SynchronizeAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
        => HostCommand.RunAsync("sync", paths, new HostCommandOptions { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken);
}
