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
/// <param name="Users">Disks of machines and templates, of all groups, that stand on it.</param>
/// <param name="Prepared">Whether the operator has brought it.</param>
/// <param name="Sources">Where it was fetched from: package sources, or the operator's files, disk first.</param>
public sealed record StoredImage(
    string Hash, string Directory, string User, DateTimeOffset Created, IReadOnlyList<string> Groups, int Users, bool Prepared, IReadOnlyList<string> Sources);

/// <summary>
/// The images of one disk directory, shared by all groups of it:
/// <code>
/// images/HASH/            a finished generation: disk.raw vmlinuz initrd.img manifest.json
/// images/rootfs-HASH/     what a preparation starts from: disk.raw vmlinuz initrd.img
/// images/groups/GROUP     hash of the generation the group uses now
/// images/digests/GROUP    checksums of the files of a group whose image is prepared (see PreparedDigests)
/// images/.building-HASH-* being built; dead when nobody holds images/.lock-HASH
/// images/logs/            one log for each build
/// </code>
/// A generation may go when no group names it and its disk has no second link, that is, no machine (see InstanceDisks); so
/// may a directory that was to be one and has no manifest. A root file system may go when no generation began with it and
/// every group has the one it names. Each goes under its lock, by way of a .building- name.
/// </summary>
internal sealed class ImageDirectory(string path, ILogger logger)
{
    private const string RootPrefix = "rootfs-";
    private const string BuildingPrefix = ".building-";
    private const UnixFileMode Enterable = PrivateDirectory.OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    public string Logs => Path.Combine(path, "logs");

    public string PathOf(string hash) => Path.Combine(path, hash);

    public string RootPathOf(string rootHash) => Path.Combine(path, RootPrefix + rootHash);

    public string DigestsOf(string group) => Path.Combine(path, "digests", group);

    /// <summary>Waits until nobody else works on what has this name.</summary>
    /// <param name="name">A generation's hash, or the name of a root file system.</param>
    /// <param name="changed">Told that it waits.</param>
    /// <param name="time">For looking again.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<FileLock> LockAsync(string name, Action<string> changed, TimeProvider time, CancellationToken cancellationToken) =>
        FileLock.WaitAsync(LockOf(name), pid =>
        {
            changed("waiting for another process's build");
            logger.Waiting(name, pid);
        }, time, cancellationToken);

    public void Ensure() => PrivateDirectory.Ensure(path, Enterable);

    public ImageGeneration? Find(string hash)
    {
        var files = new RootFiles(PathOf(hash));
        return ImageManifest.TryRead(files.Directory) is { } manifest && File.Exists(files.Disk)
            ? new ImageGeneration(
                hash, files.Directory, files.Disk, files.Kernel, manifest.WithoutInitrd ? null : files.Initrd, manifest.KernelCommandLine, manifest.User)
            {
                IsPrepared = manifest.Prepared,
            }
            : null;
    }

    /// <summary>The generation, unless somebody is just building, replacing or collecting it: who holds its lock decides then.</summary>
    public ImageGeneration? FindSettled(string hash)
    {
        using FileLock? settled = FileLock.TryAcquire(LockOf(hash));
        return settled is null ? null : Find(hash);
    }

    /// <summary>A fresh directory to build in; the caller holds the lock of the same name.</summary>
    public string StartBuilding(string name)
    {
        string directory = ScratchOf(name);
        PrivateDirectory.Ensure(directory, Enterable);
        return directory;
    }

    /// <summary>
    /// Gives a finished directory its name, in one step and so that it survives a power loss. Whatever had that name before
    /// goes, complete or not; the caller holds the lock of that name.
    /// </summary>
    public async Task PublishAsync(RootFiles files, string target, CancellationToken cancellationToken)
    {
        foreach (string file in Directory.GetFiles(files.Directory))
        {
            FileOwner.Set(file, 0, 0, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        await SynchronizeAsync([.. Directory.GetFiles(files.Directory), files.Directory], cancellationToken);
        string? replaced = MoveAside(target);
        Directory.Move(files.Directory, target);
        await SynchronizeAsync([path], cancellationToken);
        if (replaced is not null)
        {
            await TryDeleteAsync(replaced, cancellationToken);
        }
    }

    /// <summary>Records which generation a group uses, or is about to build: from here on no other process collects it.</summary>
    public void Use(string group, string hash)
    {
        string groups = Path.Combine(path, "groups");
        PrivateDirectory.Ensure(groups);
        AtomicFile.Write(Path.Combine(groups, group), hash + "\n");
    }

    public IReadOnlyList<StoredImage> List()
    {
        ILookup<string, string> groups = GroupsByHash();
        return [.. Generations().Select(manifest => new StoredImage(
                manifest.Hash, PathOf(manifest.Hash), manifest.User, manifest.Created, [.. groups[manifest.Hash]], CountUsers(manifest.Hash),
                manifest.Prepared, manifest.Sources))
            .OrderByDescending(image => image.Created)];
    }

    /// <summary>Removes one generation, complete or not; the disks of machines that run on it live on until they end.</summary>
    /// <returns>False when there is none of this hash.</returns>
    public async Task<bool> RemoveAsync(string hash, CancellationToken cancellationToken)
    {
        if (!InputsHash.Is(hash) || MoveAside(PathOf(hash)) is not { } removed)
        {
            return false;
        }
        await DeleteAsync(removed, cancellationToken);
        return true;
    }

    /// <summary>Removes what killed builds have left and what no group and no machine uses. Failures are logged and left to the next time.</summary>
    /// <returns>False when something could not be removed.</returns>
    public async Task<bool> CollectAsync(CancellationToken cancellationToken)
    {
        try
        {
            bool clean = await CollectScratchAsync(null, cancellationToken);
            foreach (string hash in Names("*").Where(InputsHash.Is))
            {
                clean &= await CollectAsync(hash, () => !IsUsed(hash), cancellationToken);
            }
            foreach (string root in Names(RootPrefix + "*"))
            {
                clean &= await CollectAsync(root, () => !IsRootUsed(root), cancellationToken);
            }
            return clean;
        }
        catch (Exception e) when (IsOfTheHost(e))
        {
            logger.NotCollected(path, e.Message);
            return false;
        }
    }

    /// <summary>Removes what killed builds have left.</summary>
    /// <param name="held">A lock that the caller holds, without having begun to build; null for none.</param>
    /// <param name="cancellationToken">Leaves the rest where it is.</param>
    /// <returns>False when something that nobody builds is still there.</returns>
    public async Task<bool> CollectScratchAsync(string? held, CancellationToken cancellationToken)
    {
        bool clean = true;
        foreach (string building in Names(BuildingPrefix + "*"))
        {
            int end = building.LastIndexOf('-');
            string name = end > BuildingPrefix.Length ? building[BuildingPrefix.Length..end] : "";
            try
            {
                using FileLock? dead = name == held || name.Length == 0 ? null : FileLock.TryAcquire(LockOf(name));
                if (name == held || name.Length == 0 || dead is not null)
                {
                    clean &= await TryDeleteAsync(Path.Combine(path, building), cancellationToken);
                }
            }
            catch (HostResourceException e)
            {
                clean = false;
                logger.NotRemoved(Path.Combine(path, building), e.Message);
            }
        }
        return clean;
    }

    /// <summary>
    /// Removes a build's own scratch. Not when the build was cancelled, for then somebody waits for the end; that, and what
    /// cannot be removed, is left to the next collection. Never fails: it would hide why the build ended.
    /// </summary>
    public async Task DropScratchAsync(string scratch, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        try
        {
            await TryDeleteAsync(scratch, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Cancelled meanwhile: the same as before.
        }
    }

    /// <summary>What touching files, locks and tools of the host can throw.</summary>
    public static bool IsOfTheHost(Exception e) => e is IOException or UnauthorizedAccessException or HostResourceException or HostCommandException;

    private string LockOf(string name) => Path.Combine(path, ".lock-" + name);

    // Who uses it is asked under its lock: a group names what it wants first and looks for it, under the lock, after that.
    // It gets another name before it is deleted, so that half of it is never taken for the whole.
    private async Task<bool> CollectAsync(string name, Func<bool> isUnused, CancellationToken cancellationToken)
    {
        try
        {
            using FileLock? settled = FileLock.TryAcquire(LockOf(name));
            return settled is null || !isUnused() || MoveAside(Path.Combine(path, name)) is not { } removed
                || await TryDeleteAsync(removed, cancellationToken);
        }
        catch (Exception e) when (IsOfTheHost(e))
        {
            logger.NotRemoved(Path.Combine(path, name), e.Message);
            return false;
        }
    }

    private bool IsUsed(string hash)
        => GroupsByHash().Contains(hash) || (ImageManifest.TryRead(PathOf(hash)) is not null && CountUsers(hash) > 0);

    // What a group wants and has not got yet may begin with any: to fetch one again takes minutes and a network.
    private bool IsRootUsed(string root) =>
        GroupsByHash().Any(wanted => Find(wanted.Key) is null) || Generations().Any(image => RootPrefix + image.RootHash == root);

    // The new name is that of a dead build, which is found and removed however this process ends.
    private string? MoveAside(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return null;
        }
        string aside = ScratchOf(Path.GetFileName(directory));
        Directory.Move(directory, aside);
        return aside;
    }

    private string ScratchOf(string name) => Path.Combine(path, $"{BuildingPrefix}{name}-{Path.GetRandomFileName()}");

    private async Task<bool> TryDeleteAsync(string directory, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(directory, cancellationToken);
            logger.Removed(directory);
            return true;
        }
        catch (HostCommandException e)
        {
            logger.NotRemoved(directory, e.Message);
            return false;
        }
    }

    // Never across file systems: a killed installation may have left mounts.
    private static Task<HostCommandResult> DeleteAsync(string directory, CancellationToken cancellationToken) => HostCommand.RunAsync(
        "rm", ["--recursive", "--force", "--one-file-system", directory],
        new HostCommandOptions { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken);

    private List<string> Names(string pattern)
        => Directory.Exists(path) ? [.. Directory.GetDirectories(path, pattern).Select(directory => Path.GetFileName(directory))] : [];

    private IEnumerable<ImageManifest> Generations()
        => Names("*").Where(InputsHash.Is).Select(hash => ImageManifest.TryRead(PathOf(hash))).OfType<ImageManifest>();

    private ILookup<string, string> GroupsByHash()
    {
        string groups = Path.Combine(path, "groups");
        IEnumerable<string> files = Directory.Exists(groups) ? Directory.GetFiles(groups).Where(file => !TemporaryName.IsLeftover(file)) : [];
        return files.ToLookup(file => File.ReadAllText(file).Trim(), file => Path.GetFileName(file));
    }

    private int CountUsers(string hash)
    {
        string disk = new RootFiles(PathOf(hash)).Disk;
        try
        {
            return HardLink.Count(disk) - 1;
        }
        catch (HostResourceException) when (!File.Exists(disk))
        {
            // Another process has just removed it, or it never was complete: nothing can link to it.
            return 0;
        }
    }

    private static Task<HostCommandResult> SynchronizeAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
        => HostCommand.RunAsync("sync", paths, new HostCommandOptions { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken);
}
