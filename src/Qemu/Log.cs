using Microsoft.Extensions.Logging;

namespace Qemu;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, EventName = "qemu_started", Message = "qemu of {instance} runs as pid {pid}, control socket answered after {ms} ms")]
    internal static partial void Started(this ILogger logger, string instance, int pid, long ms);

    [LoggerMessage(Level = LogLevel.Information, EventName = "accelerator", Message = "qemu {version} uses {accelerator}")]
    internal static partial void AcceleratorChosen(this ILogger logger, string version, string accelerator);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "qemu_observation_failed", Message = "files or control socket of {instance} (pid {pid}) could not be looked after; its end is still noticed")]
    internal static partial void ObservationFailed(this ILogger logger, string instance, int pid, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, EventName = "log_cut", Message = "{path} of {instance} had grown too long; only its end was kept")]
    internal static partial void LogCut(this ILogger logger, string instance, string path);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "log_not_cut", Message = "{path} of {instance} can no longer be kept short: {reason}")]
    internal static partial void LogNotCut(this ILogger logger, string instance, string path, string reason);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "probe_not_remembered", Message = "the outcome of the kvm test could not be written to {path}, so it is repeated at the next start: {reason}")]
    internal static partial void ProbeNotRemembered(this ILogger logger, string path, string reason);
}
