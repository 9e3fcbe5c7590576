using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Options;
using VmPool.Ports;

namespace VmPool.Images;

/// <summary>Makes one generation: fetch and verify (unless the same root file system is still there), prebuild, seal, publish.</summary>
internal sealed class ImageBuild(
    GroupOptions options, ImageInputs inputs, ImageDirectory images, IRootDiskBuilder rootBuilder, Prebuild prebuild, TimeProvider time, ILogger logger)
{
    private const long NeededBytes = 4L << 30;

    /// <param name="force">Builds anew even though the generation, or its root file system, exists.</param>
    /// <param name="changed">Told the name of each step.</param>
    /// <param name="cancellationToken">Ends all tools and the machine.</param>
    public async Task<ImageGeneration> RunAsync(bool force, Action<string> changed, CancellationToken cancellationToken)
    {
        string hash = inputs.FullHash;
        using FileLock alone = await LockAsync(hash, changed, cancellationToken);
        // Whoever held the lock before us may have built just this.
        if (!force && images.Find(hash) is { } finished)
        {
            return finished;
        }
        // Killed builds must not keep the space that the next one needs.
        await images.CollectScratchAsync(hash, cancellationToken);
        RequireSpace();
        using BuildLog log = BuildLog.Create(images.Logs, hash, time, logger);
        var steps = new BuildSteps(hash, log, time, logger, changed);
        string scratch = images.StartBuilding(hash);
        try
        {
            return await BuildAsync(hash, force, scratch, steps, cancellationToken);
        }
        finally
        {
            await images.DropScratchAsync(scratch, cancellationToken);
        }
    }

    private async Task<ImageGeneration> BuildAsync(string hash, bool force, string scratch, BuildSteps steps, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        var files = new RootFiles(Directory.CreateDirectory(Path.Combine(scratch, "publish")).FullName);
        Task keeping = await CopyRootAsync(force, files, steps, cancellationToken);
        try
        {
            string machine = Directory.CreateDirectory(Path.Combine(scratch, "machine")).FullName;
            await steps.RunAsync("prebuild", "booting", () => prebuild.RunAsync(hash, files, machine, steps, cancellationToken), cancellationToken);
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
        await steps.RunAsync("publish", images.PathOf(hash), async () =>
        {
            new ImageManifest
            {
                Hash = hash,
                RootHash = inputs.RootHash,
                User = inputs.User,
                KernelCommandLine = Recipe.KernelCommandLine,
                Created = time.GetUtcNow(),
                Sources = [.. inputs.Sources.Select(source => source.ToString())],
                Commands = inputs.Commands,
                RunnerVersion = inputs.Runner?.Version,
                DiskSizeGb = inputs.DiskSizeGb,
                Durations = steps.Durations,
            }.Write(files.Directory);
            await images.PublishAsync(files, images.PathOf(hash), cancellationToken);
        }, cancellationToken);
        string published = images.PathOf(hash);
        long elapsed = (long)time.GetElapsedTime(began).TotalMilliseconds;
        logger.Published(hash, published, elapsed);
        return images.Find(hash) ?? throw new ImageBuildException($"image {hash} vanished from {images.PathOf(hash)} right after it was published");
    }

    /// <returns>Completes when a newly made root file system is kept for later builds: bringing it to disk takes as long as the boot that follows.</returns>
    private async Task<Task> CopyRootAsync(bool force, RootFiles files, BuildSteps steps, CancellationToken cancellationToken)
    {
        string name = "rootfs-" + inputs.RootHash;
        var kept = new RootFiles(images.RootPathOf(inputs.RootHash));
        FileLock alone = await LockAsync(name, steps.Doing, cancellationToken);
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
            if (!FileClone.TryReflink(from, to))
            {
                FileClone.CopySparse(from, to, cancellationToken);
            }
            // The hypervisor reads kernel and initial RAM disk as an unprivileged user.
            File.SetUnixFileMode(to, GuestFile.Readable);
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

    private Task<FileLock> LockAsync(string name, Action<string> changed, CancellationToken cancellationToken) => FileLock.WaitAsync(images.LockOf(name), pid =>
    {
        changed("waiting for another process's build");
        logger.Waiting(name, pid);
    }, time, cancellationToken);
}
