using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Options;

namespace VmPool.Images;

/// <summary>
/// An image that is built here: a Debian root file system, fetched and verified unless the same one is still there, and then
/// prepared by booting it once.
/// </summary>
internal sealed class DebianImage(
    GroupOptions options, ImageInputs inputs, ImageDirectory images, IRootDiskBuilder rootBuilder, Prebuild prebuild, TimeProvider time, ILogger logger)
    : IImageMaker
{
    private const long NeededBytes = 4L << 30;

    public string Hash { get; } = inputs.FullHash;

    public async Task MakeAsync(RootFiles files, string scratch, bool force, BuildSteps steps, CancellationToken cancellationToken)
    {
        RequireSpace();
        Task keeping = await CopyRootAsync(force, files, steps, cancellationToken);
        try
        {
            string machine = Directory.CreateDirectory(Path.Combine(scratch, "machine")).FullName;
            await steps.RunAsync("prebuild", "booting", () => prebuild.RunAsync(Hash, files, machine, steps, cancellationToken), cancellationToken);
        }
        catch
        {
            // Why the build failed counts, not that its root file system could not be kept.
            await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (keeping.Exception?.InnerException is { } lost)
            {
                logger.RootNotKept(images.RootPathOf(inputs.RootHash), lost.Message);
            }
            throw;
        }
        await keeping;
    }

    public ImageManifest Describe(DateTimeOffset created, IReadOnlyDictionary<string, long> durations) => new()
    {
        Hash = Hash,
        RootHash = inputs.RootHash,
        User = inputs.User,
        KernelCommandLine = Recipe.KernelCommandLine,
        Created = created,
        Sources = [.. inputs.Sources.Select(source => source.ToString())],
        Commands = inputs.Commands,
        RunnerVersion = inputs.Runner?.Version,
        DiskSizeGb = inputs.DiskSizeGb,
        Durations = durations,
    };

    /// <returns>Completes when a newly made root file system is kept for later builds: bringing it to disk takes as long as the boot that follows.</returns>
    private async Task<Task> CopyRootAsync(bool force, RootFiles files, BuildSteps steps, CancellationToken cancellationToken)
    {
        string name = "rootfs-" + inputs.RootHash;
        var kept = new RootFiles(images.RootPathOf(inputs.RootHash));
        FileLock alone = await images.LockAsync(name, steps.Doing, time, cancellationToken);
        if (Directory.Exists(kept.Directory) && !force)
        {
            using (alone)
            {
                await steps.RunAsync("copy", $"the root disk of {kept.Directory}", () => CopyAsync(kept, files, cancellationToken), cancellationToken);
                return Task.CompletedTask;
            }
        }
        string scratch = images.StartBuilding(name);
        try
        {
            var made = new RootFiles(Directory.CreateDirectory(Path.Combine(scratch, "publish")).FullName);
            await rootBuilder.BuildAsync(inputs, made, scratch, steps, cancellationToken);
            await steps.RunAsync("copy", "the new root disk", () => CopyAsync(made, files, cancellationToken), cancellationToken);
            return KeepAsync(alone, made, kept, scratch, cancellationToken);
        }
        catch
        {
            await DropAsync(alone, scratch, cancellationToken);
            throw;
        }
    }

    private async Task KeepAsync(FileLock alone, RootFiles made, RootFiles kept, string scratch, CancellationToken cancellationToken)
    {
        try
        {
            await images.PublishAsync(made, kept.Directory, cancellationToken);
        }
        finally
        {
            await DropAsync(alone, scratch, cancellationToken);
        }
    }

    private async Task DropAsync(FileLock alone, string scratch, CancellationToken cancellationToken)
    {
        using (alone)
        {
            await images.DropScratchAsync(scratch, cancellationToken);
        }
    }

    private static Task CopyAsync(RootFiles root, RootFiles files, CancellationToken cancellationToken) => Task.Run(() =>
    {
        foreach ((string from, string to) in new[] { (root.Disk, files.Disk), (root.Kernel, files.Kernel), (root.Initrd, files.Initrd) })
        {
            RootFiles.Copy(from, to, cancellationToken);
        }
    }, cancellationToken);

    private void RequireSpace()
    {
        long free = DiskSpace.FreeBytes(options.ImagesDirectory);
        if (free < NeededBytes)
        {
            throw new HostRequirementException(
                $"building an image needs {NeededBytes >> 30} GiB in {options.ImagesDirectory}, but only {free >> 20} MiB are free; free some or set vm_disk_directory");
        }
    }
}
