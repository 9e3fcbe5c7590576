using Microsoft.Extensions.Logging;

namespace Qemu;

internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Debug, EventName = "qemu_started", Message = "qemu of {instance} runs as pid {pid}, control socket answered after {ms} ms")]
    internal static partial void Started(this ILogger logger, string instance, int pid, long ms);

    [LoggerMessage(Level = LogLevel.Information, EventName = "accelerator", Message = "qemu {version} uses {accelerator}")]
    internal static partial void AcceleratorChosen(this ILogger logger, string version, string accelerator);

    [LoggerMessage(Level = LogLevel.Warning, EventName = "probe_not_remembered", Message = "the outcome of the kvm test could not be written to {path}, so it is repeated at the next start: {reason}")]
    internal static partial void ProbeNotRemembered(this ILogger logger, string path, string reason);
}
