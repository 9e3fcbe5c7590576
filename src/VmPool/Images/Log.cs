using Microsoft.Extensions.Logging;

namespace VmPool.Images;

internal static partial class Log
{
    [LoggerMessage(EventName = "ImageStepStarted", Level = LogLevel.Information, Message = "image {Image}: {Step} started: {Activity} (full log: {LogPath})")]
    public static partial void StepStarted(this ILogger logger, string image, string step, string activity, string logPath);

    [LoggerMessage(EventName = "ImageStepRunning", Level = LogLevel.Information, Message = "image {Image}: {Step} has been running for {Ms} ms: {Activity} (full log: {LogPath})")]
    public static partial void StepRunning(this ILogger logger, string image, string step, long ms, string activity, string logPath);

    [LoggerMessage(EventName = "ImageStepDone", Level = LogLevel.Information, Message = "image {Image}: {Step} done in {Ms} ms")]
    public static partial void StepDone(this ILogger logger, string image, string step, long ms);

    [LoggerMessage(EventName = "ImagePublished", Level = LogLevel.Information, Message = "image {Image} published in {Directory} after {Ms} ms")]
    public static partial void Published(this ILogger logger, string image, string directory, long ms);

    [LoggerMessage(EventName = "ImageFailed", Level = LogLevel.Error, Message = "image build failed; next try in {Seconds} s, or at once with `image build` or changed inputs: {Reason}")]
    public static partial void Failed(this ILogger logger, double seconds, string reason);

    [LoggerMessage(EventName = "ImageWaiting", Level = LogLevel.Information, Message = "image {Image}: waiting for the build of another process (pid {Pid})")]
    public static partial void Waiting(this ILogger logger, string image, int? pid);

    [LoggerMessage(EventName = "ImageRemoved", Level = LogLevel.Information, Message = "image leftovers removed: {Path}")]
    public static partial void Removed(this ILogger logger, string path);

    [LoggerMessage(EventName = "ImageNotRemoved", Level = LogLevel.Warning, Message = "an image nobody uses could not be removed: {Path}: {Reason}")]
    public static partial void NotRemoved(this ILogger logger, string path, string reason);

    [LoggerMessage(EventName = "ImageLogIncomplete", Level = LogLevel.Warning, Message = "the build goes on, but its log ends here: {Path} cannot be written: {Reason}")]
    public static partial void LogIncomplete(this ILogger logger, string path, string reason);

    [LoggerMessage(EventName = "ImagesNotCollected", Level = LogLevel.Warning, Message = "unused images in {Path} were not looked for to the end; the next build tries again: {Reason}")]
    public static partial void NotCollected(this ILogger logger, string path, string reason);

    [LoggerMessage(EventName = "PreparedFileRead", Level = LogLevel.Information, Message = "{Path} is read, all {Mib} MiB of it: its content names the image")]
    public static partial void PreparedFileRead(this ILogger logger, string path, long mib);

    [LoggerMessage(EventName = "ImageRootNotKept", Level = LogLevel.Warning, Message = "the root file system of a failed build could not be kept for the next one: {Path}: {Reason}")]
    public static partial void RootNotKept(this ILogger logger, string path, string reason);
}
