using Microsoft.Extensions.Logging;

namespace VmmProcess;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Warning, EventName = "vmm_observation_failed", Message = "files or control socket of {instance} (pid {pid}) could not be looked after; its end is still noticed")]
    internal static partial void ObservationFailed(this ILogger logger, string instance, int pid, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, EventName = "log_cut", Message = "{path} of {instance} had grown too long; only its end was kept")]
    internal static partial void LogCut(this ILogger logger, string instance, string path);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "log_not_cut", Message = "{path} of {instance} can no longer be kept short: {reason}")]
    internal static partial void LogNotCut(this ILogger logger, string instance, string path, string reason);
}
