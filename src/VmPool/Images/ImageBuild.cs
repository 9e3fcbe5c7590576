using LinuxHost;
using Microsoft.Extensions.Logging;
using VmPool.Ports;

namespace VmPool.Images;

/// <summary>Makes one generation: alone, aside, and published by one rename.</summary>
internal sealed class ImageBuild(IImageMaker maker, ImageDirectory images, TimeProvider time, ILogger logger)
{
    /// <param name="force">Builds anew even though the generation, or what it is made from, exists.</param>
    /// <param name="changed">Told the name of each step.</param>
    /// <param name="cancellationToken">Ends all tools and the machine.</param>
    public async Task<ImageGeneration> RunAsync(bool force, Action<string> changed, CancellationToken cancellationToken)
    {
        string hash = maker.Hash;
        using FileLock alone = await images.LockAsync(hash, changed, time, cancellationToken);
        // Whoever held the lock before us may have built just this.
        if (!force && images.Find(hash) is { } finished)
        {
            return finished;
        }
        // Killed builds must not keep the space that the next one needs.
        await images.CollectScratchAsync(hash, cancellationToken);
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
        await maker.MakeAsync(files, scratch, force, steps, cancellationToken);
        string published = images.PathOf(hash);
        await steps.RunAsync("publish", published, async () =>
        {
            maker.Describe(time.GetUtcNow(), steps.Durations).Write(files.Directory);
            await images.PublishAsync(files, published, cancellationToken);
        }, cancellationToken);
        long elapsed = (long)time.GetElapsedTime(began).TotalMilliseconds;
        logger.Published(hash, published, elapsed);
        return images.Find(hash) ?? throw new ImageBuildException($"image {hash} vanished from {published} right after it was published");
    }
}
